/* expect: E-SLEEP-ATOMIC */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* A function pointer called under a lock: one of its targets sleeps. */
#include "tests/bounds/context/context.h"

struct ops {
	void	(*flush)(void);
};
static struct spinlock lock;

static void
flush_memory(void)
{
	use(&lock);
}

static void
flush_disk(void)
{
	sleep_short();
}

static const struct ops ops[2] = { { flush_memory }, { flush_disk } };

CALL(a)
{
	spin_lock(&lock);
	ops[tf->rdi & 1].flush();		/* line */
	spin_unlock(&lock);
	ops[tf->rdi & 1].flush();
	return 0;
}

SYSCALLS = { ROW(a) };
