/* expect: sys_a frame:1 vma:1; page frame:1 vma:2 */
/* Each turn draws on the promise of row "page", reserved n times. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);
BOUND_ROW(page);

CALL(a)
{
	u32 n = (u32)tf->rdi & 15;

	if (reserve_linear(&bound_sys_a, &bound_page, n) != 0)
		return -4;
	use(kmem_get(&vma_cache));
	for (u32 i = 0; i < n; i++) {
		LOOP_PAID(&bound_page);
		use(frame_get(FRAME_KERNEL));
		use(kmem_get(&vma_cache));
		use(kmem_get(&vma_cache));
	}
	use(frame_get(FRAME_KERNEL));
	return 0;
}

SYSCALLS = { ROW(a) };
