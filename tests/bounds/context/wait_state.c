/* expect: E-WAIT-CHARGED */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* The state says how long a sleep may be; it may be a parameter. */
#include "tests/bounds/context/context.h"

static void
wait_in(u32 state)
{
	set_state(state);			/* line */
	schedule();
	set_state(RUNNABLE);
}

CALL(a)
{
	use(frame_get(FRAME_KERNEL));
	wait_in(BLOCKED);
	wait_in(tf->rdi ? BLOCKED : KILLABLE);
	return 0;
}

SYSCALLS = { ROW(a) };
