/* expect: E-LOOP */
/* The loop is here, the allocation two calls down. */
#include "tests/bounds/mini.h"

static void
take(void)
{
	use(frame_get(FRAME_KERNEL));
}

static void
step(u64 i)
{
	if (i & 1)
		take();
}

CALL(a)
{
	for (u64 i = 0; i < tf->rdi; i++)	/* line */
		step(i);
	return 0;
}

SYSCALLS = { ROW(a) };
