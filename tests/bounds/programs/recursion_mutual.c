/* expect: E-RECURSION */
/* Three functions in a ring. */
#include "tests/bounds/mini.h"

static void third(u64 n);

static void
first(u64 n)
{
	if (n != 0)
		third(n - 1);			/* line */
}

static void
second(u64 n)
{
	first(n);
}

static void
third(u64 n)
{
	use(frame_get(FRAME_KERNEL));
	second(n);
}

CALL(a)
{
	first(tf->rdi);
	return 0;
}

SYSCALLS = { ROW(a) };
