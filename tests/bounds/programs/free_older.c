/* expect: sys_a vma:2 */
/* What is given back was not taken in this call: no credit. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);
static struct vma *kept;

CALL(a)
{
	use(kmem_get(&vma_cache));
	kmem_put(&vma_cache, kept);
	kept = kmem_get(&vma_cache);
	return 0;
}

SYSCALLS = { ROW(a) };
