/*
 * mremap(2).
 *
 * A mapping that cannot grow where it is moves: a second VMA is made at the new
 * place, the page table entries are carried over table by table, and the old
 * one is unmapped. New tables draw on the charge; where that runs low, the lock
 * is dropped and the charge renewed, and both VMAs are looked up again.
 */
#include "kernel/vm/reserve.h"
#include "kernel/vm/vm_priv.h"

#define PIECE_TABLES	4	/* filled between two renewals */

struct move {
	struct aspace	*as;
	u64		from, to;	/* addresses of the next entry */
	u64		end;		/* of the old range */
};

/* Carry entries of one pair of tables, both locked. */
static void
carry(struct move *m, struct tlb_batch *b, struct frame *src,
    struct frame *dst, u64 stop)
{
	pte_t *s, *d, pte;

	for (; m->from < stop; m->from += PAGE_SIZE, m->to += PAGE_SIZE) {
		s = &pt_entries(src)[pt_leaf_index(m->from)];
		d = &pt_entries(dst)[pt_leaf_index(m->to)];
		pte = *s;
		if (pte == 0 || *d != 0)
			continue;	/* a page faulted in there: leave it */
		WRITE_ONCE(*s, 0);
		src->pt_used--;
		WRITE_ONCE(*d, pte);
		pt_entry_added(m->as, dst);
		if (pte & PTE_P)
			tlb_batch_addr(b, m->from);
	}
}

/* Tables' locks are of one class: by address. */
static void
lock_both(struct frame *a, struct frame *b) NO_THREAD_CHECK
{
	if (a == b) {
		spin_lock(&a->lock);
	} else {
		spin_lock(a < b ? &a->lock : &b->lock);
		spin_lock(a < b ? &b->lock : &a->lock);
	}
}

static void
unlock_both(struct frame *a, struct frame *b) NO_THREAD_CHECK
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

/* Fill the next few tables; true: that was all. Locked. */
static bool
move_piece(struct move *m, struct tlb_batch *b)
{
	struct frame *src, *dst;
	u64 at = m->from, stop;

	for (u32 i = 0; i < PIECE_TABLES; i++) {
		src = pt_seek(m->as, &at, m->end);
		if (!src)
			return true;
		m->to += at - m->from;
		m->from = at;
		stop = MIN(m->end, ROUND_DOWN(at, PT_SPAN) + PT_SPAN);
		stop = MIN(stop, at + (PT_SPAN - (m->to & (PT_SPAN - 1))));
		dst = pt_make(m->as, m->to);
		lock_both(src, dst);
		carry(m, b, src, dst, stop);
		unlock_both(src, dst);
		at = m->from;
	}
	return !pt_seek(m->as, &at, m->end);
}

/* Move all, renewing after each piece. The lock is held on entry and return. */
static int
move_all(struct move *m, struct pager *pager) NO_THREAD_CHECK
{
	struct aspace *as = m->as;
	struct vma *from, *to;
	struct tlb_batch b;
	bool done;
	int rc;

	for (;;) {
		tlb_batch_init(&b, as);
		done = move_piece(m, &b);
		tlb_batch_flush(&b);
		if (done)
			return 0;
		mutex_unlock(&as->lock);
		rc = reserve_renew();
		mutex_lock(&as->lock);
		if (rc != 0)
			return rc;
		/* Somebody may have unmapped either meanwhile. */
		from = vma_find(as, m->from);
		to = vma_find(as, m->to);
		if (!from || !to || from->pager != pager ||
		    to->pager != pager || from->end < m->end)
			return -EFAULT;
	}
}

/* Grow v to new_len in place, if there is room. */
static bool
grow_in_place(struct aspace *as, struct vma *v, u64 new_end)
{
	struct vma *next = vma_next(v);

	if (new_end > USER_TOP || (next && next->start < new_end +
	    (next->flags & MAP_GROWSDOWN ? STACK_GUARD_PAGES * PAGE_SIZE : 0)))
		return false;
	vma_set_bounds(as, v, v->start, new_end);
	(void)vma_merge(as, v);
	return true;
}

/* Where to: fixed, or a hole. 0, or a negative errno. */
static int
choose(struct aspace *as, u64 old, u64 old_len, u64 new_len, u32 flags, u64 *at)
{
	if (!(flags & MREMAP_FIXED)) {
		*at = vm_find_place(as, 0, new_len, 0);
		return *at == ~0ul ? -ENOMEM : 0;
	}
	if ((*at & PAGE_MASK) || *at < USER_MIN || !range_ok(*at, new_len) ||
	    (*at < old + old_len && old < *at + new_len))
		return -EINVAL;
	return vm_unmap_locked(as, *at, *at + new_len);
}

