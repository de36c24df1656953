/*
 * Timers: a function called in interrupt context at a time.
 */
#pragma once

#include "kernel/lib/rbtree.h"
#include "kernel/lib/types.h"
#include "kernel/sched/clock.h"
#include "kernel/x86/clock.h"

/* I immutable; t the timer lock of CPU cpu */
struct timer {
	struct rb_node	node;		/* [t] */
	u64		deadline_ns;	/* [t] clock_now_ns() time */
	void		(*fn)(struct timer *t);	/* [I] interrupts off */
	u32		cpu;		/* [t] */
	bool		armed;		/* [t] */
	bool		moved;		/* [t] has changed CPUs */
};

void	timer_init(struct timer *t, void (*fn)(struct timer *));
/* Arm, or arm anew. Any context. */
void	timer_set(struct timer *t, u64 deadline_ns);
/* Disarm; false when it was not armed (has fired, or fires right now). */
bool	timer_cancel(struct timer *t);
/* The same, and wait until a running fn has ended. Not in interrupts. */
void	timer_cancel_sync(struct timer *t);
