/*
 * madvise(2), msync(2), mincore(2), and the counts for /proc/PID/smaps.
 */
#include "kernel/vm/reserve.h"
#include "kernel/vm/uaccess.h"
#include "kernel/vm/vm_priv.h"

#define MINCORE_CHUNK	256	/* pages looked at under one hold of the lock */

enum advice_kind {
	ADVICE_UNKNOWN,
	ADVICE_IGNORED,		/* the range is checked, nothing is done */
	ADVICE_DROP,		/* give the pages back */
	ADVICE_FLAG,		/* set or clear a VMA_* flag */
	ADVICE_POPULATE,
};

static const struct advice {
	enum advice_kind kind;
	u32		set, clear;
} advices[] = {
	[MADV_NORMAL] = { ADVICE_IGNORED, 0, 0 },
	[MADV_RANDOM] = { ADVICE_IGNORED, 0, 0 },
	[MADV_SEQUENTIAL] = { ADVICE_IGNORED, 0, 0 },
	[MADV_WILLNEED] = { ADVICE_IGNORED, 0, 0 },
	[MADV_DONTNEED] = { ADVICE_DROP, 0, 0 },
	/* Its pages may be dropped at any time: now is a time. */
	[MADV_FREE] = { ADVICE_DROP, 0, 0 },
	[MADV_DONTFORK] = { ADVICE_FLAG, VMA_DONTFORK, 0 },
	[MADV_DOFORK] = { ADVICE_FLAG, 0, VMA_DONTFORK },
	[MADV_MERGEABLE] = { ADVICE_IGNORED, 0, 0 },
	[MADV_UNMERGEABLE] = { ADVICE_IGNORED, 0, 0 },
	[MADV_HUGEPAGE] = { ADVICE_IGNORED, 0, 0 },
	[MADV_NOHUGEPAGE] = { ADVICE_IGNORED, 0, 0 },
	[MADV_DONTDUMP] = { ADVICE_IGNORED, 0, 0 },
	[MADV_DODUMP] = { ADVICE_IGNORED, 0, 0 },
	[MADV_WIPEONFORK] = { ADVICE_FLAG, VMA_WIPEONFORK, 0 },
	[MADV_KEEPONFORK] = { ADVICE_FLAG, 0, VMA_WIPEONFORK },
	[MADV_COLD] = { ADVICE_IGNORED, 0, 0 },
	[MADV_PAGEOUT] = { ADVICE_IGNORED, 0, 0 },
	[MADV_POPULATE_READ] = { ADVICE_POPULATE, 0, 0 },
	[MADV_POPULATE_WRITE] = { ADVICE_POPULATE, 1, 0 },
};

/* One VMA holds all of the range: the usual case needs no lock. */
static bool
one_vma_holds(struct aspace *as, u64 start, u64 end)
{
	struct vma *v;
	bool ok;

	rcu_read_lock();
	v = vma_find_rcu(as, start);
	ok = v && !READ_ONCE(v->dead) && end <= READ_ONCE(v->end);
	rcu_read_unlock();
	return ok;
}

/* May the pages of v be dropped? */
static int
check_drop(const struct vma *v, int advice)
{
	if (v->flags & VMA_LOCKED)
		return -EINVAL;
	if (advice == MADV_FREE && (v->pager || vma_is_shared(v)))
		return -EINVAL;
	return 0;
}

/* What is done to each VMA of the range; holes count as -ENOMEM at the end. */
static int
advise_locked(struct aspace *as, u64 start, u64 end, int advice)
{
	const struct advice *a = &advices[advice];
	struct tlb_batch b;
	bool hole = false;
	int rc = 0;

	if (a->kind == ADVICE_FLAG) {
		if (as->nvmas + 2 > VMAS_MAX)
			return -ENOMEM;
		(void)vma_split_range(as, start, end);
	}
	tlb_batch_init(&b, as);
	while (start < end && rc == 0) {
		struct vma *v = vma_at_or_above(as, start);
		u64 stop;

		if (!v || v->start > start)
			hole = true;
		if (!v || v->start >= end)
			break;
		start = MAX(start, v->start);
		stop = MIN(end, v->end);
		if (a->kind == ADVICE_DROP) {
			rc = check_drop(v, advice);
			if (rc == 0)
				pt_zap(&b, start, stop, true);
		} else if (a->kind == ADVICE_FLAG) {
			WRITE_ONCE(v->flags, (v->flags & ~a->clear) | a->set);
			(void)vma_merge(as, v);
		}
		start = stop;
	}
	tlb_batch_flush(&b);
	return rc == 0 && hole ? -ENOMEM : rc;
}

int
vm_advise(struct aspace *as, u64 addr, u64 len, int advice)
{
	const struct advice *a;
	int rc;

	if (advice < 0 || advice >= (int)ARRAY_LEN(advices) ||
	    advices[advice].kind == ADVICE_UNKNOWN)
		return -EINVAL;
	a = &advices[advice];
	if ((addr & PAGE_MASK) || PAGE_UP(len) < len ||
	    !range_ok(addr, PAGE_UP(len)))
		return -EINVAL;
	len = PAGE_UP(len);
	if (len == 0)
		return 0;
	if (a->kind == ADVICE_IGNORED && likely(one_vma_holds(as, addr,
	    addr + len)))
		return 0;
	if (a->kind == ADVICE_POPULATE)
		return vm_populate(as, addr, len, a->set);
	mutex_lock(&as->lock);
	rc = advise_locked(as, addr, addr + len, advice);
	mutex_unlock(&as->lock);
	return rc;
}

