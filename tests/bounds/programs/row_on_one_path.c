/* expect: sys_a frame:4; step frame:2 */
/* After the branch either row may be active: the rest counts for both. */
#include "tests/bounds/mini.h"

BOUND_ROW(step);

CALL(a)
{
	use(frame_get(FRAME_KERNEL));
	use(frame_get(FRAME_KERNEL));
	if (rnd() && reserve_row(&bound_step) != 0)
		return -4;
	use(frame_get(FRAME_KERNEL));
	use(frame_get(FRAME_KERNEL));
	return 0;
}

SYSCALLS = { ROW(a) };
