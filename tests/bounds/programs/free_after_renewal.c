/* expect: sys_a vma:2 */
/* Taken in one segment, given back in the next: that one has no credit. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);

CALL(a)
{
	struct vma *v = kmem_get(&vma_cache);

	if (reserve_renew() != 0)
		return -4;
	use(kmem_get(&vma_cache));
	kmem_put(&vma_cache, v);
	use(kmem_get(&vma_cache));
	return 0;
}

SYSCALLS = { ROW(a) };
