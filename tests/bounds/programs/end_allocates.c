/* expect: E-UNRESERVED */
/* After reserve_end() there is no promise. */
#include "tests/bounds/mini.h"

CALL(a)
{
	use(frame_get(FRAME_KERNEL));
	reserve_end();
	use(frame_get(FRAME_KERNEL));		/* line */
	return 0;
}

SYSCALLS = { ROW(a) };
