/*
 * Spinlocks.
 *
 * Kernel code is preempted only where it sleeps or says preempt_point(), so
 * taking a lock disables nothing. A lock that an interrupt handler takes too is
 * taken by spin_lock_irq(), which keeps interrupts off meanwhile.
 *
 * The lock is test-and-set with a backing-off read loop: in a virtual machine a
 * fair lock waits for CPUs that do not run. Data that many CPUs fight for is
 * kept per CPU instead.
 */
#pragma once

#include "kernel/lib/annot.h"
#include "kernel/lib/types.h"
#include "kernel/sync/lockorder.h"
#include "kernel/trace/counter.h"

/* a atomic; I immutable; l by the holder */
struct CAPABILITY("spinlock") spinlock {
	u8	locked;			/* [a] */
	u8	class;			/* [I] enum lock_class */
#if defined(HARDTACK_DEBUG)
	u8	usage;			/* [a] LOCKDEP_USED_*: contexts seen */
#endif
};

#define SPINLOCK_INIT(cls)	{ .class = (cls) }

void	spin_wait(struct spinlock *l);	/* the contended path */

/* Acquisitions (debug kernels only, else 0) and contended ones of a class. */
void	sync_lockstat(enum lock_class cls, u64 *acquired, u64 *contended);
const char *lock_class_name(enum lock_class cls);

/* The lock order's checks: lockdep.c. */
void	lockdep_acquire(struct spinlock *l, bool try);
void	lockdep_release(struct spinlock *l);
void	lockdep_assert_held(const struct spinlock *l);
void	lockdep_assert_no_locks(void);
void	lockdep_assert_can_sleep(void);

static inline void
spin_init(struct spinlock *l, enum lock_class cls)
{
	*l = (struct spinlock)SPINLOCK_INIT(cls);
}

static inline void
spin_lock(struct spinlock *l) ACQUIRES(*l) NO_THREAD_CHECK
{
	if (LOCKDEP_ON)
		lockdep_acquire(l, false);
	counter_inc(lock_acquired);
	if (unlikely(__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE)))
		spin_wait(l);
}

static inline bool
spin_trylock(struct spinlock *l) ACQUIRES_TRY(true, *l) NO_THREAD_CHECK
{
	if (__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE))
		return false;
	if (LOCKDEP_ON)
		lockdep_acquire(l, true);
	return true;
}

static inline void
spin_unlock(struct spinlock *l) RELEASES(*l) NO_THREAD_CHECK
{
	if (LOCKDEP_ON)
		lockdep_release(l);
	__atomic_store_n(&l->locked, 0, __ATOMIC_RELEASE);
}

/* With interrupts off on this CPU; returns the flags for spin_unlock_irq(). */
static inline nodiscard u64
spin_lock_irq(struct spinlock *l) ACQUIRES(*l) NO_THREAD_CHECK
{
	u64 flags;

	__asm__ volatile("pushf; pop %0; cli" : "=r"(flags) :: "memory");
	spin_lock(l);
	return flags;
}

static inline void
spin_unlock_irq(struct spinlock *l, u64 flags) RELEASES(*l) NO_THREAD_CHECK
{
	spin_unlock(l);
	if (flags & BIT(9))
		__asm__ volatile("sti" ::: "memory");
}

/*
 * Panics in a debug kernel: unless this CPU holds l; if it holds any spinlock;
 * if it may not sleep here (a spinlock held, an RCU read section, an interrupt
 * handler, interrupts off).
 */
static inline void
assert_held(const struct spinlock *l)
{
	if (LOCKDEP_ON)
		lockdep_assert_held(l);
}

static inline void
assert_no_locks(void)
{
	if (LOCKDEP_ON)
		lockdep_assert_no_locks();
}

static inline void
assert_can_sleep(void)
{
	if (LOCKDEP_ON)
		lockdep_assert_can_sleep();
}
