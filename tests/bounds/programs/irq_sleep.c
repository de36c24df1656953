/* expect: E-IRQ-SLEEP */
/* An interrupt handler that waits for a mutex, one call down. */
#include "tests/bounds/mini.h"

static struct mutex lock;

static void
update(void)
{
	mutex_lock(&lock);
	mutex_unlock(&lock);
}

static void
handler(void *arg)
{
	update();				/* line */
}

struct irq_line line = { handler, NULL };
CALL(none)
{
	return 0;
}

SYSCALLS = { ROW(none) };
