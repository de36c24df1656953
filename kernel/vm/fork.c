/*
 * fork: a copy of an address space.
 *
 * Copied are the VMAs, and the page table entries of private pages: those lose
 * their write permission on both sides and share the frame (its count rises),
 * so that whoever writes first copies. What a pager can give again is not
 * copied; the child faults it in.
 *
 * The work is cut into pieces, each a segment of its own: a few tables of the
 * child, with the VMAs on the way. The lock is dropped after a piece, the
 * charge renewed, and the copy goes on at the same address. Each piece leaves
 * the parent's TLBs flushed. The child belongs to the caller all the time.
 *
 * The child is not yet known to anybody else, so its lock is not taken.
 */
#include "kernel/lib/string.h"
#include "kernel/vm/reserve.h"
#include "kernel/vm/vm_priv.h"

#define PIECE_TABLES	4	/* new in the child, with those above them */
#define TABLE_VMAS	7	/* before each; 28 are one slab */

BOUND_ROW(fork_piece);

/* v, src and dst are of this piece only. */
struct copy {
	struct aspace	*from, *to;
	u64		at;		/* all below is copied */
	struct vma	*v;		/* at is in it, and the child has it */
	struct frame	*src, *dst;	/* the table last copied, its copy */
	struct tlb_batch batch;		/* entries that lost PTE_W */
};

/* Share v's private pages in c->src from c->at on; nothing else. */
static void
copy_table(struct copy *c)
{
	struct frame *src = c->src, *dst = c->dst, *f;
	pte_t *s = pt_entries(src) + pt_leaf_index(c->at), pte;
	pte_t *d = pt_entries(dst) + pt_leaf_index(c->at);
	u64 end = MIN(c->v->end, ROUND_DOWN(c->at, PT_SPAN) + PT_SPAN);
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
	c->at = end;
}

/* Copy what of v is in c->src. Is there a table after it, now c->src? */
static bool
next_table(struct copy *c)
{
	struct frame *src;

	while ((src = pt_seek(c->from, &c->at, c->v->end)) != NULL) {
		if (src == c->src) {
			copy_table(c);
		} else if (READ_ONCE(src->pt_used) != 0) {
			c->src = src;
			return true;
		} else {
			c->at = ROUND_DOWN(c->at, PT_SPAN) + PT_SPAN;
		}
	}
	return false;
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

static bool
has_pages_to_copy(const struct vma *v)
{
	return v->has_anon && !vma_is_shared(v) && !(v->flags & VMA_WIPEONFORK);
}

/* Go on to the next VMA, if there is one, and give it to the child. */
static bool
next_vma(struct copy *c)
{
	struct vma *v = vma_at_or_above(c->from, c->at);

	while (v && v->flags & VMA_DONTFORK)
		v = vma_next(v);
	if (!v)
		return false;
	c->at = MAX(c->at, v->start);
	copy_vma(c, v);
	c->v = v;
	return true;
}

enum copy_stop {
	AT_TABLE,		/* src needs a copy */
	AT_VMA,			/* many VMAs, no table */
	AT_END,
};

/* Copy VMAs, and pages as long as the child has their table. */
static enum copy_stop
copy_vmas(struct copy *c)
{
	for (u32 i = 0; i < TABLE_VMAS; i++) {
		if (!c->v && !next_vma(c))
			return AT_END;
		if (has_pages_to_copy(c->v) && next_table(c))
			return AT_TABLE;
		c->at = c->v->end;
		c->v = NULL;
	}
	return AT_VMA;
}

/* One piece, under the parent's lock; true: that was the last. */
static bool
copy_piece(struct copy *c)
{
	c->v = NULL;
	c->src = NULL;
	for (u32 i = 0; i < PIECE_TABLES; i++) {
		enum copy_stop stop = copy_vmas(c);

		if (stop == AT_END)
			return true;
		if (stop == AT_TABLE) {
			c->dst = pt_make(c->to, c->at);
			copy_table(c);
		}
	}
	return false;
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

	*out = c.to;
	copy_layout(from, c.to);
	do {
		if (reserve_row(&bound_fork_piece) != 0)
			return -EINTR;
		tlb_batch_init(&c.batch, from);
		mutex_lock(&from->lock);
		done = copy_piece(&c);
		if (done)
			copy_layout(from, c.to);	/* brk may have moved */
		tlb_batch_flush(&c.batch);
		mutex_unlock(&from->lock);
	} while (!done);
	return READ_ONCE(from->torn) || READ_ONCE(c.to->torn) ? -EINTR : 0;
}
