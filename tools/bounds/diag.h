/*
 * Messages like a compiler's, with stable codes:
 *
 *	fs/tmpfs/data.c:210: error: this loop allocates ... [E-LOOP]
 *		mend: state the most turns, for_bound(N, ...), or renew in each
 *		path: sys_write (...) -> tmpfs_write (fs/tmpfs/data.c:44) -> ...
 *
 * Each code, its meaning and how to mend it stand in one table (diag.c), which
 * docs/bounds.md shows and the tests walk.
 */
#pragma once

#include <stdio.h>

#include "tools/bounds/prog.h"

enum diag {
	E_RECURSION,	/* a cycle in the call graph */
	E_ICALL,	/* an indirect call of what is not seen */
	E_ICALL_TYPE,	/* a target's type does not fit the call */
	E_FPCAST,	/* a function pointer made of or cast to data */
	E_STRUCTCAST,	/* structures with function pointers are punned */
	E_FPCOPY,	/* memcpy hides function pointers */
	E_FPHIDE,	/* pointer to function pointer escapes */
	E_EXTERN,	/* a call to a function that has no source or fact */
	E_FACT,		/* a fact about what does not exist, or is malformed */
	E_IRREDUCIBLE,	/* goto into a loop */
	E_LOOP,		/* a loop grows and its turns are not known */
	E_LOOP_BOUND,	/* a stated bound is wrong: not constant, less than
			 * proven, or its marker is not on every turn */
	E_CLASS,	/* an allocation whose class is not constant */
	E_ROW,		/* a point of reservation whose row is not constant */
	E_UNRESERVED,	/* an allocation with no charge */
	E_SHARE,	/* a bound over the policy's share */
	E_RESERVE_LOCKED,	/* a lock is held where reserve() may wait */
	E_SLEEP_ATOMIC,	/* a sleep under a spinlock, preemption off... */
	E_IRQ_SLEEP,	/* a sleep in interrupt context */
	E_IRQ_ALLOC,	/* an allocation in interrupt context */
	E_COPY_LOCKED,	/* a user copy that may fault under a lock */
	E_LOCK_BALANCE,	/* paths disagree on what is held */
	E_WAIT_CHARGED,	/* an indefinite sleep that keeps the charge */
	E_STACK,	/* deeper than the stack */
	E_STACK_DYNAMIC,	/* a frame without a static size */
	E_STACK_DATA,	/* no stack data for a function */
	W_STACK_FRAME,	/* a frame over 1 KiB */
	W_LOOP_USELESS,	/* an annotation that nothing needs */
	W_TRUST,	/* an assumption worth a look */
	DIAG_COUNT
};

/* One step of a path that explains a message. */
struct diag_step {
	const struct fn	*fn;
	struct src	at;		/* where it calls the next */
};

void	diag_at(enum diag code, struct src at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A path under the last message, outermost first. */
void	diag_path(const struct diag_step *step, int n);

/* A message as it was given, for the outputs. */
struct diag_message {
	enum diag	code;
	struct src	at;
	const char	*text;
	const struct diag_step *step;	/* outermost first */
	int		nsteps;
	int		order;		/* in which they were found */
};
/* All messages so far, by file and line, as they are printed. */
const struct diag_message *diag_messages(int *n);

int	diag_errors(void);
int	diag_warnings(void);
const char *diag_code(enum diag code);	/* "E-LOOP" */
const char *diag_mend(enum diag code);	/* how to mend it */
void	diag_print_table(void);		/* codes, meanings, mends */
/* All messages, by file and line; main() calls it once, at the end. */
void	diag_print(FILE *out);
/*
 * "E-CODE", "E-CODE:file.c" or "E-CODE:file.c:function": such messages are
 * counted and not printed; for tests only. False: no such code.
 */
bool	diag_allow(const char *spec);
