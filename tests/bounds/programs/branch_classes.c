/* expect: sys_a frame:2 vma:3 pipe:1 */
/* Ways with different classes: the maximum of each class by itself. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
struct pipe { u64 head, tail; };
static KMEM_CACHE(vma_cache, "vma", struct vma);
static KMEM_CACHE(pipe_cache, "pipe", struct pipe);

CALL(a)
{
	if (tf->rdi) {
		use(kmem_get(&vma_cache));
		use(kmem_get(&vma_cache));
		use(frame_get(FRAME_KERNEL));
	} else {
		use(frame_get(FRAME_KERNEL));
		use(frame_get(FRAME_KERNEL));
		use(kmem_get(&pipe_cache));
	}
	use(kmem_get(&vma_cache));
	return 0;
}

SYSCALLS = { ROW(a) };
