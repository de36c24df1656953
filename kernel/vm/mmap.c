/*
 * mmap(2), munmap(2), brk(2): adding and removing VMAs.
 *
 * All is decided before anything changes: once limits are checked, nothing
 * fails. Removing changes the tree first and then clears the entries (see
 * fault.c), all under the lock of the address space, so that nobody can map the
 * hole before it is empty and flushed on every CPU. The clearing of a large
 * range yields the CPU, with the lock held; it takes no frame.
 */
#include "kernel/lib/string.h"
#include "kernel/vm/reserve.h"
#include "kernel/vm/vm_priv.h"

#define MAP_32BIT_END	0x80000000ul
#define LIMBO_REACH	(1ul << 30)
#define OVERCOMMIT_LOOK	(16ul << 20)	/* smaller ones are never excessive */

int vm_overcommit;

/*
 * Overcommit as Linux's mode 0: only what could never be had is refused.
 * LIMIT: mode 2 (strict accounting) is taken for mode 0.
 */
static bool
is_excessive(u64 npages, u32 prot, u32 flags)
{
	struct frame_stats fs;

	if (npages < OVERCOMMIT_LOOK >> PAGE_SHIFT || vm_overcommit == 1)
		return false;
	if (!(prot & PROT_WRITE) || (flags & (MAP_SHARED | MAP_NORESERVE)))
		return false;
	frame_stats(&fs);
	return npages > fs.total;
}

int
vm_may_add(struct aspace *as, u64 npages, u32 prot, u32 flags)
{
	if (as->total_pages + npages > as->limit_as >> PAGE_SHIFT)
		return -ENOMEM;
	if ((prot & PROT_WRITE) && !(flags & (MAP_SHARED | MAP_GROWSDOWN)) &&
	    as->data_pages + npages > as->limit_data >> PAGE_SHIFT)
		return -ENOMEM;
	if ((flags & VMA_LOCKED) &&
	    as->locked_pages + npages > as->limit_memlock >> PAGE_SHIFT)
		return -EAGAIN;
	if (READ_ONCE(as->torn))
		return -ENOMEM;
	return is_excessive(npages, prot, flags) ? -ENOMEM : 0;
}

/* Where to map len bytes: at hint if that is free, else as high as it goes. */
u64
vm_find_place(struct aspace *as, u64 hint, u64 len, u32 flags)
{
	u64 high = flags & MAP_32BIT ? MIN(MAP_32BIT_END, as->mmap_base) :
	    as->mmap_base;
	u64 at;

	hint = PAGE_DOWN(hint);
	if (hint >= USER_MIN && range_ok(hint, len) &&
	    vma_tree_find_hole(as, len, hint, hint + len) == hint)
		return hint;
	if (!limbo_is_clear(as, high)) {
		/* Below what is in limbo, if that is not far off. */
		u64 low = as->limbo_low - MIN(as->limbo_low, LIMBO_REACH);

		at = vma_tree_find_hole(as, len, MAX(low, USER_MIN),
		    as->limbo_low);
		if (at != ~0ul)
			return at;
		limbo_settle(as);
	}
	at = vma_tree_find_hole(as, len, USER_MIN, high);
	if (at == ~0ul && !(flags & MAP_32BIT))
		at = vma_tree_find_hole(as, len, USER_MIN, USER_TOP);
	return at;
}

/* Take [start, end) out of the tree, where v is the first at or above start. */
static void
remove_range(struct aspace *as, struct vma *v, u64 start, u64 end)
{
	struct vma *next;

	if (v->start < start && end < v->end)
		(void)vma_split(as, v, end);
	for (; v && v->start < end; v = next) {
		next = v->end < end ? vma_next(v) : NULL;
		if (v->start < start)
			vma_set_bounds(as, v, v->start, start);
		else if (v->end > end)
			vma_set_bounds(as, v, end, v->end);
		else
			vma_remove(as, v);
	}
}

int
vm_unmap_locked(struct aspace *as, u64 start, u64 end)
{
	struct vma *v = vma_at_or_above(as, start), *below, *above;
	struct tlb_batch b;
	u64 low, high;

	if (!v || v->start >= end)
		return 0;
	if (v->start < start && end < v->end && as->nvmas >= VMAS_MAX)
		return -ENOMEM;
	remove_range(as, v, start, end);
	smp_mb();		/* the change, before a look at the tables */
	tlb_batch_init(&b, as);
	pt_zap(&b, start, end, true);

	/* Tables that no VMA reaches into any more. */
	above = vma_at_or_above(as, start);
	below = above ? vma_prev(above) :
	    rb_entry_or_null(rb_last(&as->vmas), struct vma, node);
	low = below ? ROUND_UP(below->end, PT_SPAN) : 0;
	high = ROUND_DOWN(above ? above->start : USER_TOP + PAGE_SIZE, PT_SPAN);
	low = MAX(low, ROUND_DOWN(start, PT_SPAN));
	high = MIN(high, ROUND_UP(end, PT_SPAN));
	if (low < high)
		pt_free_range(&b, low, high);
	limbo_flush(&b, start);
	return 0;
}

int
vm_unmap(struct aspace *as, u64 addr, u64 len)
{
	int rc;

	len = PAGE_UP(len);
	if (len == 0 || !range_ok(addr, len))
		return -EINVAL;
	mutex_lock(&as->lock);
	rc = vm_unmap_locked(as, addr, addr + len);
	mutex_unlock(&as->lock);
	return rc;
}

