/* expect: E-LOCK-BALANCE */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* What was only tried is released in any case. */
#include "tests/bounds/context/context.h"

static struct spinlock lock;

static void
attempt(void)					/* line */
{
	(void)spin_trylock(&lock);
	use(&lock);
	spin_unlock(&lock);
}

CALL(a)
{
	attempt();
	return 0;
}

SYSCALLS = { ROW(a) };
