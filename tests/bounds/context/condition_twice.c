/* expect: sys_a - */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* The same condition guards both ends; others between do not confuse. */
#include "tests/bounds/context/context.h"

static struct spinlock lock;

CALL(a)
{
	bool wanted = tf->rdi > 4 && tf->rsi == 7;
	u64 n = 0;

	if (wanted)
		spin_lock(&lock);
	for (u64 i = 0; i < tf->rdx; i++)
		n += rnd() & 1 ? i : 2;
	if (n > 100)
		use(&n);
	if (wanted)
		spin_unlock(&lock);
	sleep_short();
	return n;
}

SYSCALLS = { ROW(a) };
