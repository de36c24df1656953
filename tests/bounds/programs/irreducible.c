/* expect: E-IRREDUCIBLE */
/* A goto into the middle of a loop. */
#include "tests/bounds/mini.h"

CALL(a)
{
	u64 i = tf->rdi;

	if (i & 1)
		goto middle;
	while (i != 0) {
		i--;
		use(frame_get(FRAME_KERNEL));
middle:						/* line */
		use(NULL);
	}
	return 0;
}

SYSCALLS = { ROW(a) };
