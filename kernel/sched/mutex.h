/*
 * Locks that sleep. The holder is admitted work, so sleeping on one keeps the
 * charge; a holder never waits in reserve_row().
 */
#pragma once

#include "kernel/lib/annot.h"
#include "kernel/sched/wait.h"

struct journal_handle;

/* a atomic; I immutable */
struct CAPABILITY("mutex") mutex {
	u64		owner;		/* [a] struct thread * | 1 if waiters */
	struct waitq	waiters;
	u8		class;		/* [I] enum lock_class */
};

void	mutex_init(struct mutex *m, enum lock_class cls);
void	mutex_lock_slow(struct mutex *m);
void	mutex_unlock_slow(struct mutex *m);
bool	mutex_is_held(const struct mutex *m);	/* by current */

/* The order's checks, in debug kernels: heldlocks.c. */
void	heldlocks_acquire(const void *lock, u8 cls);
void	heldlocks_release(const void *lock);
void	heldlocks_assert_none(void);

static inline void
lockdep_sleep_acquire(const void *lock, u8 cls)
{
	if (LOCKDEP_ON)
		heldlocks_acquire(lock, cls);
}

static inline void
lockdep_sleep_release(const void *lock)
{
	if (LOCKDEP_ON)
		heldlocks_release(lock);
}

/* Neither a spinlock nor a sleeping lock is held: reserve_row() may wait. */
static inline void
assert_holds_nothing(void)
{
	if (LOCKDEP_ON) {
		lockdep_assert_can_sleep();
		heldlocks_assert_none();
	}
}

static inline void
mutex_lock(struct mutex *m) ACQUIRES(*m) NO_THREAD_CHECK
{
	u64 none = 0;

	lockdep_sleep_acquire(m, m->class);
	if (unlikely(!__atomic_compare_exchange_n(&m->owner, &none,
	    (u64)x86_current, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
		mutex_lock_slow(m);
}

static inline void
mutex_unlock(struct mutex *m) RELEASES(*m) NO_THREAD_CHECK
{
	u64 me = (u64)x86_current;

	lockdep_sleep_release(m);
	if (unlikely(!__atomic_compare_exchange_n(&m->owner, &me, 0, false,
	    __ATOMIC_RELEASE, __ATOMIC_RELAXED)))
		mutex_unlock_slow(m);
}

/*
 * Current is in the midst of a change to a file system, which waits for no
 * memory: a held thing to lockdep and to the analyzer (kernel.facts), though no
 * lock. h is current's, with a journal or without.
 */
void	handle_enter(const struct journal_handle *h);
void	handle_leave(const struct journal_handle *h);

/* Many readers or one writer; a waiting writer stops new readers. */
struct CAPABILITY("rwlock") rwlock {
	u64		state;		/* [a] readers, or RW_WRITER; RW_WAIT */
	struct waitq	waiters;
	u8		class;		/* [I] enum lock_class */
};

void	rwlock_init(struct rwlock *l, enum lock_class cls);
void	rwlock_read_lock(struct rwlock *l) ACQUIRES_SHARED(*l);
void	rwlock_read_unlock(struct rwlock *l) RELEASES_SHARED(*l);
void	rwlock_write_lock(struct rwlock *l) ACQUIRES(*l);
void	rwlock_write_unlock(struct rwlock *l) RELEASES(*l);
