/* expect: W-LOOP-USELESS */
/* A bound stated where nothing is taken. */
#include "tests/bounds/mini.h"

CALL(a)
{
	for (u64 i = 0; i < tf->rdi; i++) {	/* line */
		LOOP_BOUND(4);
		use(NULL);
	}
	return 0;
}

SYSCALLS = { ROW(a) };
