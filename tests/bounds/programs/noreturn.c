/* expect: sys_a frame:1 */
/* A way that ends in panic adds nothing to what follows. */
#include "tests/bounds/mini.h"

static noreturn void
die(void)
{
	for (;;)
		use(NULL);
}

CALL(a)
{
	if (tf->rdi) {
		use(frame_get(FRAME_KERNEL));
		panic("worn out");
	}
	if (tf->rdx) {
		use(frame_get(FRAME_KERNEL));
		die();
	}
	use(frame_get(FRAME_KERNEL));
	return 0;
}

SYSCALLS = { ROW(a) };
