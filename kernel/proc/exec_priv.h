/*
 * exec's parts: the image (exec_load.c), the stack (exec_stack.c), and the
 * change of identity (exec.c).
 */
#pragma once

#include "kernel/lib/elf.h"
#include "kernel/proc/proc_priv.h"

struct aspace;
struct file;

#define EXEC_SCRIPT_LEVELS	4
#define EXEC_SCRIPT_LINE	256	/* as Linux */
#define EXEC_PREFIX_MAX		(2 * EXEC_SCRIPT_LEVELS + 1)

/* One execve under way. It fits a frame; all fields are its caller's own. */
struct exec {
	const struct exec_path *path;	/* as execve was called */
	const struct exec_strings *strings;
	struct file	*file;		/* the program, or its interpreter */
	struct file	*interp;	/* PT_INTERP */
	struct aspace	*as;		/* task.building until committed */
	u64		bias, interp_base, entry;
	u64		first_rip;	/* entry, or the interpreter's */
	u64		vdso;
	/* #!: what comes before argv[1], in front of the rest. */
	u32		nprefix;
	const char	*prefix[EXEC_PREFIX_MAX];
	char		lines[EXEC_SCRIPT_LEVELS][EXEC_SCRIPT_LINE];
	u32		nlines;
	/* The stack, built from the top: page holds [page_at, + PAGE_SIZE). */
	u8		*page, *tmp;	/* frames */
	u64		page_at, sp, low_limit;
	u64		argc, envc;
	u64		args_at, env_at, execfn_at, random_at;
	/* Where the table goes next: tmp holds [table_at, ...). */
	u64		table_at;
	u32		table_n;
	/* Identity */
	u32		euid, egid;
	bool		secure;
	struct elf_info	elf;
	struct elf_info	interp_elf;
};
_Static_assert(sizeof(struct exec) <= 4096, "KMEM_MAX");

/*
 * exec_load.c: open path, follow scripts, check headers. It reserves for each
 * file that it opens; what is built before is exec_end()'s.
 */
int	exec_open(struct exec *e);
/* Map both images into e->as. */
int	exec_map(struct exec *e);
/* exec_stack.c: strings, pointers, auxiliary vector; *sp is where it ends. */
int	exec_stack(struct exec *e, u64 *sp);
