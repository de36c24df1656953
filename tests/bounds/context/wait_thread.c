/* expect: E-WAIT-CHARGED */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* A kernel thread gives back before it sleeps, but for one way. */
#include "tests/bounds/context/context.h"

static BOUND_ROW(turn);

static void
main_of_thread(void *arg)
{
	for (;;) {
		set_state(SLEEPING);		/* line */
		schedule();
		if (!reserve_try(&bound_turn))
			continue;
		use(frame_get(FRAME_KERNEL));
		if (rnd() == 3)
			continue;
		reserve_end();
	}
}

struct kthread thread = { main_of_thread, NULL };
CALL(a)
{
	return 0;
}

SYSCALLS = { ROW(a) };
