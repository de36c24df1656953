/* expect: sys_a frame:2..3 vma:3; step frame:1..2 vma:3 */
/* A part of each turn may renew and take one: that is no growth, and must not
 * be taken off again where the turn goes on. (The fuzzer found this one.) */
#include "tests/bounds/mini.h"

struct vma { u64 start, end; };
static KMEM_CACHE(vma_cache, "vma", struct vma);
BOUND_ROW(step);

CALL(a)
{
	for (;;) {
		while (rnd()) {
			(void)reserve_renew();
			use(kmem_get(&vma_cache));
		}
		if (rnd())
			break;
		LOOP_BOUND(2);
		if (rnd()) {
			use(kmem_get(&vma_cache));
			use(kmem_get(&vma_cache));
			if (reserve_row(&bound_step) != 0)
				return -4;
		} else {
			use(frame_get(FRAME_KERNEL));
		}
	}
	return 0;
}

SYSCALLS = { ROW(a) };
