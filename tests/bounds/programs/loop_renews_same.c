/* expect: sys_a frame:2 */
/* reserve_renew(): the same row pays for one turn at a time. The level before
 * the loop and that of a turn do not add up. */
#include "tests/bounds/mini.h"

CALL(a)
{
	use(frame_get(FRAME_KERNEL));
	for (u64 i = 0; i < tf->rdi; i++) {
		if (reserve_renew() != 0)
			return -4;
		use(frame_get(FRAME_KERNEL));
		use(frame_get(FRAME_KERNEL));
	}
	return 0;
}

SYSCALLS = { ROW(a) };
