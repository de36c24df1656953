/* expect: E-SLEEP-ATOMIC */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* RCU sections, interrupts off, preemption off: none may sleep. */
#include "tests/bounds/context/context.h"

CALL(a)
{
	u64 flags;

	rcu_read_lock();
	sleep_short();				/* line */
	rcu_read_unlock();
	flags = irq_save();
	schedule();				/* line */
	irq_restore(flags);
	preempt_disable();
	sleep_short();				/* line */
	preempt_enable();
	schedule();
	return 0;
}

SYSCALLS = { ROW(a) };
