/* expect: sys_a vma:2 */
/* What is given back may be an older object, in whose place it was kept. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);
static struct vma *kept;

CALL(a)
{
	struct vma *v = kmem_get(&vma_cache);

	if (rnd()) {
		struct vma *old = kept;

		kept = v;
		v = old;
	}
	if (v != NULL)
		kmem_put(&vma_cache, v);
	use(kmem_get(&vma_cache));
	return 0;
}

SYSCALLS = { ROW(a) };
