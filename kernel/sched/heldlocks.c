/*
 * The order of the locks that sleep, for debug kernels: each thread keeps the
 * ones it holds, and a new one must come after all of them (lockorder.h). See
 * kernel/sync/lockdep.c, which does the same for what spins.
 */
#include "kernel/lib/assert.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/thread.h"
#include "kernel/sync/lockdep.h"
#include "kernel/sync/spinlock.h"

void
heldlocks_acquire(const void *lock, u8 cls)
{
	struct held_sleeplocks *h = thread_held(current);

	assert_can_sleep();
	if (h == NULL)
		return;
	for (u32 i = 0; i < h->n; i++) {
		if (h->lock[i] == lock)
			lockdep_report("%s is taken twice",
			    lock_class_name(cls));
		else if (h->class[i] > cls || (h->class[i] == cls &&
		    !(lock_class_nests(cls) && h->lock[i] < lock)))
			lockdep_report("%s is taken under %s",
			    lock_class_name(cls), lock_class_name(h->class[i]));
	}
	if (h->n == THREAD_HELD_MAX) {
		lockdep_report("a thread holds too many locks");
		return;
	}
	h->lock[h->n] = lock;
	h->class[h->n++] = cls;
}

void
heldlocks_release(const void *lock)
{
	struct held_sleeplocks *h = thread_held(current);
	u32 i;

	if (h == NULL)
		return;
	for (i = h->n; i > 0 && h->lock[i - 1] != lock; i--)
		;
	if (i == 0) {
		lockdep_report("a lock is released that was not held");
		return;
	}
	for (; i < h->n; i++) {
		h->lock[i - 1] = h->lock[i];
		h->class[i - 1] = h->class[i];
	}
	h->n--;
}

void
heldlocks_assert_none(void)
{
	const struct held_sleeplocks *h = thread_held(current);

	if (h != NULL && h->n != 0)
		lockdep_report("%s is held where nothing may be",
		    lock_class_name(h->class[h->n - 1]));
}

void
handle_enter(const struct journal_handle *h)
{
	assert(h == &current->handle);
	lockdep_sleep_acquire(h, LOCK_JOURNAL);
}

void
handle_leave(const struct journal_handle *h)
{
	lockdep_sleep_release(h);
}
