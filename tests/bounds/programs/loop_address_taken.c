/* expect: E-LOOP */
/* Whoever has its address may write the counter. */
#include "tests/bounds/mini.h"

CALL(a)
{
	for (int i = 0; i < 16; i++) {		/* line */
		use(frame_get(FRAME_KERNEL));
		use(&i);
	}
	return 0;
}

SYSCALLS = { ROW(a) };
