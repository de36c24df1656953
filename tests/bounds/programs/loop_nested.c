/* expect: sys_a frame:12 vma:3; sys_b frame:20 */
/* Turns multiply. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);

CALL(a)
{
	for (int i = 0; i < 3; i++) {
		use(kmem_get(&vma_cache));
		for (int j = 0; j < 4; j++)
			use(frame_get(FRAME_KERNEL));
	}
	return 0;
}

static void
inner(u64 n)
{
	for_bound(5, u64 j = 0; j < n; j++)
		use(frame_get(FRAME_KERNEL));
}

CALL(b)
{
	for (int i = 0; i < 4; i++)
		inner(tf->rdi);
	return 0;
}

SYSCALLS = { ROW(a), ROW(b) };
