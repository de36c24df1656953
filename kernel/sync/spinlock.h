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

struct CAPABILITY("spinlock") spinlock {
	u8	locked;			/* [a] */
#if defined(HARDTACK_DEBUG)
	u8	class;			/* [I] enum lock_class */
	u32	owner;			/* [a] cpu + 1, 0: none */
#endif
};

#if defined(HARDTACK_DEBUG)
#define SPINLOCK_INIT(cls)	{ .class = (cls) }
#else
#define SPINLOCK_INIT(cls)	{ .locked = 0 }
#endif

void	spin_wait(struct spinlock *l);	/* the contended path */
#if defined(HARDTACK_DEBUG)
void	lockdep_acquire(struct spinlock *l, bool try);
void	lockdep_release(struct spinlock *l);
#endif

static inline void
spin_init(struct spinlock *l, enum lock_class cls)
{
	*l = (struct spinlock)SPINLOCK_INIT(cls);
	(void)cls;
}

static inline void
spin_lock(struct spinlock *l) ACQUIRES(*l) NO_THREAD_CHECK
{
#if defined(HARDTACK_DEBUG)
	lockdep_acquire(l, false);
#endif
	counter_inc(lock_acquired);
	if (unlikely(__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE)))
		spin_wait(l);
}

static inline bool
spin_trylock(struct spinlock *l) ACQUIRES_TRY(true, *l) NO_THREAD_CHECK
{
	if (__atomic_exchange_n(&l->locked, 1, __ATOMIC_ACQUIRE))
		return false;
#if defined(HARDTACK_DEBUG)
	lockdep_acquire(l, true);
#endif
	return true;
}

static inline void
spin_unlock(struct spinlock *l) RELEASES(*l) NO_THREAD_CHECK
{
#if defined(HARDTACK_DEBUG)
	lockdep_release(l);
#endif
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

/* Panics in a debug kernel unless this CPU holds l. */
#if defined(HARDTACK_DEBUG)
void	assert_held(const struct spinlock *l);
void	assert_no_locks(void);		/* no spinlock held by this CPU */
#else
static inline void assert_held(const struct spinlock *l) { (void)l; }
static inline void assert_no_locks(void) { }
#endif