/* The pager and range behind the first part of [*addr, end); *addr moves past
 * it. NULL: not of a file. The reference is the caller's. */
static struct pager *
next_to_sync(struct aspace *as, u64 *addr, u64 end, u64 *index, u64 *npages)
{
	struct vma *v = vma_at_or_above(as, *addr);
	struct pager *p = NULL;
	u64 stop;

	if (!v || v->start >= end) {
		*addr = end;
		return NULL;
	}
	*addr = MAX(*addr, v->start);
	stop = MIN(end, v->end);
	if (v->pager && vma_is_shared(v) && v->pager->ops->sync) {
		p = v->pager;
		p->ops->get(p);
		*index = vma_index(v, *addr);
		*npages = (stop - *addr) >> PAGE_SHIFT;
	}
	*addr = stop;
	return p;
}

int
vm_sync(struct aspace *as, u64 addr, u64 len, int flags)
{
	u64 end, index = 0, npages = 0;
	struct pager *p;
	int rc = 0, hole;

	if ((flags & ~(MS_ASYNC | MS_SYNC | MS_INVALIDATE)) ||
	    (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC) ||
	    (addr & PAGE_MASK))
		return -EINVAL;
	len = PAGE_UP(len);
	if (!range_ok(addr, len))
		return -ENOMEM;
	end = addr + len;
	if (addr == end)
		return 0;
	mutex_lock(&as->lock);
	hole = !vm_range_is_mapped(as, addr, end);
	mutex_unlock(&as->lock);
	while ((flags & MS_SYNC) && addr < end && rc == 0) {
		mutex_lock(&as->lock);
		p = next_to_sync(as, &addr, end, &index, &npages);
		mutex_unlock(&as->lock);
		if (!p)
			continue;
		rc = p->ops->sync(p, index, npages);
		p->ops->put(p);
		if (rc == 0)
			rc = reserve_renew();
	}
	return rc == 0 && hole ? -ENOMEM : rc;
}

/* Is the page at addr of v in memory? */
static bool
page_is_in(struct aspace *as, struct vma *v, u64 addr)
{
	struct frame *pt, *f = NULL;
	u64 at = addr;
	bool in;

	pt = pt_seek(as, &at, addr + PAGE_SIZE);
	in = pt && READ_ONCE(pt_entries(pt)[pt_leaf_index(addr)]) != 0;
	if (!in && v->pager)
		f = v->pager->ops->find_page(v->pager, vma_index(v, addr));
	if (f)
		frame_put(f);
	return in || f;
}

int
vm_mincore(struct aspace *as, u64 addr, u64 len, uptr_t vec)
{
	u8 out[MINCORE_CHUNK];
	u64 npages = PAGE_UP(len) >> PAGE_SHIFT, n;
	struct vma *v;
	int rc;

	if (addr & PAGE_MASK)
		return -EINVAL;
	if (PAGE_UP(len) < len || !range_ok(addr, npages << PAGE_SHIFT))
		return -ENOMEM;
	for (; npages > 0; npages -= n, vec.addr += n) {
		n = MIN(npages, (u64)MINCORE_CHUNK);
		mutex_lock(&as->lock);
		rc = vm_range_is_mapped(as, addr, addr + n * PAGE_SIZE) ?
		    0 : -ENOMEM;
		for (u64 i = 0; i < n && rc == 0; i++, addr += PAGE_SIZE) {
			v = vma_find(as, addr);
			out[i] = page_is_in(as, v, addr);
		}
		mutex_unlock(&as->lock);
		if (rc == 0)
			rc = copy_out(vec, out, n);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static void
count_entry(pte_t pte, struct vma_pages *n)
{
	struct frame *f = pte ? pte_frame(pte) : NULL;
	bool shared;

	if (!f)
		return;
	shared = READ_ONCE(f->refs) > 1;
	n->present++;
	n->anon += f->use == FRAME_ANON;
	n->shared += shared;
	if (pte & PTE_D)
		*(shared ? &n->shared_dirty : &n->private_dirty) += 1;
}

void
vma_count_pages(struct aspace *as, struct vma *v, struct vma_pages *out)
{
	u64 at = v->start;
	struct frame *pt;

	*out = (struct vma_pages){ 0 };
	while ((pt = pt_seek(as, &at, v->end)) != NULL) {
		u64 stop = MIN(v->end, ROUND_DOWN(at, PT_SPAN) + PT_SPAN);

		spin_lock(&pt->lock);
		for (; at < stop; at += PAGE_SIZE)
			count_entry(pt_entries(pt)[pt_leaf_index(at)], out);
		spin_unlock(&pt->lock);
	}
}
