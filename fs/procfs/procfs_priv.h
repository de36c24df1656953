/*
 * Between the files of fs/procfs.
 */
#pragma once

#include "fs/vfs/vfs.h"
#include "kernel/lib/types.h"

struct proc;
struct fdtable;
struct task;

/*
 * Text that a file's show function makes, of which the reader wants the window
 * [skip, skip + cap). All of it is made anew at each read; what lies outside of
 * the window is counted and dropped, so that a file of any length needs one
 * frame.
 *
 * The text may have changed between two reads, so a reader goes on by lines:
 * a window that is full ends with a whole line, and the file keeps a mark of
 * the line that its next byte begins. So no line is ever torn, though one may
 * be missed or seen twice; who reads elsewhere than where he left goes by
 * bytes.
 */
struct ptext {
	char	*buf;
	usize	cap, len;		/* bytes in buf */
	u64	skip;			/* bytes still to drop */
	u64	skip_lines;		/* lines to drop before these */
	bool	by_line;
};

/* Byte pos of the text is column col (12 bits) of line (20); 0: not known. */
typedef u64 pmark_t;

/* t begins at pos, where the last read left mark. */
void	pt_resume(struct ptext *t, pmark_t mark, u64 pos);
/* All is made: what of it the reader gets. */
void	pt_cut(struct ptext *t);
/* The mark behind n bytes of t->buf that were read from pos on. */
pmark_t	pt_mark(const struct ptext *t, pmark_t mark, u64 pos, usize n);

void	pt_add(struct ptext *t, const char *s, usize len);
void	pt_puts(struct ptext *t, const char *s);
void	pt_printf(struct ptext *t, const char *fmt, ...) printf_like(2, 3);
/* Nothing more will be seen: long listings may stop. */
static inline bool
pt_is_full(const struct ptext *t)
{
	return t->len == t->cap;
}

/* Whose file it is: the process (a reference is held) and the thread, or NULL
 * for files of the whole system. scratch: one frame of the call's own. */
struct pctx {
	struct proc	*proc;
	struct task	*task;
	char		*scratch;
};

struct pentry;

/* A name in a fixed directory. All [I]. */
struct pentry {
	const char	*name;
	u32		mode;		/* with its type */
	int	(*show)(struct ptext *t, struct pctx *c);
	/* A whole write of at most a frame less one, ended by NUL. */
	int	(*store)(struct pctx *c, const char *text, usize len);
	/* A link: its text, or where it leads at once. */
	isize	(*link)(struct pctx *c, char *buf, usize len);
	int	(*follow)(struct pctx *c, struct path *out);
	const struct pentry *children;	/* of a directory; ends without name */
};

enum pkind { PK_ENTRY, PK_ROOT, PK_PID, PK_FD_DIR, PK_FD, PK_TASK_DIR };

extern const struct pentry proc_root_entries[];	/* system.c */
extern const struct pentry proc_pid_entries[];	/* pid.c */
extern const struct pentry proc_pid_only_entries[]; /* not in task/TID */

/* The descriptor table of a live process with a reference, or NULL. */
struct fdtable *proc_fds_get(struct proc *p);
/* Without one, which may be the last to drop: for walks under RCU. */
bool	proc_has_fd(struct proc *p, u32 fd);

/* pci.c: /proc/bus/pci/devices */
int	show_pci_devices(struct ptext *t, struct pctx *c);

struct text_number {
	char	text[24];
};
struct text_number text_of_number(u64 n);

/* mounts.c: one line a mount, as the process sees them. */
int	show_mounts(struct ptext *t, struct pctx *c);
int	show_mountinfo(struct ptext *t, struct pctx *c);
/* mounts.c: one line a block device. */
int	show_diskstats(struct ptext *t, struct pctx *c);
int	show_partitions(struct ptext *t, struct pctx *c);
int	show_block(struct ptext *t, struct pctx *c);
