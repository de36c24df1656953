/*
 * The deepest kernel stack of each entry, for each kernel that was built: what
 * the outputs read. stack.c has the method.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/bounds/src.h"

/* A frame of the deepest path. */
struct stack_step {
	const char	*name;		/* function, or assembly's label */
	uint32_t	bytes;		/* its frame, return address included */
	struct src	at;		/* where it calls the next; line 0: the
					 * last, or assembly */
};

/*
 * An entry: a system call, a kernel thread, or the assembly that a trap, a
 * thread or a CPU begins in, which stands for all that it leads to.
 */
struct stack_entry {
	const char	*kernel;	/* "release", "debug" */
	const char	*name;		/* "sys_read", "syscall_entry" */
	const char	*kind;		/* "syscall", "thread", "stack", "ist",
					 * "nested" */
	uint32_t	bytes;		/* the path's frames */
	uint32_t	slack;		/* what inline assembly may push */
	uint32_t	irq;		/* the deepest interrupt on top, or 0 */
	uint32_t	limit;		/* the stack's size; 0: nested */
	const char	*stack;		/* as the fact names the size */
	const struct stack_step *path;	/* outermost first */
	int		npath;
};
extern struct stack_entry *stack_entry;
extern int stack_nentries;

static inline uint32_t
stack_total(const struct stack_entry *e)
{
	return e->bytes + e->slack + e->irq;
}

/*
 * --stack NAME=DIR: gcc's .ci files of kernel NAME stand in DIR, beside its
 * objects. False: not of that form. stack_analyse() does nothing without one.
 */
bool	stack_use(const char *name_and_dir);
/* A line for each entry, the fullest stack first; and what is left out. */
void	stack_print(FILE *out);
/* A line for each kernel: its fullest stack. */
void	stack_print_summary(FILE *out);
/* The path of an entry in each kernel, with or without sys_. -1: no entry has
 * that name. */
int	stack_print_why(FILE *out, const char *name);
