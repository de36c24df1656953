/* expect: sys_a frame:1; sys_b vma:1; sys_c frame:1 */
/* Given back before the next is taken. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);

CALL(a)
{
	struct frame *f = frame_get(FRAME_KERNEL);

	use(f);
	frame_free(f);
	use(frame_get(FRAME_KERNEL));
	return 0;
}

CALL(b)
{
	struct vma *v = kmem_get(&vma_cache);
	struct vma *w;

	kmem_put(&vma_cache, v);
	w = kmem_get(&vma_cache);
	use(w);
	kmem_put(&vma_cache, w);
	return 0;
}

/* Nobody else can have a reference. */
CALL(c)
{
	struct frame *f = frame_get(FRAME_KERNEL);

	use(frame_virt(f));
	frame_put(f);
	use(frame_get(FRAME_KERNEL));
	return 0;
}

SYSCALLS = { ROW(a), ROW(b), ROW(c) };
