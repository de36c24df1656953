/* expect: sys_a frame:2; page frame:1 */
/* A loop paid by one row inside a branch. */
#include "tests/bounds/mini.h"

BOUND_ROW(page);

CALL(a)
{
	if (tf->rdi == 0) {
		use(frame_get(FRAME_KERNEL));
		use(frame_get(FRAME_KERNEL));
		return 0;
	}
	if (reserve_linear(&bound_sys_a, &bound_page, (u32)tf->rdi) != 0)
		return -4;
	for (u32 i = 0; i < (u32)tf->rdi; i++) {
		LOOP_PAID(&bound_page);
		if (rnd())
			use(frame_get(FRAME_KERNEL));
	}
	return 0;
}

SYSCALLS = { ROW(a) };
