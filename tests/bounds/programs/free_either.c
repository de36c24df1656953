/* expect: sys_a vma:1..2 */
/* Each way gives it back, one of them in a callee. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);
static struct vma *kept;

static void
put(struct vma *v)
{
	kmem_put(&vma_cache, v);
}

CALL(a)
{
	struct vma *v = kmem_get(&vma_cache);

	if (rnd())
		put(v);
	else
		kmem_put(&vma_cache, v);
	kept = kmem_get(&vma_cache);
	return 0;
}

SYSCALLS = { ROW(a) };
