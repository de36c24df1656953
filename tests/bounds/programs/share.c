/* expect: E-SHARE */
/* A million frames to one call. */
#include "tests/bounds/mini.h"

BOUND_ROW(sys_a);

static long
call_a(const struct trapframe *tf)	/* line */
{
	for (u32 i = 0; i < 1000000; i++)
		use(frame_get(FRAME_KERNEL));
	return 0;
}

SYSCALLS = { ROW(a) };
