/* expect: E-LOCK-BALANCE */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* A call releases what nobody took. */
#include "tests/bounds/context/context.h"

static struct spinlock lock;

static void
end(void)
{
	spin_unlock(&lock);
}

CALL(a)						/* line */
{
	end();
	return 0;
}

SYSCALLS = { ROW(a) };
