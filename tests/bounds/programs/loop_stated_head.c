/* expect: sys_a frame:5 */
/* The condition is run once more than the body: 4 turns, 5 allocations. */
#include "tests/bounds/mini.h"

static bool
more(void)
{
	use(frame_get(FRAME_KERNEL));
	return rnd() != 0;
}

CALL(a)
{
	while_bound(4, more())
		use(NULL);
	return 0;
}

SYSCALLS = { ROW(a) };
