/* expect: sys_a -; sys_b - */
/* A call that takes nothing needs nothing; a debt is no credit. */
#include "tests/bounds/mini.h"

static struct frame *kept;

CALL(a)
{
	return (long)rnd();
}

CALL(b)
{
	if (kept != NULL)
		frame_put(kept);
	kept = NULL;
	return 0;
}

SYSCALLS = { ROW(a), ROW(b) };
