/* expect: E-LOOP-BOUND */
/* Four are stated, sixteen are certain. */
#include "tests/bounds/mini.h"

CALL(a)
{
	for (int i = 0; i < 16; i++) {
		LOOP_BOUND(4);			/* line */
		use(frame_get(FRAME_KERNEL));
	}
	return 0;
}

SYSCALLS = { ROW(a) };
