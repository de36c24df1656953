/* expect: sys_a frame:8; sys_b vma:4 */
/* Functions passed as parameters, called in a loop of the callee. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);

static void
each_frame(void (*fn)(void *arg), void *arg)
{
	for (int i = 0; i < 4; i++)
		fn(arg);
}

static void
each_vma(void (*fn)(void *arg), void *arg)
{
	for (int i = 0; i < 4; i++)
		fn(arg);
}

static void
take_two(void *arg)
{
	use(frame_get(FRAME_KERNEL));
	use(frame_get(FRAME_KERNEL));
}

static void
take_vma(void *arg)
{
	use(kmem_get(&vma_cache));
}

CALL(a)
{
	each_frame(take_two, NULL);
	return 0;
}

CALL(b)
{
	each_vma(take_vma, NULL);
	return 0;
}

SYSCALLS = { ROW(a), ROW(b) };
