/* expect: sys_a vma:8..9 */
/* Eight are taken, the last alone is given back. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);

CALL(a)
{
	struct vma *v = NULL;

	for (int i = 0; i < 8; i++) {
		v = kmem_get(&vma_cache);
		use(v);
	}
	kmem_put(&vma_cache, v);
	use(kmem_get(&vma_cache));
	return 0;
}

SYSCALLS = { ROW(a) };
