/* expect: E-LOOP */
/* A renewal that a turn may leave out bounds nothing. */
#include "tests/bounds/mini.h"

CALL(a)
{
	for (u64 i = 0; i < tf->rdi; i++) {	/* line */
		if ((i & 7) == 0 && reserve_renew() != 0)
			return -4;
		use(frame_get(FRAME_KERNEL));
	}
	return 0;
}

SYSCALLS = { ROW(a) };
