/*
 * What a mapping has in memory, for /proc/PID/smaps.
 */
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/vm/vm_priv.h"

static void
count_entry(pte_t pte, struct vma_pages *n)
{
	const struct frame *f;
	bool shared, dirty = pte & PTE_D;

	if (!(pte & PTE_P))
		return;
	f = pte_frame(pte);
	if (f == NULL)
		return;			/* the page of zeros is nobody's */
	shared = atomic_load_relaxed(&f->refs) > 1;
	n->present++;
	n->shared += shared;
	n->shared_dirty += shared && dirty;
	n->private_dirty += !shared && dirty;
	n->anon += f->use == FRAME_ANON;
}

void
vma_count_pages(struct aspace *as, const struct vma *v, struct vma_pages *out)
{
	u64 addr = v->start;
	struct frame *pt;

	memset(out, 0, sizeof(*out));
	while ((pt = pt_seek(as, &addr, v->end)) != NULL) {
		spin_lock(&pt->lock);
		do {
			count_entry(pt_entries(pt)[pt_leaf_index(addr)], out);
			addr += PAGE_SIZE;
		} while (addr < v->end && pt_leaf_index(addr) != 0);
		spin_unlock(&pt->lock);
	}
}
