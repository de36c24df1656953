/* expect: sys_a frame:4 */
/* The callee renews the caller's row: its tail and the caller's add up, not
 * what was before. */
#include "tests/bounds/mini.h"

static int
renewing(void)
{
	use(frame_get(FRAME_KERNEL));
	if (reserve_renew() != 0)
		return -4;
	use(frame_get(FRAME_KERNEL));
	return 0;
}

CALL(a)
{
	use(frame_get(FRAME_KERNEL));
	use(frame_get(FRAME_KERNEL));
	if (renewing() != 0)			/* 3 before it renews */
		return -4;
	use(frame_get(FRAME_KERNEL));		/* 2 to 4 since */
	use(frame_get(FRAME_KERNEL));
	use(frame_get(FRAME_KERNEL));
	return 0;
}

SYSCALLS = { ROW(a) };
