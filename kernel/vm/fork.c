/*
 * fork: a copy of an address space.
 *
 * Copied are the VMAs, and the page table entries of private pages: those lose
 * their write permission on both sides and share the frame (its count rises),
 * so that whoever writes first copies. What a pager can give again is not
 * copied; the child faults it in.
 *
 * The work is cut where the charge runs low: the lock is dropped, the charge
 * renewed, and the copy goes on at the same address. Each piece leaves the
 * parent's TLBs flushed. The child belongs to the caller all the time.
 *
 * The child is not yet known to anybody else, so its lock is not taken.
 */
#include "kernel/lib/string.h"
#include "kernel/vm/reserve.h"
#include "kernel/vm/vm_priv.h"

/* The most one step takes: three tables, and a slab's frame for a VMA. */
#define STEP_FRAMES	4

struct copy {
	struct aspace	*from, *to;
	u64		at;		/* all below is copied */
	struct tlb_batch batch;		/* entries that lost PTE_W */
};

/* Share the private pages of one table from c->at to end; nothing else. */
static void
copy_table(struct copy *c, struct frame *src, struct frame *dst, u64 end)
{
	pte_t *s = pt_entries(src) + pt_leaf_index(c->at), pte;
	pte_t *d = pt_entries(dst) + pt_leaf_index(c->at);
	struct frame *f;
	u32 n = 0;

	spin_lock(&src->lock);
	for (u64 a = c->at; a < end; a += PAGE_SIZE, s++, d++) {
		pte = *s;
		if (pte == 0)
			continue;
		f = pte_frame(pte);
		if (!f || f->use != FRAME_ANON || *d != 0)
			continue;
		frame_ref(f);
		if (pte & PTE_W) {
			pte &= ~PTE_W;
			WRITE_ONCE(*s, pte);
			tlb_batch_addr(&c->batch, a);
		}
		*d = pte;
		n++;
	}
	spin_unlock(&src->lock);
	dst->pt_used += n;
	c->to->rss_anon += n;
}

static bool
charge_is_low(void)
{
	return current->charge.left < STEP_FRAMES;
}

/* Copy the pages of v from c->at on; false: renew and come again. */
static bool
copy_pages(struct copy *c, struct vma *v)
{
	struct frame *src, *dst;
	u64 stop;

	while ((src = pt_seek(c->from, &c->at, v->end)) != NULL) {
		stop = MIN(v->end, ROUND_DOWN(c->at, PT_SPAN) + PT_SPAN);
		if (READ_ONCE(src->pt_used) != 0) {
			if (charge_is_low())
				return false;
			dst = pt_make(c->to, c->at);
			copy_table(c, src, dst, stop);
		}
		c->at = stop;
	}
	return true;
}

/*
 * Make the child's VMA for what v has above c->at, unless an earlier step has.
 * If the parent changed v between two steps, the child's ends where that was.
 */
static void
copy_vma(struct copy *c, struct vma *v)
{
	u64 start = MAX(c->at, v->start);
	struct vma *n = vma_find(c->to, start);

	if (n && n->end == v->end && n->pager == v->pager &&
	    n->prot == v->prot && n->pgdelta == v->pgdelta)
		return;
	if (n && n->start < start)
		vma_set_bounds(c->to, n, n->start, start);
	else if (n)
		vma_remove(c->to, n);
	n = vma_new(v);
	n->flags &= ~VMA_LOCKED;	/* locks are not inherited: mlock(2) */
	n->pgoff += (start - v->start) >> PAGE_SHIFT;
	n->start = start;
	vma_insert(c->to, n);
}

/* One piece, under the parent's lock; true: that was the last. */
static bool
copy_piece(struct copy *c)
{
	struct vma *v = vma_at_or_above(c->from, c->at);

	for (; v; v = vma_next(v)) {
		if (c->at < v->start)
			c->at = v->start;
		if (!(v->flags & VMA_DONTFORK)) {
			if (charge_is_low())
				return false;
			copy_vma(c, v);
			if (v->has_anon && !vma_is_shared(v) &&
			    !(v->flags & VMA_WIPEONFORK) && !copy_pages(c, v))
				return false;
		}
		c->at = v->end;
	}
	return true;
}

static void
copy_layout(const struct aspace *from, struct aspace *to)
{
	to->brk_start = from->brk_start;
	to->brk = from->brk;
	to->mmap_base = from->mmap_base;
	to->stack_top = from->stack_top;
	to->limit_as = from->limit_as;
	to->limit_stack = from->limit_stack;
	to->limit_data = from->limit_data;
	to->limit_memlock = from->limit_memlock;
	to->arg_start = from->arg_start;
	to->arg_end = from->arg_end;
	to->env_start = from->env_start;
	to->env_end = from->env_end;
	to->start_code = from->start_code;
	to->end_code = from->end_code;
	to->start_data = from->start_data;
	to->end_data = from->end_data;
	memcpy(to->auxv, from->auxv, sizeof(to->auxv));
}

int
aspace_fork(struct aspace *from, struct aspace **out)
{
	struct copy c = { .from = from, .to = aspace_create() };
	bool done;
	int rc;

	*out = c.to;
	copy_layout(from, c.to);
	for (;;) {
		tlb_batch_init(&c.batch, from);
		mutex_lock(&from->lock);
		done = copy_piece(&c);
		if (done)
			copy_layout(from, c.to);	/* brk may have moved */
		tlb_batch_flush(&c.batch);
		mutex_unlock(&from->lock);
		if (done)
			break;
		assert(current->charge.bound >= STEP_FRAMES);
		rc = reserve_renew();
		if (rc != 0)
			return rc;
	}
	return READ_ONCE(from->torn) || READ_ONCE(c.to->torn) ? -EINTR : 0;
}
