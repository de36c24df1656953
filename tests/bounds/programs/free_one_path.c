/* expect: sys_a vma:2 */
/* Given back on one way only: the other still holds it. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);

CALL(a)
{
	struct vma *v = kmem_get(&vma_cache);

	if (rnd())
		kmem_put(&vma_cache, v);
	use(kmem_get(&vma_cache));
	return 0;
}

SYSCALLS = { ROW(a) };
