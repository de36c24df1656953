/* expect: E-LOCK-BALANCE */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* One way on to the next turn forgets the lock. */
#include "tests/bounds/context/context.h"

struct inode {
	struct spinlock	lock;
	u32		dead;
};

static void
walk(struct inode *i, u64 n)
{
	for (u64 k = 0; k < n; k++) {
		spin_lock(&i[k].lock);		/* line */
		if (i[k].dead)
			continue;
		spin_unlock(&i[k].lock);
	}
}

CALL(a)
{
	static struct inode table[8];

	walk(table, tf->rdi & 7);
	return 0;
}

SYSCALLS = { ROW(a) };
