/* expect: sys_a vma:3 */
/* The wrapper renews after it took: its object belongs to no segment now. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);

static struct vma *
vma_stale(void)
{
	struct vma *v = kmem_get(&vma_cache);

	(void)reserve_renew();
	return v;
}

CALL(a)
{
	struct vma *v = vma_stale();

	use(kmem_get(&vma_cache));
	use(kmem_get(&vma_cache));
	kmem_put(&vma_cache, v);
	use(kmem_get(&vma_cache));
	return 0;
}

SYSCALLS = { ROW(a) };
