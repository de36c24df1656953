/* expect: E-IRQ-ALLOC */
/* An interrupt handler that takes a frame, one call down. */
#include "tests/bounds/mini.h"

static void
refill(void)
{
	use(frame_get(FRAME_BUFFER));
}

static void
handler(void *arg)
{
	refill();				/* line */
}

struct irq_line line = { handler, NULL };
CALL(none)
{
	return 0;
}

SYSCALLS = { ROW(none) };
