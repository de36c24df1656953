/* expect: E-CLASS */
/* Which cache it is, the pointer alone knows. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);
static struct kmem_cache *cache = &vma_cache;

CALL(a)
{
	cache = tf->rdi ? cache : NULL;
	use(kmem_get(cache));			/* line */
	return 0;
}

SYSCALLS = { ROW(a) };
