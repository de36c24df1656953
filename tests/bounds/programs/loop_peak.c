/* expect: sys_a vma:5; sys_b vma:2 */
/* A turn takes two and keeps one: 4 turns peak at 5. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);

CALL(a)
{
	for (int i = 0; i < 4; i++) {
		struct vma *v;

		use(kmem_get(&vma_cache));
		v = kmem_get(&vma_cache);
		use(v);
		kmem_put(&vma_cache, v);
	}
	return 0;
}

/* A balanced loop needs no bound, however long. */
CALL(b)
{
	for (u64 i = 0; i < tf->rdi; i++) {
		struct vma *v = kmem_get(&vma_cache);
		struct vma *w = kmem_get(&vma_cache);

		use(v);
		kmem_put(&vma_cache, w);
		kmem_put(&vma_cache, v);
	}
	return 0;
}

SYSCALLS = { ROW(a), ROW(b) };
