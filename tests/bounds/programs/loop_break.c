/* expect: sys_a frame:6; sys_b frame:5 */
/* The last turn may take more than the others, and leave. */
#include "tests/bounds/mini.h"

CALL(a)
{
	for (int i = 0; i < 4; i++) {
		use(frame_get(FRAME_KERNEL));
		if (rnd()) {
			use(frame_get(FRAME_KERNEL));
			use(frame_get(FRAME_KERNEL));
			break;
		}
	}
	return 0;
}

/* Only one turn, the last, ever takes the two. */
CALL(b)
{
	for (int i = 0; i < 4; i++) {
		if (rnd())
			continue;
		use(frame_get(FRAME_KERNEL));
	}
	use(frame_get(FRAME_KERNEL));
	return 0;
}

SYSCALLS = { ROW(a), ROW(b) };
