/* expect: sys_a frame:2 */
/* WAIT_RENEWED: what is taken after the sleep is a segment of its own. */
#include "tests/bounds/mini.h"

CALL(a)
{
	int result;

	use(frame_get(FRAME_KERNEL));
	use(frame_get(FRAME_KERNEL));
	WAIT_RENEWED(rnd() != 0, result);
	if (result != 0)
		return result;
	use(frame_get(FRAME_KERNEL));
	return 0;
}

SYSCALLS = { ROW(a) };
