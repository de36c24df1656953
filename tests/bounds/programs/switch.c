/* expect: sys_a frame:3 */
/* Cases fall through: 0 takes one and goes on into 1. */
#include "tests/bounds/mini.h"

CALL(a)
{
	switch (tf->rdi) {
	case 0:
		use(frame_get(FRAME_KERNEL));
		/* fall through */
	case 1:
		use(frame_get(FRAME_KERNEL));
		break;
	case 2:
		return -1;
	default:
		break;
	}
	use(frame_get(FRAME_KERNEL));
	return 0;
}

SYSCALLS = { ROW(a) };
