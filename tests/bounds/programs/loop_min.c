/* expect: sys_a frame:20; sys_b frame:255 */
/* A limit that is cut to a constant, or that its type keeps small. */
#include "tests/bounds/mini.h"

CALL(a)
{
	u64 n = tf->rdi;

	if (n > 20)
		n = 20;

	for (u64 i = 0; i < n; i++)
		use(frame_get(FRAME_KERNEL));
	return 0;
}

CALL(b)
{
	u8 n = (u8)tf->rdi;

	for (u32 i = 0; i < n; i++)
		use(frame_get(FRAME_KERNEL));
	return 0;
}

SYSCALLS = { ROW(a), ROW(b) };
