/* expect: sys_a frame:3 vma:2; sys_b frame:100 */
/* An indirect call: the maximum over what may stand in the field. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);

struct clock_ops {
	void	(*tick)(u64 now);
	void	(*stop)(void);
};

static void
tick_cheap(u64 now)
{
	use(frame_get(FRAME_KERNEL));
}

static void
tick_dear(u64 now)
{
	use(frame_get(FRAME_KERNEL));
	use(frame_get(FRAME_KERNEL));
}

static void
tick_other(u64 now)
{
	use(kmem_get(&vma_cache));
	use(kmem_get(&vma_cache));
}

/* In another field: is not called through tick. */
static void
stop_dearest(void)
{
	for (int i = 0; i < 100; i++)
		use(frame_get(FRAME_KERNEL));
}

static const struct clock_ops cheap = { tick_cheap, stop_dearest };
static const struct clock_ops dear = { tick_dear, NULL };
static struct clock_ops other;
static const struct clock_ops *clock;

CALL(a)
{
	other.tick = tick_other;
	clock = rnd() ? &cheap : rnd() ? &dear : &other;
	use(frame_get(FRAME_KERNEL));
	clock->tick(tf->rdi);
	return 0;
}

CALL(b)
{
	if (clock != NULL)
		clock->stop();
	return 0;
}

SYSCALLS = { ROW(a), ROW(b) };
