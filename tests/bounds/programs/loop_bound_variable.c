/* expect: E-LOOP-BOUND E-LOOP */
/* A bound that is no constant. */
#include "tests/bounds/mini.h"

CALL(a)
{
	for (u64 i = 0; i < tf->rdi; i++) {	/* line E-LOOP */
		LOOP_BOUND(tf->rdi);		/* line E-LOOP-BOUND */
		use(frame_get(FRAME_KERNEL));
	}
	return 0;
}

SYSCALLS = { ROW(a) };
