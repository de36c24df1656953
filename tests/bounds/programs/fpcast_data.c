/* expect: E-FPCAST */
/* A function's address kept as a pointer to data. */
#include "tests/bounds/mini.h"

static void *saved;

static void
callback(void)
{
	use(frame_get(FRAME_KERNEL));
}

CALL(a)
{
	saved = (void *)callback;		/* line */
	return 0;
}

SYSCALLS = { ROW(a) };
