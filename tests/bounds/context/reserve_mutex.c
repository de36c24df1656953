/* expect: E-RESERVE-LOCKED */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* Under a lock that sleeps one may sleep, but not wait for memory. */
#include "tests/bounds/context/context.h"

static struct mutex mutex;
static struct rwlock names;

static int
refill(void)
{
	return reserve_renew();
}

CALL(a)
{
	int rc;

	mutex_lock(&mutex);
	sleep_short();
	rc = refill();				/* line */
	mutex_unlock(&mutex);
	if (rc != 0)
		return rc;
	rwlock_read_lock(&names);
	rc = reserve_renew();			/* line */
	rwlock_read_unlock(&names);
	return rc;
}

SYSCALLS = { ROW(a) };
