/* expect: E-UNRESERVED */
/* A kernel thread begins with no promise. */
#include "tests/bounds/mini.h"

static void
sweep(void *arg)
{
	use(frame_get(FRAME_KERNEL));		/* line */
}

struct kthread sweeper = { sweep, NULL };
CALL(none)
{
	return 0;
}

SYSCALLS = { ROW(none) };
