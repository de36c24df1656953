/* expect: sys_a frame:1; sys_b -; sys_c frame:1; c2 frame:1 */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* Sleeps that are short, hold no charge, or come after it was given back. */
#include "tests/bounds/context/context.h"

static BOUND_ROW(c2);

static void
wait_in(u32 state)
{
	set_state(state);
	schedule();
}

CALL(a)
{
	int rc;

	use(frame_get(FRAME_KERNEL));
	wait_in(BLOCKED);
	WAIT_RENEWED(rnd() == 0, rc);
	if (rc != 0)
		return rc;
	use(frame_get(FRAME_KERNEL));
	reserve_end();
	wait_in(SLEEPING);
	return 0;
}

/* Its row takes no frame, so there is no charge. */
CALL(b)
{
	wait_in(SLEEPING);
	return 0;
}

static int
fill(void)
{
	int rc = reserve_row(&bound_c2);

	if (rc != 0)
		return rc;
	use(frame_get(FRAME_KERNEL));
	reserve_end();
	return 0;
}

/* Killed: there is no charge either. */
CALL(c)
{
	int rc;

	use(frame_get(FRAME_KERNEL));
	reserve_end();
	rc = fill();
	wait_in(KILLABLE);
	return rc;
}

SYSCALLS = { ROW(a), ROW(b), ROW(c) };
