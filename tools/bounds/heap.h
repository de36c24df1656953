/*
 * The most frames each row of the table of bounds can need. heap.c has the
 * method; here is what the outputs read.
 *
 * A row is what a point of reservation names: a system call ("sys_pipe"), a
 * step of one ("pipe_write"), an operation by file type ("tmpfs.read"), a
 * fault, a turn of a kernel thread. Its need is a vector: frames taken singly,
 * and objects of each slab cache; in frames that is
 *	single + sum over classes of ceil(objects / objects to a frame).
 */
#pragma once

#include "tools/bounds/prog.h"

#define HEAP_CLASSES	96

/* class 0: single frames. Others: slab caches. */
struct heap_class {
	const char	*name;		/* as kmem_cache.name: "vma" */
	uint32_t	size;		/* bytes of an object */
	uint32_t	per_frame;	/* objects to a frame, release kernel */
};
extern struct heap_class heap_class[HEAP_CLASSES];
extern int heap_nclasses;

struct need {
	int32_t		n[HEAP_CLASSES];
};
uint32_t need_frames(const struct need *v);
uint64_t need_bytes(const struct need *v);

enum row_kind { ROW_SYSCALL, ROW_STEP, ROW_FILE_OP, ROW_ROOT };

struct row {
	const char	*name;		/* "sys_pipe", "pipe_write" */
	enum row_kind	kind;
	struct need	peak;
	uint32_t	frames;
	struct src	at;		/* where it is defined or begins */
	const char	*ops;		/* FILE_OP: "pipe_file_ops" */
	const char	*field;		/* FILE_OP: "read" */
};
extern struct row *heap_row;
extern int heap_nrows;
/* The row of a global struct bound, or element of an array of them; -1. */
int	heap_row_of(LLVMValueRef pointer);

/* Needs prog, facts, flow. */
void	heap_analyse(void);

/*
 * The costliest path of a row (or of a function, from its entry): events in
 * the order of the path, each with the stack of calls that leads to it.
 */
struct heap_event {
	int		cls;		/* heap_class */
	int64_t		count;		/* objects or frames; times turns */
	const struct call **stack;	/* outermost first */
	int		depth;
	int64_t		turns;		/* of all loops around */
};
struct heap_event *heap_why_row(const struct row *r, int *n);
struct heap_event *heap_why_fn(const struct fn *f, int *n);
/* Loops, for the report. */
struct heap_loops {
	int	total, allocating, constant, stated, paid;
};
void	heap_loops(struct heap_loops *out);
