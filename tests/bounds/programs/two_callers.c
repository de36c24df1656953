/* expect: sys_a frame:2; sys_b frame:3 */
/* One callee, two rows: each has its own context. */
#include "tests/bounds/mini.h"

static void
shared(void)
{
	use(frame_get(FRAME_KERNEL));
}

CALL(a)
{
	use(frame_get(FRAME_KERNEL));
	shared();
	return 0;
}

CALL(b)
{
	use(frame_get(FRAME_KERNEL));
	use(frame_get(FRAME_KERNEL));
	shared();
	return 0;
}

SYSCALLS = { ROW(a), ROW(b) };
