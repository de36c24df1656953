/* expect: E-SLEEP-ATOMIC */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* A function that locks what its argument points to, two calls up. */
#include "tests/bounds/context/context.h"

struct inode {
	u32		mode;
	struct spinlock	lock;
};

static void
lock_it(struct spinlock *l)
{
	use(l);
	spin_lock(l);
}

static void
lock_that(struct spinlock *l)
{
	lock_it(l);
}

static void
flush(struct inode *i)
{
	i->mode = 1;
	sleep_short();
}

CALL(a)
{
	static struct inode root;
	struct inode *i = &root;

	lock_that(&i->lock);
	flush(i);				/* line */
	spin_unlock(&i->lock);
	return 0;
}

SYSCALLS = { ROW(a) };
