/* expect: sys_a vma:2 pipe:1..2 */
/* Give and take are of one class: a freed pipe is no vma. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
struct pipe { u64 head, tail; };
static KMEM_CACHE(vma_cache, "vma", struct vma);
static KMEM_CACHE(pipe_cache, "pipe", struct pipe);

CALL(a)
{
	struct pipe *p;

	use(kmem_get(&vma_cache));
	p = kmem_get(&pipe_cache);
	kmem_put(&pipe_cache, p);
	use(kmem_get(&vma_cache));
	return 0;
}

SYSCALLS = { ROW(a) };
