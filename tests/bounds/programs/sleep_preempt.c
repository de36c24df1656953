/* expect: E-SLEEP-ATOMIC */
/* A sleep with preemption off. */
#include "tests/bounds/mini.h"

CALL(a)
{
	preempt_disable();
	sleep_short();				/* line */
	preempt_enable();
	return 0;
}

SYSCALLS = { ROW(a) };
