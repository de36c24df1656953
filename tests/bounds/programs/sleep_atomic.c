/* expect: E-SLEEP-ATOMIC */
/* A sleep under a spinlock, through a table of functions. */
#include "tests/bounds/mini.h"

struct ops {
	void	(*go)(void);
};
static struct spinlock lock;
static struct mutex slow;

static void
go(void)
{
	mutex_lock(&slow);
	mutex_unlock(&slow);
}

static const struct ops ops = { go };
static const struct ops *current_ops = &ops;

CALL(a)
{
	spin_lock(&lock);
	current_ops->go();			/* line */
	spin_unlock(&lock);
	return 0;
}

SYSCALLS = { ROW(a) };
