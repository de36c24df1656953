/*
 * Facts: what the analyzer is told about the kernel instead of deriving it:
 * the primitives (allocators, locks, sleeps, points of reservation), assembly,
 * and the roots. One small file, tools/bounds/kernel.facts, a line each:
 *
 *	ROLE NAME [key=value...]	# why
 *
 * where a line that begins with a blank goes on with the one above.
 * A static function of a header is all of its copies; NAME may be written
 * file.c:function where the name alone is ambiguous. A function has one fact;
 * roots come on top (fn.fact is a root only when there is no other). A root
 * with table= or slot= is named freely.
 *
 * A fact whose function does not exist is an error (E-FACT): facts cannot go
 * stale unseen. The list is the trusted base, and is printed on demand.
 */
#pragma once

#include <stddef.h>

#include "tools/bounds/prog.h"

enum role {
	ROLE_NONE,
	/* assembly: stack=BYTES of its own and calls=F,G (functions, or slots
	 * STRUCT.FIELD: whatever flows into them); faults=1: a fault in
	 * it is expected (user copies) */
	ROLE_ASM,
	/* Its body is trusted and not looked into: sleeps=0|1 irq=0|1 ...
	 * (a primitive below the analyses, or panic). stack=BYTES: in all;
	 * without, stack.c takes it as it is, or leaves it out if it does not
	 * return */
	ROLE_OPAQUE,
	/* allocators: class=frame, or class=cache arg=0 (a pointer to a struct
	 * kmem_cache), or class=buffer arg=0 (a constant size, kbuf_get) */
	ROLE_ALLOC,
	ROLE_FREE,		/* the same keys; obj=ARG */
	/* returns its argument arg=0 as another address of the same object */
	ROLE_IDENTITY,
	/* Locks. kind=spin|mutex|rwlock|rcu|preempt|irq (a list: spin,irq) */
	ROLE_LOCK,
	ROLE_TRYLOCK,		/* true: taken */
	ROLE_UNLOCK,
	/* Gives up the CPU: drops=ARG names a lock it lets go meanwhile;
	 * kind=long: perhaps for ever. state=ARG: does not sleep itself, but
	 * sets the state of the next sleep, for ever in those of long=N,N */
	ROLE_SLEEP,
	/* Points of reservation. kind=
	 *  row	arg=0: a segment of that row begins (reserve_row)
	 *  file arg=1: a segment of the row by the file's type (file_reserve)
	 *  renew	the segment begins anew, same row (reserve_renew)
	 *  drop	no charge from here on, till resume (renewal_begin)
	 *  resume	what was dropped is reserved anew (renewal_end)
	 *  end	no charge from here on (reserve_end)		  */
	ROLE_RESERVE,
	/* A user copy that may fault (and so renew) */
	ROLE_USERCOPY,
	/* Loop markers: kind=bound arg=0, kind=paid arg=0 */
	ROLE_MARKER,
	/* Roots: kind=syscall table=GLOBAL; kind=call|thread|irq|boot|trap,
	 * of a function, or slot=STRUCT.FIELD: whatever flows into it. Where a
	 * stack begins: kind=stack|ist stack=SIZE, kind=nested (stack.c).
	 * holds=irq: begins so, and ends it */
	ROLE_ROOT,
};

struct fact {
	enum role	role;
	const char	*name;
	const char	*file;		/* of the facts */
	unsigned	line;
	const char	*why;		/* the comment */
	struct {
		const char *key, *value;
	} *arg;
	int		nargs;
};

struct facts {
	struct fact	*fact;
	int		nfacts;
};
extern struct facts facts;

/* Read a file of facts; errors are reported, with the line. */
void	facts_read(const char *path);
/* Tie facts to functions (fn.fact); E-FACT for what does not exist. */
void	facts_bind(void);
/* After flow_resolve(): E-FACT for a root's slot that holds no function. */
void	facts_check_slots(void);
/* The value of a key, or def. */
const char *fact_get(const struct fact *f, const char *key, const char *def);
long	fact_num(const struct fact *f, const char *key, long def);
/* Whether the key's value, a list like "spin,irq", has that word. */
bool	fact_has(const struct fact *f, const char *key, const char *word);
static inline bool
fn_is(const struct fn *f, enum role r);
/* "alloc", as the facts spell it. */
const char *fact_role_name(enum role r);
/* Print the trusted base, for people. */
void	facts_print(void);

static inline bool
fn_is(const struct fn *f, enum role r)
{
	return f->fact != NULL && f->fact->role == r;
}
