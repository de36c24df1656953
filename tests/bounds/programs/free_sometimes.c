/* expect: sys_a vma:2 */
/* The callee gives it back, or keeps it: no credit. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);
static struct vma *kept;

static void
lose(struct vma *v)
{
	if (rnd())
		kept = v;
	else
		kmem_put(&vma_cache, v);
}

CALL(a)
{
	lose(kmem_get(&vma_cache));
	use(kmem_get(&vma_cache));
	return 0;
}

SYSCALLS = { ROW(a) };
