/* expect: sys_a vma:3 */
/* The wrapper takes two and returns one: giving that back leaves one. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);
static struct vma *kept;

static struct vma *
vma_create(void)
{
	kept = kmem_get(&vma_cache);
	return kmem_get(&vma_cache);
}

CALL(a)
{
	struct vma *v = vma_create();

	kmem_put(&vma_cache, v);
	use(kmem_get(&vma_cache));
	use(kmem_get(&vma_cache));
	return 0;
}

SYSCALLS = { ROW(a) };
