/* expect: E-RESERVE-LOCKED */
/* A mutex is held where a callee renews. */
#include "tests/bounds/mini.h"

static struct mutex lock;

static int
helper(void)
{
	return reserve_renew();
}

CALL(a)
{
	int err;

	mutex_lock(&lock);
	err = helper();				/* line */
	mutex_unlock(&lock);
	return err;
}

SYSCALLS = { ROW(a) };
