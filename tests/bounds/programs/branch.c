/* expect: sys_a frame:3 */
/* The dearer way counts, and what follows adds to either. */
#include "tests/bounds/mini.h"

CALL(a)
{
	if (tf->rdi) {
		use(frame_get(FRAME_KERNEL));
	} else {
		use(frame_get(FRAME_KERNEL));
		use(frame_get(FRAME_KERNEL));
	}
	use(frame_get(FRAME_KERNEL));
	return 0;
}

SYSCALLS = { ROW(a) };
