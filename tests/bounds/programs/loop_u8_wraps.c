/* expect: E-LOOP */
/* Looks constant, never ends: a u8 is always below 256. */
#include "tests/bounds/mini.h"

CALL(a)
{
	for (u8 i = 0; i < 256; i++)		/* line */
		use(frame_get(FRAME_KERNEL));
	return 0;
}

SYSCALLS = { ROW(a) };
