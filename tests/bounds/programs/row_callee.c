/* expect: sys_a frame:2; step frame:3 */
/* A row begun in the callee goes on in the caller. */
#include "tests/bounds/mini.h"

BOUND_ROW(step);

static int
begin(void)
{
	use(frame_get(FRAME_KERNEL));
	if (reserve_row(&bound_step) != 0)
		return -4;
	use(frame_get(FRAME_KERNEL));
	return 0;
}

CALL(a)
{
	use(frame_get(FRAME_KERNEL));
	if (begin() != 0)
		return -4;
	use(frame_get(FRAME_KERNEL));
	use(frame_get(FRAME_KERNEL));
	return 0;
}

SYSCALLS = { ROW(a) };
