/*
 * Wait queues.
 *
 * A waiter is on the queue with a function that the waker calls under the
 * queue's lock; the usual one wakes the waiter's thread. Poll and epoll have
 * functions of their own.
 *
 * Sleeping here keeps the thread's charge: only for sleeps that admitted or
 * standing-funded work ends. Other waits use kernel/vm/reserve.h's
 * wait_renewed().
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include "kernel/sched/sched.h"
#include "kernel/sync/spinlock.h"

struct waitq {
	struct spinlock	lock;
	struct list	waiters;	/* [lock] exclusive ones at the end */
};

struct waiter {
	struct list	node;		/* [waitq.lock] */
	struct thread	*thread;	/* [I] */
	/* Called with waitq.lock held. True: counts against the number to wake
	 * (an exclusive waiter took the event). */
	bool		(*wake)(struct waiter *w, u32 events);
	bool		exclusive;	/* [I] */
	bool		woken;		/* [a] */
};

#define WAITQ_INIT(name)	{ SPINLOCK_INIT(LOCK_WAITQ), \
	{ &(name).waiters, &(name).waiters } }

void	waitq_init(struct waitq *q);
static inline bool
waitq_is_empty(const struct waitq *q)
{
	return READ_ONCE(q->waiters.next) == &q->waiters;
}

/* The default: takes w off the queue, wakes its thread; w may be gone then. */
bool	waiter_wake_thread(struct waiter *w, u32 events);

void	waiter_init(struct waiter *w, bool exclusive);	/* for current */
/* Put w on q (if it is not) and set current's state to sleep. */
void	wait_prepare(struct waitq *q, struct waiter *w, u32 state);
/* Take w off q and make current runnable. A woken exclusive waiter that does
 * not use its event must then wake another (wait_finish returns woken). */
bool	wait_finish(struct waitq *q, struct waiter *w);

void	waitq_add(struct waitq *q, struct waiter *w);	/* poll: no state */
void	waitq_remove(struct waitq *q, struct waiter *w);

/* Wake all non-exclusive waiters and one (or n) exclusive ones. events: POLL*
 * bits for poll waiters, 0 otherwise. Full barrier before looking at the queue,
 * so that a condition set before is seen by who prepares to wait. */
void	waitq_wake(struct waitq *q, u32 events);
void	waitq_wake_sync(struct waitq *q, u32 events);
void	waitq_wake_all(struct waitq *q, u32 events);

/*
 * Sleep, keeping the charge, until cond is true: for events that admitted work
 * brings about. Not interruptible.
 */
#define WAIT_EVENT(q, cond) do {					\
	if (cond)							\
		break;							\
	struct waiter w_;						\
	waiter_init(&w_, false);					\
	for (;;) {							\
		wait_prepare((q), &w_, THREAD_BLOCKED);			\
		if (cond)						\
			break;						\
		schedule();						\
		if (cond)						\
			break;						\
	}								\
	(void)wait_finish((q), &w_);					\
} while (0)
