/* expect: sys_a - */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* A path that does not return owes nothing. */
#include "tests/bounds/context/context.h"

static struct spinlock lock;

static void
check(u64 n)
{
	if (n > 7)
		panic("more than seven");
}

CALL(a)
{
	spin_lock(&lock);
	if (tf->rsi == 3)
		panic("three");
	check(tf->rdi);
	spin_unlock(&lock);
	return 0;
}

SYSCALLS = { ROW(a) };
