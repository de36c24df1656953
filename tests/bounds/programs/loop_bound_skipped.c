/* expect: E-LOOP-BOUND E-LOOP */
/* A marker that not every turn passes. */
#include "tests/bounds/mini.h"

CALL(a)
{
	for (u64 i = 0; i < tf->rdi; i++) {	/* line E-LOOP */
		if (i & 1)
			LOOP_BOUND(4);		/* line E-LOOP-BOUND */
		use(frame_get(FRAME_KERNEL));
	}
	return 0;
}

SYSCALLS = { ROW(a) };