/* Put a mapping like want into the free range that it names. */
static void
add_vma(struct aspace *as, const struct vma *want)
{
	struct vma *above = vma_at_or_above(as, want->start), *below, *v;

	below = above ? vma_prev(above) :
	    rb_entry_or_null(rb_last(&as->vmas), struct vma, node);
	if (!limbo_is_clear(as, want->end))
		limbo_settle(as);
	if (above && vma_can_follow(want, above)) {
		vma_set_bounds(as, above, want->start, above->end);
		if (below && vma_can_follow(below, above))
			(void)vma_merge(as, above);
	} else if (below && vma_can_follow(below, want)) {
		vma_set_bounds(as, below, below->start, want->end);
	} else {
		v = vma_new(want);
		vma_insert(as, v);
	}
}

/* Choose the place and check it; 0 with *at set, or a negative errno. */
static int
choose_place(struct aspace *as, u64 addr, u64 len, u32 flags, u64 *at)
{
	struct vma *v;

	if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))) {
		*at = vm_find_place(as, addr, len, flags);
		return *at == ~0ul ? -ENOMEM : 0;
	}
	if (addr & PAGE_MASK)
		return -EINVAL;
	if (!range_ok(addr, len))
		return -ENOMEM;
	if (addr < USER_MIN)
		return -EPERM;
	*at = addr;
	if (!(flags & MAP_FIXED_NOREPLACE))
		return 0;
	v = vma_at_or_above(as, addr);
	return v && v->start < addr + len ? -EEXIST : 0;
}

static int
map_locked(struct aspace *as, struct vma *want, u64 addr, u64 len, u32 flags)
{
	int rc;

	if (as->lock_future)
		want->flags |= VMA_LOCKED;
	if (as->nvmas >= VMAS_MAX)
		return -ENOMEM;
	rc = vm_may_add(as, len >> PAGE_SHIFT, want->prot,
	    want->flags | (flags & MAP_NORESERVE));
	if (rc != 0)
		return rc;
	rc = choose_place(as, addr, len, flags, &want->start);
	if (rc != 0)
		return rc;
	want->end = want->start + len;
	want->pgdelta = want->pgoff - (want->start >> PAGE_SHIFT);
	if (flags & MAP_FIXED) {
		rc = vm_unmap_locked(as, want->start, want->end);
		if (rc != 0)
			return rc;
	}
	add_vma(as, want);
	return 0;
}

/* What the arguments alone say; fills in want's flags. */
static int
check_map(struct vma *want, u64 len, u32 flags)
{
	u32 type = flags & MAP_TYPE;

	if (len == 0 || type < MAP_SHARED || type > MAP_SHARED_VALIDATE)
		return -EINVAL;
	if ((flags & MAP_GROWSDOWN) && (want->pager || type != MAP_PRIVATE))
		return -EINVAL;
	if (len > USER_TOP)
		return -ENOMEM;
	if (want->pager && want->pgoff + (len >> PAGE_SHIFT) < want->pgoff)
		return -EOVERFLOW;
	want->flags = flags & (MAP_GROWSDOWN | VMA_FLAGS);
	if (type != MAP_PRIVATE)
		want->flags |= MAP_SHARED;
	if (flags & MAP_LOCKED)
		want->flags |= VMA_LOCKED;
	return 0;
}

long
vm_map(struct aspace *as, u64 addr, u64 len, u32 prot, u32 flags,
    struct pager *pager, u64 pgoff, u32 max_prot)
{
	struct vma want = {
		.prot = prot & (PROT_READ | PROT_WRITE | PROT_EXEC),
		.pager = pager, .pgoff = pager ? pgoff : 0,
		.max_prot = max_prot,
	};
	struct pager *own = NULL;
	int rc = check_map(&want, len, flags);

	if (rc != 0)
		return rc;
	len = PAGE_UP(len);
	if (vma_is_shared(&want) && !pager) {
		rc = shm_pager_create(len, &own);
		if (rc != 0)
			return rc;
		want.pager = own;
	}
	mutex_lock(&as->lock);
	rc = map_locked(as, &want, addr, len, flags);
	mutex_unlock(&as->lock);
	if (own)
		own->ops->put(own);
	if (rc != 0)
		return rc;
	if ((flags & MAP_POPULATE) || (want.flags & VMA_LOCKED))
		(void)vm_populate(as, want.start, len,	/* best effort */
		    vma_is_data(&want));
	return want.start;
}

u64
vm_brk(struct aspace *as, u64 brk)
{
	struct vma want = {
		.prot = PROT_READ | PROT_WRITE, .flags = VMA_HEAP,
		.max_prot = PROT_READ | PROT_WRITE | PROT_EXEC,
	};
	u64 old_end, new_end;
	struct vma *v;

	mutex_lock(&as->lock);
	if (brk < as->brk_start || brk > USER_TOP)
		goto out;
	old_end = PAGE_UP(as->brk);
	new_end = PAGE_UP(brk);
	if (new_end > old_end) {
		u64 npages = (new_end - old_end) >> PAGE_SHIFT;

		if (as->lock_future)
			want.flags |= VMA_LOCKED;
		v = vma_at_or_above(as, old_end);
		if ((v && v->start < new_end + (v->flags & MAP_GROWSDOWN ?
		    STACK_GUARD_PAGES * PAGE_SIZE : 0)) ||
		    as->nvmas >= VMAS_MAX ||
		    vm_may_add(as, npages, want.prot, want.flags) != 0)
			goto out;
		want.start = old_end;
		want.end = new_end;
		add_vma(as, &want);
	} else if (new_end < old_end) {
		if (vm_unmap_locked(as, new_end, old_end) != 0)
			goto out;
	}
	as->brk = brk;
out:
	brk = as->brk;
	mutex_unlock(&as->lock);
	return brk;
}
