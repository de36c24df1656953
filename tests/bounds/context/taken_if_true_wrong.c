/* expect: E-SLEEP-ATOMIC E-LOCK-BALANCE */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* The caller takes "true" for "not locked". */
#include "tests/bounds/context/context.h"

static struct spinlock lock;
static u32 dead;

static bool
begin(void)
{
	spin_lock(&lock);
	if (!dead)
		return true;
	spin_unlock(&lock);
	return false;
}

CALL(a)						/* line E-LOCK-BALANCE */
{
	if (begin()) {
		sleep_short();			/* line E-SLEEP-ATOMIC */
		return 0;
	}
	spin_unlock(&lock);
	return 0;
}

SYSCALLS = { ROW(a) };
