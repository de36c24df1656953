/* expect: sys_a vma:2 */
/* The pointer that is freed is NULL where the object was kept: no credit. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);
static struct vma *kept;

CALL(a)
{
	struct vma *v = kmem_get(&vma_cache);

	if (rnd()) {
		kept = v;
		v = NULL;
	}
	if (v != NULL)
		kmem_put(&vma_cache, v);
	use(kmem_get(&vma_cache));
	return 0;
}

SYSCALLS = { ROW(a) };
