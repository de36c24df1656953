/* expect: sys_a vma:5 */
/* Given back through a list: the analyzer does not follow it. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; struct vma *next; };
static KMEM_CACHE(vma_cache, "vma", struct vma);
static struct vma *list;

CALL(a)
{
	for (int i = 0; i < 4; i++) {
		struct vma *v = kmem_get(&vma_cache);

		v->next = list;
		list = v;
	}
	while (list != NULL) {
		struct vma *v = list;

		list = v->next;
		kmem_put(&vma_cache, v);
	}
	use(kmem_get(&vma_cache));
	return 0;
}

SYSCALLS = { ROW(a) };
