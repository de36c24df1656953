/* expect: sys_a frame:16; sys_b frame:5; sys_c frame:12 */
/* Stated bounds; what is before the marker may run once more. */
#include "tests/bounds/mini.h"

CALL(a)
{
	for_bound(16, u64 i = 0; i < tf->rdi; i++)
		use(frame_get(FRAME_KERNEL));
	return 0;
}

CALL(b)
{
	u64 n = tf->rdi;

	while_bound(5, n != 0) {
		n = rnd();
		use(frame_get(FRAME_KERNEL));
	}
	return 0;
}

CALL(c)
{
	u64 n = tf->rdi;

	while (n--) {
		LOOP_BOUND(4);
		for (int i = 0; i < 3; i++)
			use(frame_get(FRAME_KERNEL));
	}
	return 0;
}

SYSCALLS = { ROW(a), ROW(b), ROW(c) };
