/* expect: sys_a -; sys_b - */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* Functions that hold a lock if they say so: by a bool, a pointer, an error. */
#include "tests/bounds/context/context.h"

struct inode {
	struct spinlock	lock;
	u32		dead;
};

static bool
inode_lock(struct inode *i)
{
	spin_lock(&i->lock);
	if (!i->dead)
		return true;
	spin_unlock(&i->lock);
	return false;
}

static struct inode *
inode_find(struct inode *i)
{
	return inode_lock(i) ? i : NULL;
}

static int
inode_begin(struct inode *i)
{
	struct inode *found = inode_find(i);

	if (found == NULL)
		return -5;
	found->dead = 1;
	return 0;
}

static struct inode root;

CALL(a)
{
	int rc = inode_begin(&root);

	if (rc < 0) {
		sleep_short();
		return rc;
	}
	spin_unlock(&root.lock);
	sleep_short();
	return 0;
}

CALL(b)
{
	struct inode *i;

	while ((i = inode_find(&root)) == NULL)
		sleep_short();
	spin_unlock(&i->lock);
	sleep_short();
	return 0;
}

SYSCALLS = { ROW(a), ROW(b) };
