/* expect: sys_a frame:2 vma:3 */
/* What is taken one after another adds up, through calls too. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);

static void
take_two(void)
{
	use(kmem_get(&vma_cache));
	use(kmem_get_zero(&vma_cache));
}

CALL(a)
{
	use(frame_get(FRAME_KERNEL));
	take_two();
	use(frame_get_zero(FRAME_BUFFER));
	use(kmem_get(&vma_cache));
	return 0;
}

SYSCALLS = { ROW(a) };
