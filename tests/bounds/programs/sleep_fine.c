/* expect: sys_a - */
/* Sleeps after the lock is let go, or after a try that failed. */
#include "tests/bounds/mini.h"

static struct spinlock lock;
static struct mutex slow;

CALL(a)
{
	if (!spin_trylock(&lock)) {
		sleep_short();
		spin_lock(&lock);
	}
	spin_unlock(&lock);
	mutex_lock(&slow);
	sleep_short();
	mutex_unlock(&slow);
	return reserve_renew();
}

SYSCALLS = { ROW(a) };
