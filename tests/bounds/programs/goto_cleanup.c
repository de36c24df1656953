/* expect: sys_a frame:2 vma:1 */
/* Clean-ups by goto give back what they undo, then take some more. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);

CALL(a)
{
	struct vma *v = kmem_get(&vma_cache);
	struct frame *f;

	if (rnd())
		goto out_vma;
	f = frame_get(FRAME_KERNEL);
	if (rnd())
		goto out_frame;
	use(frame_get(FRAME_KERNEL));
	return 0;
out_frame:
	frame_free(f);
out_vma:
	kmem_put(&vma_cache, v);
	use(kmem_get(&vma_cache));
	return -1;
}

SYSCALLS = { ROW(a) };
