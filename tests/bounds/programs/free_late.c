/* expect: sys_a -; step vma:3 */
/* Renewed on one way, where more was taken since: what is given back then is
 * older than the segment. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);

BOUND_ROW(step);

CALL(a)
{
	struct vma *v;

	if (reserve_row(&bound_step) != 0)
		return -4;
	v = kmem_get(&vma_cache);
	if (rnd()) {
		(void)reserve_renew();
		use(kmem_get(&vma_cache));
		use(kmem_get(&vma_cache));
	}
	kmem_put(&vma_cache, v);
	use(kmem_get(&vma_cache));
	return 0;
}

SYSCALLS = { ROW(a) };
