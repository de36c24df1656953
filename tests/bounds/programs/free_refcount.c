/* expect: sys_a frame:2 */
/* frame_put() gives back only the last reference; others may hold one. */
#include "tests/bounds/mini.h"

static struct frame *shared;

CALL(a)
{
	struct frame *f = frame_get(FRAME_KERNEL);

	shared = f;
	__atomic_fetch_add(&f->refs, 1, __ATOMIC_RELAXED);
	frame_put(f);
	use(frame_get(FRAME_KERNEL));
	return 0;
}

SYSCALLS = { ROW(a) };
