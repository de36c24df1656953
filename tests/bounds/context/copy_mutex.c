/* expect: E-COPY-LOCKED */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* A user copy two calls below a mutex; after it all is well. */
#include "tests/bounds/context/context.h"

static struct mutex mutex;

static int
load(u64 *to, u64 from)
{
	return copy_in(to, from, sizeof(*to));
}

CALL(a)
{
	u64 n;
	int rc;

	mutex_lock(&mutex);
	rc = load(&n, tf->rdi);			/* line */
	mutex_unlock(&mutex);
	return rc != 0 ? rc : load(&n, tf->rdi);
}

SYSCALLS = { ROW(a) };
