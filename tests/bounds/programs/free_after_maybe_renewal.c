/* expect: sys_a vma:2 */
/* The callee may have renewed meanwhile: no credit either. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);

static int
maybe(void)
{
	return rnd() ? reserve_renew() : 0;
}

CALL(a)
{
	struct vma *v = kmem_get(&vma_cache);

	if (maybe() != 0)
		return -4;
	kmem_put(&vma_cache, v);
	use(kmem_get(&vma_cache));
	use(kmem_get(&vma_cache));
	return 0;
}

SYSCALLS = { ROW(a) };
