/*
 * What context.c (the flow through a function), summary.c (what a call of a
 * function means), contextroot.c and contextmsg.c (messages, lists) share.
 */
#pragma once

#include "tools/bounds/lockid.h"
#include "tools/bounds/prog.h"
#include "tools/bounds/values.h"

/* Kinds of locks; a set where several are wanted. */
enum {
	KIND_SPIN	= 1 << 0,
	KIND_MUTEX	= 1 << 1,
	KIND_RWLOCK	= 1 << 2,
	KIND_RCU	= 1 << 3,
	KIND_PREEMPT	= 1 << 4,
	KIND_IRQ	= 1 << 5,
	KIND_SET	= 1 << 6,	/* as many as a loop had turns */
};
#define KINDS_ATOMIC	(KIND_SPIN | KIND_RCU | KIND_PREEMPT | KIND_IRQ)
#define KINDS_ALL	(KINDS_ATOMIC | KIND_MUTEX | KIND_RWLOCK)

#define HELD_MAX	12	/* different locks at once */
#define COUNT_MAX	4	/* of one: more is a loop that takes it */
#define PARAMS_MAX	8	/* whose values tell outcomes apart */
#define RELS_MAX	4

/* A lock, and how many more of it are held than when the function began. */
struct held {
	int		lock, kind;
	int		n;
	const struct call *at;		/* that took it; not compared */
};

/* In order of lock and kind; no n is 0. */
struct holding {
	struct held	h[HELD_MAX];
	int		n;
};

/* Whether the thread has a charge: one of these, or a set. */
enum {
	CHARGE_ENTRY	= 1 << 0,	/* as it was on entry */
	CHARGE_YES	= 1 << 1,
	CHARGE_NO	= 1 << 2,
};

/* What a function may do that is not allowed everywhere. */
enum event_kind {
	EV_RESERVE,		/* wait in reserve() */
	EV_SLEEP,
	EV_WAIT,		/* sleep for as long as may be */
	EV_ALLOC,
	EV_COPY,		/* fault at a user copy */
	EV_COUNT
};

struct event {
	enum event_kind	kind;
	/* What of its caller's locks it lets go first: counts below 0. */
	struct holding	drops;
	const struct call *at;		/* the call that leads there, */
	const struct fn	*target;	/* to this function, */
	const struct event *next;	/* to this; NULL: the primitive */
	/* Only when the function's parameters are among these. */
	vset		guard[PARAMS_MAX];
	/* EV_WAIT: only if this parameter, a thread's state, is in
	 * long_states; -1: always. */
	int		state_arg;
	vset		long_states;
};

/* One way of returning: by parameters and result, what has changed. */
struct outcome {
	struct holding	delta;
	unsigned	charge;
	vset		result;
	vset		param[PARAMS_MAX];
	struct {
		enum vrel	rel;
		int		a, b;		/* parameters */
		bool		truth;
	} rel[RELS_MAX];
	int		nrels;
};

enum charge_op { CHARGE_KEEP, CHARGE_DROP, CHARGE_RESUME };

/* What a call of the function means. No outcome: it does not return. */
struct summary {
	struct outcome	*outcome;
	int		noutcomes;
	struct event	**event;
	int		nevents;
	enum charge_op	charge_op;	/* of primitives */
};

/* ---- summary.c ---- */

bool	holding_equal(const struct holding *a, const struct holding *b);
/* Add n of a lock. False: more locks than can be kept. */
bool	holding_add(struct holding *h, int lock, int kind, int n,
	    const struct call *at);
const struct held *holding_find(const struct holding *h, int lock, int kind);

/* Of a primitive, by its fact; NULL: its body says it. */
struct summary *summary_of_fact(const struct fn *f);
/* The kinds of locks that a key of a fact lists. */
int	kinds_of_fact(const struct fact *fact, const char *key);
/* For functions of which nothing is known: nothing happens. */
struct summary *summary_neutral(void);
struct summary *summary_of(const struct fn *f);
/* One more event, unless there is one that says it. */
void	summary_add_event(struct summary *s, const struct event *e);
/* The facts at a return, as an outcome; two of one delta become one. */
void	outcome_fill(struct outcome *o, const struct fn *f,
	    const struct vfacts *k, LLVMValueRef result);
void	outcome_join(struct outcome *o, const struct outcome *other);
/* Whether a caller can tell the two apart. */
bool	outcome_differs(const struct outcome *a, const struct outcome *b);
/* The outcome at a call: false if it cannot be what happens. */
bool	outcome_assume(const struct outcome *o, const struct call *c,
	    struct vfacts *k);

/* ---- contextroot.c ---- */

/* Before functions are looked at: which are in a table of system calls. */
void	roots_note_calls(void);
bool	roots_has_call(const struct fn *f);
void	roots_check(void);

/* ---- contextmsg.c ---- */

/* At call c, with target's event e, while lock h is held. */
void	msg_held(const struct call *c, const struct fn *target,
	    const struct event *e, const struct held *h);
/* An indefinite sleep with a charge, once for each sleep. */
void	msg_charged(const struct call *c, const struct fn *target,
	    const struct event *e);
void	msg_irq(const struct fn *root, const struct event *e);
/* Two ways to return that callers cannot tell apart. */
void	msg_unbalanced(const struct fn *f, const struct outcome *a,
	    const struct outcome *b);
void	msg_root(const struct fn *root, const struct held *h);
void	msg_grows(const struct fn *f, const struct held *h);
void	msg_too_many(const struct fn *f);
/* For context_print(). */
void	msg_note_taken(int lock, int kind, const struct call *at);
