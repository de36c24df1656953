/* expect: E-STACK W-STACK-FRAME */
/* facts: ../mini.facts facts/stack.facts */
/* args: --stack release=STACK */
/* Frames of 1.5 and 3 KiB, one in the other, on a stack of 4 KiB. */
#include "tests/bounds/mini.h"

static __attribute__((noinline)) void
inner(u64 i)				/* line W-STACK-FRAME */
{
	volatile char big[3000];

	big[i & 2047] = 0;
	use((const void *)big);
}

CALL(a)					/* line W-STACK-FRAME */
{
	volatile char big[1500];

	big[tf->rdi & 1023] = 0;
	inner(tf->rdi);
	use((const void *)big);
	return 0;
}

SYSCALLS = { ROW(a) };
