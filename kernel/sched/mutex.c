/*
 * Mutexes that sleep.
 *
 * owner is the holder, with bit 0 set while threads wait; 1 alone means free
 * with waiters, so that the fast paths, which expect 0 and the bare holder,
 * both come here.
 *
 * A mutex that becomes free goes to whoever asks first, usually a thread that
 * is running, for a lock handed to a sleeper stays idle until that wakes up.
 * But a waiter that was woken in vain once is given it by hand when it is the
 * first in line: nobody loses it more than once after reaching the front.
 *
 * A contender spins for a little while the holder runs on another CPU: most
 * holders are done sooner than a sleep and a wake-up take.
 *
 * Lock: m->waiters.lock guards the line and bit 0.
 */
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/list.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/cpu.h"

#define WAITERS		1ul
#define SPIN_TURNS	400

/* l waiters.lock; o its thread */
struct mutex_waiter {
	struct list	node;		/* [l] */
	struct thread	*thread;	/* [I] */
	bool		in_vain;	/* [l] woken, and too late */
	bool		given;		/* [l] the mutex is its */
};

void
mutex_init(struct mutex *m, enum lock_class cls)
{
	m->owner = 0;
	waitq_init(&m->waiters);
	m->class = (u8)cls;
}

bool
mutex_is_held(const struct mutex *m)
{
	return (READ_ONCE(m->owner) & ~WAITERS) == (u64)current;
}

static inline bool
try_take(struct mutex *m)
{
	u64 o = READ_ONCE(m->owner);

	return (o & ~WAITERS) == 0 &&
	    atomic_try_cmpxchg(&m->owner, &o, o | (u64)current);
}

/* Spin while the holder runs. The thread is kept in memory by RCU. */
static bool
spin_for(struct mutex *m)
{
	for (u32 i = 0; ncpus > 1 && i < SPIN_TURNS; i++) {
		u64 o = READ_ONCE(m->owner);
		const struct thread *holder = (struct thread *)(o & ~WAITERS);

		if (holder == NULL) {
			if (try_take(m))
				return true;
			continue;
		}
		if (o & WAITERS || !READ_ONCE(holder->on_cpu) ||
		    READ_ONCE(current->x86.work) & WORK_RESCHED)
			return false;
		cpu_pause();
	}
	return false;
}

/* Take the mutex if it is free, else leave the mark that somebody waits. */
static bool
take_or_mark_locked(struct mutex *m)
{
	u64 o = READ_ONCE(m->owner);

	for (;;) {
		u64 want = o & ~WAITERS ? o | WAITERS :
		    (u64)current | WAITERS;

		if (atomic_try_cmpxchg(&m->owner, &o, want))
			return (o & ~WAITERS) == 0;
	}
}

void
mutex_lock_slow(struct mutex *m)
{
	struct mutex_waiter w = { .thread = current };
	u64 irq;

	assert(!mutex_is_held(m));
	assert_can_sleep();
	if (spin_for(m))
		return;
	current->wait_what = lock_class_name(m->class);
	irq = spin_lock_irq(&m->waiters.lock);
	list_push_back(&m->waiters.waiters, &w.node);
	while (!w.given && !take_or_mark_locked(m)) {
		sched_set_state(THREAD_BLOCKED);
		spin_unlock_irq(&m->waiters.lock, irq);
		schedule();
		irq = spin_lock_irq(&m->waiters.lock);
		w.in_vain = true;
	}
	WRITE_ONCE(current->state, THREAD_RUNNABLE);
	list_remove(&w.node);
	if (list_is_empty(&m->waiters.waiters))
		atomic_and(&m->owner, ~WAITERS);
	spin_unlock_irq(&m->waiters.lock, irq);
	current->wait_what = NULL;
	assert(mutex_is_held(m));
}

void
mutex_unlock_slow(struct mutex *m)
{
	struct mutex_waiter *w;
	u64 irq = spin_lock_irq(&m->waiters.lock);

	assert(mutex_is_held(m));
	w = list_first(&m->waiters.waiters, struct mutex_waiter, node);
	if (w == NULL) {
		atomic_store_release(&m->owner, 0ul);
	} else if (w->in_vain) {
		w->given = true;
		atomic_store_release(&m->owner, (u64)w->thread | WAITERS);
	} else {
		atomic_store_release(&m->owner, WAITERS);
	}
	if (w != NULL)
		(void)sched_wake(w->thread);
	spin_unlock_irq(&m->waiters.lock, irq);
}
