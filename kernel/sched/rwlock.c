/*
 * Locks for many readers or one writer, which sleep.
 *
 * state counts the readers, or is RW_WRITER. RW_WAIT is set while the line is
 * not empty: then nobody new gets in, so that while it is set the count only
 * falls, and who brings it to zero passes the lock on. It is passed by hand:
 * to the writer at the head of the line, or to all readers before the next
 * writer. So neither kind starves the other.
 *
 * Lock: l->waiters.lock guards the line and RW_WAIT.
 */
#include "kernel/lib/annot.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/list.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"

#define RW_WRITER	BIT(63)
#define RW_WAIT		BIT(62)

/* l waiters.lock */
struct rw_waiter {
	struct list	node;		/* [l] */
	struct thread	*thread;	/* [I] */
	bool		writes;		/* [I] */
	bool		given;		/* [l] */
};

void
rwlock_init(struct rwlock *l, enum lock_class cls)
{
	l->state = 0;
	waitq_init(&l->waiters);
	l->class = (u8)cls;
}

/* The first in line gets the lock: it may be gone as soon as it is told. */
static void
give_first_locked(struct rwlock *l)
{
	struct rw_waiter *w =
	    list_first(&l->waiters.waiters, struct rw_waiter, node);
	struct thread *t = w->thread;

	list_remove(&w->node);
	w->given = true;
	(void)sched_wake(t);
}

/* Pass the lock, if it is free, to the head of the line. */
static void
grant_locked(struct rwlock *l)
{
	struct rw_waiter *w;
	u64 state = 0;

	if ((READ_ONCE(l->state) & ~RW_WAIT) != 0 ||
	    list_is_empty(&l->waiters.waiters))
		return;
	/* RW_WAIT is set and nobody is in: only we change state. */
	while ((w = list_first(&l->waiters.waiters, struct rw_waiter,
	    node)) != NULL) {
		if (w->writes && state != 0)
			break;
		state += w->writes ? RW_WRITER : 1;
		give_first_locked(l);
		if (state == RW_WRITER)
			break;
	}
	if (!list_is_empty(&l->waiters.waiters))
		state |= RW_WAIT;
	atomic_store_release(&l->state, state);
}

/* Stand in line, and sleep until the lock is given. */
static void
wait_in_line(struct rwlock *l, bool writes)
{
	struct rw_waiter w = { .thread = current, .writes = writes };
	u64 irq;

	assert_can_sleep();
	current->wait_what = lock_class_name(l->class);
	irq = spin_lock_irq(&l->waiters.lock);
	list_push_back(&l->waiters.waiters, &w.node);
	atomic_or(&l->state, RW_WAIT);
	grant_locked(l);	/* it may have been let go just before */
	while (!w.given) {
		sched_set_state(THREAD_BLOCKED);
		spin_unlock_irq(&l->waiters.lock, irq);
		schedule();
		irq = spin_lock_irq(&l->waiters.lock);
	}
	WRITE_ONCE(current->state, THREAD_RUNNABLE);
	spin_unlock_irq(&l->waiters.lock, irq);
	current->wait_what = NULL;
}

static void
pass_on(struct rwlock *l)
{
	u64 irq = spin_lock_irq(&l->waiters.lock);

	grant_locked(l);
	spin_unlock_irq(&l->waiters.lock, irq);
}

void
rwlock_read_lock(struct rwlock *l) NO_THREAD_CHECK
{
	u64 state = READ_ONCE(l->state);

	lockdep_sleep_acquire(l, l->class);
	do {
		if (state & (RW_WRITER | RW_WAIT)) {
			wait_in_line(l, false);
			return;
		}
	} while (!atomic_try_cmpxchg(&l->state, &state, state + 1));
}

void
rwlock_read_unlock(struct rwlock *l) NO_THREAD_CHECK
{
	lockdep_sleep_release(l);
	assert(READ_ONCE(l->state) & ~(RW_WRITER | RW_WAIT));
	if (atomic_sub_return(&l->state, 1) == RW_WAIT)
		pass_on(l);
}

void
rwlock_write_lock(struct rwlock *l) NO_THREAD_CHECK
{
	u64 none = 0;

	lockdep_sleep_acquire(l, l->class);
	if (!atomic_try_cmpxchg(&l->state, &none, RW_WRITER))
		wait_in_line(l, true);
}

void
rwlock_write_unlock(struct rwlock *l) NO_THREAD_CHECK
{
	lockdep_sleep_release(l);
	assert(READ_ONCE(l->state) & RW_WRITER);
	if (atomic_fetch_and(&l->state, ~RW_WRITER) & RW_WAIT)
		pass_on(l);
}
