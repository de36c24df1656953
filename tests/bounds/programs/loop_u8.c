/* expect: sys_a frame:67; sys_b frame:25 */
/* Counters are simulated at their own width. */
#include "tests/bounds/mini.h"

CALL(a)
{
	for (u8 i = 0; i < 200; i += 3)
		use(frame_get(FRAME_KERNEL));
	return 0;
}

/* 10 is followed by 246: down to 6 it goes once more. */
CALL(b)
{
	for (u8 i = 250; i >= 10; i -= 20)
		use(frame_get(FRAME_KERNEL));
	return 0;
}

SYSCALLS = { ROW(a), ROW(b) };
