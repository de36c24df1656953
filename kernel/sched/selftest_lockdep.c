/*
 * Self-tests of the lock checks: each rule is broken once, on purpose, and must
 * be reported. Only debug kernels check.
 */
#include "kernel/lib/annot.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"
#include "kernel/sync/irq.h"
#include "kernel/sync/lockdep.h"
#include "kernel/sync/rcu.h"
#include "kernel/sync/spinlock.h"
#include "kernel/trace/selftest.h"
#include "kernel/x86/cpu.h"

static struct spinlock upper = SPINLOCK_INIT(LOCK_UPPER);
static struct spinlock leaf = SPINLOCK_INIT(LOCK_LEAF);
static struct spinlock nested[2] = {
	SPINLOCK_INIT(LOCK_POLL), SPINLOCK_INIT(LOCK_POLL),
};
static struct mutex first, second;

/* Lock a, then b, and count the reports. */
static u32
reports_of_nesting(struct spinlock *a, struct spinlock *b) NO_THREAD_CHECK
{
	u32 n;

	spin_lock(a);
	lockdep_expect();
	spin_lock(b);
	spin_unlock(b);
	n = lockdep_expected();
	spin_unlock(a);
	return n;
}

SELFTEST(lockdep_checks_the_order)
{
	CHECK(reports_of_nesting(&upper, &leaf) == 0);
	CHECK(reports_of_nesting(&leaf, &upper) == LOCKDEP_ON);
	CHECK(reports_of_nesting(&nested[0], &nested[1]) == 0);
	CHECK(reports_of_nesting(&nested[1], &nested[0]) == LOCKDEP_ON);
	lockdep_expect();
	if (LOCKDEP_ON)
		lockdep_release(&leaf);
	lockdep_assert_held(&upper);
	CHECK(lockdep_expected() == 1 + LOCKDEP_ON);
}

SELFTEST(lockdep_checks_interrupts)
{
	static struct spinlock shared = SPINLOCK_INIT(LOCK_LEAF);
	u64 irq;

	lockdep_expect();
	irq = cpu_irq_save();
	irq_enter();
	spin_lock(&shared);		/* as a handler would */
	spin_unlock(&shared);
	irq_exit();
	cpu_irq_restore(irq);
	irq = spin_lock_irq(&shared);
	spin_unlock_irq(&shared, irq);
	CHECK(lockdep_expected() == 0);
	lockdep_expect();
	spin_lock(&shared);		/* what the handler would wait for */
	spin_unlock(&shared);
	CHECK(lockdep_expected() == LOCKDEP_ON);
}

SELFTEST(lockdep_checks_sleeping)
{
	spin_lock(&leaf);
	lockdep_expect();
	assert_can_sleep();
	CHECK(lockdep_expected() == LOCKDEP_ON);
	spin_unlock(&leaf);

	rcu_read_lock();
	lockdep_expect();
	assert_can_sleep();
	CHECK(lockdep_expected() == LOCKDEP_ON);
	rcu_read_unlock();

	lockdep_expect();
	assert_can_sleep();
	CHECK(lockdep_expected() == 0);
}

SELFTEST(lockdep_checks_mutexes)
{
	mutex_init(&first, LOCK_TTY_MUTEX);
	mutex_init(&second, LOCK_ASPACE);
	mutex_lock(&first);
	mutex_lock(&second);
	lockdep_expect();
	assert_holds_nothing();
	CHECK(lockdep_expected() == LOCKDEP_ON);
	mutex_unlock(&first);		/* not in reverse order: allowed */
	lockdep_expect();
	mutex_lock(&first);
	CHECK(lockdep_expected() == LOCKDEP_ON);
	mutex_unlock(&first);
	mutex_unlock(&second);
	lockdep_expect();
	assert_holds_nothing();
	CHECK(lockdep_expected() == 0);
}
