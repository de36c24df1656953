/* expect: E-SLEEP-ATOMIC */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* Whether a function sleeps is its parameter's to say. */
#include "tests/bounds/context/context.h"

enum way { BY_REF, BY_RCU };

static void
step(enum way way)
{
	if (way == BY_REF)
		sleep_short();
	use(NULL);
}

static void
walk(enum way way, u64 n)
{
	for (u64 i = 0; i < n; i++) {
		step(way);
		if (rnd() == 1)
			break;
	}
}

CALL(a)
{
	rcu_read_lock();
	walk(BY_RCU, tf->rdi);
	rcu_read_unlock();
	walk(BY_REF, tf->rdi);
	rcu_read_lock();
	walk(BY_REF, tf->rdi);			/* line */
	rcu_read_unlock();
	return 0;
}

SYSCALLS = { ROW(a) };