/* Move the range [old, old + old_len) of v to a place of new_len. Locked. */
static long
move_vma(struct aspace *as, struct vma *v, u64 old, u64 old_len, u64 new_len,
    u32 flags, u64 at)
{
	u64 moved = MIN(old_len, new_len);
	struct pager *pager = v->pager;
	struct move m = { as, old, 0, old + moved };
	bool private = !vma_is_shared(v) && v->has_anon;
	struct vma *n;
	int rc;

	if (as->nvmas + 3 > VMAS_MAX)
		return -ENOMEM;
	n = vma_new(v);
	if (pager)
		n->pgoff = vma_index(v, old);
	n->start = at;
	n->end = at + new_len;
	n->flags &= ~VMA_HEAP;
	if (!limbo_is_clear(as, n->end))
		limbo_settle(as);
	vma_insert(as, n);
	m.to = at;
	rc = private && moved > 0 ? move_all(&m, pager) : 0;
	if (rc == 0 && old_len > 0 && !(flags & MREMAP_DONTUNMAP))
		rc = vm_unmap_locked(as, old, old + old_len);
	return rc != 0 ? rc : (long)at;
}

/* What mremap() may be asked for. */
static int
check_args(u64 old, u64 old_len, u64 new_len, u32 flags)
{
	if ((flags & ~(u32)(MREMAP_MAYMOVE | MREMAP_FIXED |
	    MREMAP_DONTUNMAP)) || (old & PAGE_MASK) || new_len == 0 ||
	    !range_ok(old, old_len) || new_len > USER_TOP)
		return -EINVAL;
	if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) &&
	    !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((flags & MREMAP_DONTUNMAP) && old_len != new_len)
		return -EINVAL;
	return 0;
}

static long
remap_locked(struct aspace *as, u64 old, u64 old_len, u64 new_len, u32 flags,
    u64 new_addr)
{
	struct vma *v = vma_find(as, old);
	int rc;

	limbo_settle(as);
	if (!v || old + old_len > v->end)
		return -EFAULT;
	if (old_len == 0 && !vma_is_shared(v))
		return -EINVAL;
	if ((flags & MREMAP_DONTUNMAP) && (v->pager || vma_is_shared(v)))
		return -EINVAL;
	if (new_len > old_len || (flags & MREMAP_DONTUNMAP)) {
		rc = vm_may_add(as, (new_len - (flags & MREMAP_DONTUNMAP ? 0 :
		    old_len)) >> PAGE_SHIFT, v->prot, v->flags);
		if (rc != 0)
			return rc;
	}
	if (!(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))) {
		if (new_len <= old_len && old_len != 0) {
			rc = vm_unmap_locked(as, old + new_len, old + old_len);
			return rc != 0 ? rc : (long)old;
		}
		if (old_len != 0 && old + old_len == v->end &&
		    grow_in_place(as, v, old + new_len))
			return old;
		if (!(flags & MREMAP_MAYMOVE))
			return -ENOMEM;
	}
	rc = choose(as, old, old_len, new_len, flags, &new_addr);
	if (rc != 0)
		return rc;
	v = vma_find(as, old);		/* unmapping may have joined VMAs */
	return move_vma(as, v, old, old_len, new_len, flags, new_addr);
}

long
vm_remap(struct aspace *as, u64 old, u64 old_len, u64 new_len, u32 flags,
    u64 new_addr)
{
	struct vma *v;
	bool locked;
	long rc;

	if (old_len > USER_TOP || new_len > USER_TOP)
		return -EINVAL;
	old_len = PAGE_UP(old_len);
	new_len = PAGE_UP(new_len);
	rc = check_args(old, old_len, new_len, flags);
	if (rc != 0)
		return rc;
	mutex_lock(&as->lock);
	rc = remap_locked(as, old, old_len, new_len, flags, new_addr);
	v = rc >= 0 ? vma_find(as, rc) : NULL;
	locked = v && (v->flags & VMA_LOCKED);
	mutex_unlock(&as->lock);
	if (locked && new_len > old_len)
		(void)vm_populate(as, rc, new_len, false); /* best effort */
	return rc;
}
