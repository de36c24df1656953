/* expect: E-WAIT-CHARGED */
/* Sleeps until somebody writes, perhaps for ever, with its promise. */
#include "tests/bounds/mini.h"

CALL(a)
{
	use(frame_get(FRAME_KERNEL));
	while (rnd() == 0)
		sleep_long();			/* line */
	return 0;
}

SYSCALLS = { ROW(a) };
