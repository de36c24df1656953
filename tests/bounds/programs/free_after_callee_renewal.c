/* expect: sys_a vma:3 */
/* The callee renews and takes; what was taken before is no credit any more. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);

static void
renew_and_take(void)
{
	(void)reserve_renew();
	use(kmem_get(&vma_cache));
	use(kmem_get(&vma_cache));
}

CALL(a)
{
	struct vma *v = kmem_get(&vma_cache);

	renew_and_take();
	kmem_put(&vma_cache, v);
	use(kmem_get(&vma_cache));
	return 0;
}

SYSCALLS = { ROW(a) };
