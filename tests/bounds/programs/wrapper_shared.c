/* expect: sys_a vma:2..3 */
/* The wrapper may return an old object: giving it back earns nothing. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);
static struct vma *kept;

static struct vma *
vma_find(void)
{
	struct vma *v = kept;

	if (v == NULL)
		v = kmem_get(&vma_cache);
	return v;
}

CALL(a)
{
	struct vma *v;

	kept = kmem_get(&vma_cache);
	v = vma_find();
	kmem_put(&vma_cache, v);
	use(kmem_get(&vma_cache));
	return 0;
}

SYSCALLS = { ROW(a) };
