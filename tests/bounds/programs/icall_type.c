/* expect: E-ICALL-TYPE */
/* A union's member is called with another type than was stored. */
#include "tests/bounds/mini.h"

static union {
	void	(*small)(u32 n);
	long	(*large)(u64 a, u64 b);
} hook;

static void
small(u32 n)
{
	use(frame_get(FRAME_KERNEL));
}

CALL(a)
{
	hook.small = small;
	return hook.large(1, 2);		/* line */
}

SYSCALLS = { ROW(a) };
