/* expect: sys_a vma:1..2 */
/* Taken on one way, given back if it was: a credit that may be seen. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);

CALL(a)
{
	struct vma *v = NULL;

	if (tf->rdi)
		v = kmem_get(&vma_cache);
	if (v != NULL)
		kmem_put(&vma_cache, v);
	use(kmem_get(&vma_cache));
	return 0;
}

SYSCALLS = { ROW(a) };
