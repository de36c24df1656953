/* expect: sys_a vma:2 */
/* One of two is taken; only one of them is ever given back. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);
static struct vma *kept;

CALL(a)
{
	struct vma *p = NULL, *q = NULL;

	if (tf->rdi)
		p = kmem_get(&vma_cache);
	else
		q = kmem_get(&vma_cache);
	kept = q;
	if (p != NULL)
		kmem_put(&vma_cache, p);
	use(kmem_get(&vma_cache));
	return 0;
}

SYSCALLS = { ROW(a) };
