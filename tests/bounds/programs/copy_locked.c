/* expect: E-COPY-LOCKED */
/* A user copy that may fault, under a mutex. */
#include "tests/bounds/mini.h"

static struct mutex lock;
static u64 value;

CALL(a)
{
	int err;

	mutex_lock(&lock);
	err = copy_in(&value, tf->rdi, sizeof(value));	/* line */
	mutex_unlock(&lock);
	return err;
}

SYSCALLS = { ROW(a) };
