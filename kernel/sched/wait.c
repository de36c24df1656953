/*
 * Wait queues.
 *
 * A waiter is woken by taking it off the queue and then waking its thread. So
 * one that finds itself off the queue has nothing to lock on its way out, and
 * an exclusive waiter is chosen for one event only. The order is what makes
 * that safe: everything in the waiter is read before its node is made to point
 * at itself, which is the last write to it; from then on the waiter, which
 * stands on its thread's stack, may be gone. The thread itself stays in memory
 * for a grace period (thread_init()), and the waker is an RCU reader.
 *
 * Lock: waitq.lock, interrupts off, since interrupts wake. Before runq.lock.
 */
#include "kernel/lib/annot.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/sched/sched_priv.h"
#include "kernel/sched/timer.h"
#include "kernel/sched/wait.h"
#include "kernel/x86/cpu.h"

#define WAKE_BATCH	8

void
waitq_init(struct waitq *q)
{
	spin_init(&q->lock, LOCK_WAITQ);
	list_init(&q->waiters);
}

/* Off the queue; w may be gone as soon as its next pointer is written. */
static inline void
detach(struct waiter *w)
{
	struct list *next = w->node.next, *prev = w->node.prev;

	next->prev = prev;
	prev->next = next;
	WRITE_ONCE(w->woken, true);
	w->node.prev = &w->node;
	atomic_store_release(&w->node.next, &w->node);
}

bool
waiter_wake_thread(struct waiter *w, u32 events)
{
	struct thread *t = w->thread;
	bool exclusive = w->exclusive;

	(void)events;
	detach(w);
	(void)sched_wake_quick(t, 0);	/* wake_many() had the barrier */
	return exclusive;
}

/*
 * Threads off their queue and not yet woken. They are woken when the queue is
 * unlocked again, so that a fast one does not come to find it locked.
 */
struct wake_list {
	u32		n;
	u32		flags;
	struct thread	*thread[WAKE_BATCH];
};

/* Most waiters have the usual function: spare the indirect call. */
static inline bool
wake_one(struct waiter *w, u32 events, struct wake_list *list)
{
	struct thread *t = w->thread;
	bool exclusive = w->exclusive;

	if (unlikely(w->wake != waiter_wake_thread))
		return w->wake(w, events);
	detach(w);
	if (likely(list->n < WAKE_BATCH))
		list->thread[list->n++] = t;
	else
		(void)sched_wake_quick(t, list->flags);
	return exclusive;
}

void
waiter_init(struct waiter *w, bool exclusive)
{
	list_init(&w->node);
	w->thread = current;
	w->wake = waiter_wake_thread;
	w->exclusive = exclusive;
	w->woken = false;
}

static inline void
add_locked(struct waitq *q, struct waiter *w)
{
	if (w->exclusive)
		list_push_back(&q->waiters, &w->node);
	else
		list_push_front(&q->waiters, &w->node);
}

void
wait_prepare(struct waitq *q, struct waiter *w, u32 state)
{
	u64 irq = spin_lock_irq(&q->lock);

	w->woken = false;
	if (list_is_empty(&w->node))
		add_locked(q, w);
	sched_set_state(state);
	spin_unlock_irq(&q->lock, irq);
}

bool
wait_finish(struct waitq *q, struct waiter *w)
{
	WRITE_ONCE(current->state, THREAD_RUNNABLE);
	if (atomic_load_acquire(&w->node.next) != &w->node) {
		u64 irq = spin_lock_irq(&q->lock);

		list_remove(&w->node);
		spin_unlock_irq(&q->lock, irq);
	}
	return READ_ONCE(w->woken);
}

void
waitq_add(struct waitq *q, struct waiter *w)
{
	u64 irq = spin_lock_irq(&q->lock);

	add_locked(q, w);
	spin_unlock_irq(&q->lock, irq);
}

void
waitq_remove(struct waitq *q, struct waiter *w)
{
	u64 irq = spin_lock_irq(&q->lock);

	list_remove(&w->node);
	spin_unlock_irq(&q->lock, irq);
}

static void
wake_many(struct waitq *q, u32 events, u32 nexclusive, u32 flags)
{
	struct wake_list list;
	struct waiter *w, *next;
	u64 irq = spin_lock_irq(&q->lock);

	list.n = 0;
	list.flags = flags;
	list_for_each_safe(w, next, &q->waiters, node)
		if (wake_one(w, events, &list) && --nexclusive == 0)
			break;
	spin_unlock(&q->lock);
	for (u32 i = 0; i < list.n; i++)
		(void)sched_wake_quick(list.thread[i], flags);
	cpu_irq_restore(irq);
}

/* The event comes before the look at the queue. */
static inline bool
nobody_waits(const struct waitq *q)
{
	smp_mb();
	return waitq_is_empty(q);
}

void
waitq_wake(struct waitq *q, u32 events)
{
	if (!nobody_waits(q))
		wake_many(q, events, 1, 0);
}

void
waitq_wake_sync(struct waitq *q, u32 events)
{
	if (!nobody_waits(q))
		wake_many(q, events, 1, WAKE_SYNC);
}

void
waitq_wake_all(struct waitq *q, u32 events)
{
	if (!nobody_waits(q))
		wake_many(q, events, ~0u, 0);
}

/* A sleep with a deadline. */
struct alarm_clock {
	struct timer	timer;
	struct thread	*thread;	/* [I] */
};

static void
alarm_rings(struct timer *t)
{
	(void)sched_wake(CONTAINER_OF(t, struct alarm_clock, timer)->thread);
}

bool
schedule_until(u64 deadline_ns)
{
	struct alarm_clock a;

	if (deadline_ns == CLOCK_NEVER) {
		schedule();
		return true;
	}
	a.thread = current;
	timer_init(&a.timer, alarm_rings);
	timer_set(&a.timer, deadline_ns);
	schedule();
	timer_cancel_sync(&a.timer);
	WRITE_ONCE(current->state, THREAD_RUNNABLE);
	return clock_now_ns() < deadline_ns;
}

void
sched_sleep_until(u64 deadline_ns)
{
	do {
		sched_set_state(THREAD_BLOCKED);
	} while (schedule_until(deadline_ns));
}

void
sched_sleep_ns(u64 ns)
{
	sched_sleep_until(clock_now_ns() + ns);
}
