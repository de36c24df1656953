/* expect: E-LOCK-BALANCE */
/* An early return forgets the lock. */
#include "tests/bounds/mini.h"

static struct spinlock lock;

CALL(a)
{
	spin_lock(&lock);			/* line */
	if (tf->rdi)
		return -1;
	spin_unlock(&lock);
	return 0;
}

SYSCALLS = { ROW(a) };
