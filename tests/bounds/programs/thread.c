/* expect: sweep frame:1 vma:1 */
/* A kernel thread reserves in each turn. */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);
BOUND_ROW(sweep);

static void
sweep(void *arg)
{
	while (reserve_row(&bound_sweep) == 0) {
		use(frame_get(FRAME_KERNEL));
		use(kmem_get(&vma_cache));
		reserve_end();
		sleep_long();
	}
}

struct kthread sweeper = { sweep, NULL };
CALL(none)
{
	return 0;
}

SYSCALLS = { ROW(none) };
