/* expect: sys_a - */
/* facts: ../mini.facts facts/stack_fits.facts */
/* args: --stack release=STACK */
/* The same depth, one call after the other: it fits. */
#include "tests/bounds/mini.h"

static __attribute__((noinline)) void
one(u64 i)
{
	volatile char big[1000];

	big[i & 511] = 0;
	use((const void *)big);
}

static __attribute__((noinline)) void
two(u64 i)
{
	volatile char big[900];

	big[i & 511] = 0;
	use((const void *)big);
}

CALL(a)
{
	one(tf->rdi);
	two(tf->rdi);
	return 0;
}

SYSCALLS = { ROW(a) };
