/* expect: E-LOOP */
/* As many turns as the user says. */
#include "tests/bounds/mini.h"

CALL(a)
{
	for (u64 i = 0; i < tf->rdi; i++)	/* line */
		use(frame_get(FRAME_KERNEL));
	return 0;
}

SYSCALLS = { ROW(a) };
