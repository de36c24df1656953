/* expect: sys_a - */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* A parameter says whether the lock is wanted; each caller means the same. */
#include "tests/bounds/context/context.h"

static struct spinlock lock;

static void
maybe_lock(bool wanted)
{
	if (wanted)
		spin_lock(&lock);
}

static void
maybe_unlock(bool wanted)
{
	if (wanted)
		spin_unlock(&lock);
}

CALL(a)
{
	bool wanted = tf->rdi != 0;

	maybe_lock(true);
	maybe_unlock(true);
	sleep_short();
	maybe_lock(false);
	sleep_short();
	maybe_lock(wanted);
	maybe_unlock(wanted);
	sleep_short();
	return 0;
}

SYSCALLS = { ROW(a) };
