/* expect: E-UNRESERVED */
/* An allocation while the charge is dropped, in a callee. */
#include "tests/bounds/mini.h"

static bool
ready(void)
{
	use(frame_get(FRAME_KERNEL));
	return rnd() != 0;
}

CALL(a)
{
	struct renewal r = renewal_begin();

	if (!ready())				/* line */
		sleep_long();
	return renewal_end(r);
}

SYSCALLS = { ROW(a) };
