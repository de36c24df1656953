/* expect: sys_a frame:3 */
/* Renewed in the middle of a turn: the end of one turn and the beginning of
 * the next are one segment. */
#include "tests/bounds/mini.h"

CALL(a)
{
	for (u64 i = 0; i < tf->rdi; i++) {
		use(frame_get(FRAME_KERNEL));
		if (reserve_renew() != 0)
			return -4;
		use(frame_get(FRAME_KERNEL));
		use(frame_get(FRAME_KERNEL));
	}
	return 0;
}

SYSCALLS = { ROW(a) };
