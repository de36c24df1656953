/* expect: sys_a frame:3; step vma:2 */
/* Each turn begins a segment: any number of turns, one turn's need. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);
BOUND_ROW(step);

CALL(a)
{
	use(frame_get(FRAME_KERNEL));
	use(frame_get(FRAME_KERNEL));
	use(frame_get(FRAME_KERNEL));
	for (u64 i = 0; i < tf->rdi; i++) {
		if (reserve_row(&bound_step) != 0)
			return -4;
		use(kmem_get(&vma_cache));
		use(kmem_get(&vma_cache));
	}
	return 0;
}

SYSCALLS = { ROW(a) };
