/* expect: E-SLEEP-ATOMIC */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* A callee lets its caller's lock go to sleep; once, another is held too. */
#include "tests/bounds/context/context.h"

struct inode {
	struct spinlock	lock;
};
static struct inode root;
static struct spinlock other;

static void
wait_unlocked(struct inode *i)
{
	spin_unlock(&i->lock);
	sleep_short();
	spin_lock(&i->lock);
}

CALL(a)
{
	spin_lock(&root.lock);
	wait_unlocked(&root);
	spin_unlock(&root.lock);
	spin_lock(&other);
	spin_lock(&root.lock);
	wait_unlocked(&root);			/* line */
	spin_unlock(&root.lock);
	spin_unlock(&other);
	return 0;
}

SYSCALLS = { ROW(a) };
