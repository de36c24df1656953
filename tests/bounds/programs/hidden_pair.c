/* expect: E-LOOP E-UNRESERVED */
/* Two findings in one program: neither hides the other. */
#include "tests/bounds/mini.h"

CALL(a)
{
	for (u64 i = 0; i < tf->rdi; i++)	/* line E-LOOP */
		use(frame_get(FRAME_KERNEL));
	return 0;
}

CALL(b)
{
	reserve_end();
	use(frame_get(FRAME_KERNEL));		/* line E-UNRESERVED */
	return 0;
}

SYSCALLS = { ROW(a), ROW(b) };
