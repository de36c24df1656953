/* expect: E-LOOP */
/* The counter has a second writer that can turn it back. */
#include "tests/bounds/mini.h"

CALL(a)
{
	for (int i = 0; i < 16; i++) {		/* line */
		use(frame_get(FRAME_KERNEL));
		if (rnd())
			i--;
	}
	return 0;
}

SYSCALLS = { ROW(a) };
