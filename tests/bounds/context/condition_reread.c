/* expect: E-LOCK-BALANCE */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* The condition is read from memory twice, and may have changed. */
#include "tests/bounds/context/context.h"

static struct spinlock lock;
static u32 wanted;

static void
work(void)					/* line */
{
	if (wanted)
		spin_lock(&lock);
	use(&wanted);
	if (wanted)
		spin_unlock(&lock);
}

CALL(a)
{
	work();
	return 0;
}

SYSCALLS = { ROW(a) };
