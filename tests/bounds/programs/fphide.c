/* expect: E-FPHIDE */
/* The address of a function pointer goes where it cannot be followed. */
#include "tests/bounds/mini.h"

static void *hidden;
static void (*hook)(void);

static void
callback(void)
{
	use(frame_get(FRAME_KERNEL));
}

CALL(a)
{
	hook = callback;
	hidden = &hook;				/* line */
	hook();
	return 0;
}

SYSCALLS = { ROW(a) };
