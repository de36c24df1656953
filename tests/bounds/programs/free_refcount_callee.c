/* expect: sys_a frame:2; sys_b frame:2 */
/* A callee may have taken a reference: of the frame, or by its address. */
#include "tests/bounds/mini.h"

static struct frame *shared;

static void
share(struct frame *f)
{
	__atomic_fetch_add(&f->refs, 1, __ATOMIC_RELAXED);
	shared = f;
}

static void
share_page(void *page)
{
	share(frame_of_virt(page));
}

CALL(a)
{
	struct frame *f = frame_get(FRAME_KERNEL);

	share(f);
	frame_put(f);
	use(frame_get(FRAME_KERNEL));
	return 0;
}

CALL(b)
{
	struct frame *f = frame_get(FRAME_KERNEL);

	share_page(frame_virt(f));
	frame_put(f);
	use(frame_get(FRAME_KERNEL));
	return 0;
}

SYSCALLS = { ROW(a), ROW(b) };
