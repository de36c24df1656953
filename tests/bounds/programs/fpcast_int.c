/* expect: E-FPCAST */
/* A function's address kept as a number. */
#include "tests/bounds/mini.h"

static u64 saved;

static void
callback(void)
{
	use(frame_get(FRAME_KERNEL));
}

CALL(a)
{
	saved = (u64)callback;			/* line */
	return 0;
}

SYSCALLS = { ROW(a) };
