/*
 * Pagers: which VMAs map a file, for truncate.
 *
 * A truncate first takes the pages out of the file (or cuts its size), then
 * calls vm_unmap_pager(). A fault may have got a page just before: it notes
 * unmap_seq before it asks for the page and compares under the page table's
 * lock. Either it sees that the count has changed, and asks again, or the
 * unmapping, which takes the same lock later, finds its entry.
 *
 * Locks: pager.lock guards the list and, with the aspace's lock, the bounds of
 * the VMAs on it. Page tables' locks are taken under it.
 */
#include "kernel/vm/vm_priv.h"

void
pager_init(struct pager *p, const struct pager_ops *ops)
{
	p->ops = ops;
	p->flags = 0;
	spin_init(&p->lock, LOCK_PAGER);
	list_init(&p->vmas);
	p->unmap_seq = 0;
}

void
vma_pager_attach(struct vma *v)
{
	struct pager *p = v->pager;

	p->ops->get(p);
	spin_lock(&p->lock);
	list_push_back(&p->vmas, &v->pager_node);
	spin_unlock(&p->lock);
}

void
vma_pager_detach(struct vma *v)
{
	struct pager *p = v->pager;

	spin_lock(&p->lock);
	list_remove(&v->pager_node);
	spin_unlock(&p->lock);
}

/* Zap what v maps of [index, end) of its pager, whose lock is held. */
static void
unmap_in_vma(struct vma *v, u64 index, u64 end)
{
	u64 first = MAX(index, v->pgoff);
	u64 last = MIN(end, v->pgoff + vma_pages(v));
	struct tlb_batch b;

	if (first >= last)
		return;
	tlb_batch_init(&b, v->as);
	pt_zap(&b, v->start + ((first - v->pgoff) << PAGE_SHIFT),
	    v->start + ((last - v->pgoff) << PAGE_SHIFT), false);
	tlb_batch_flush(&b);
}

void
vm_unmap_pager(struct pager *p, u64 index, u64 npages)
{
	u64 end = index + npages < index ? ~0ul : index + npages;
	struct vma *v;

	atomic_inc(&p->unmap_seq);
	if (list_is_empty(&p->vmas))
		return;
	spin_lock(&p->lock);
	list_for_each(v, &p->vmas, pager_node)
		unmap_in_vma(v, index, end);
	spin_unlock(&p->lock);
}
