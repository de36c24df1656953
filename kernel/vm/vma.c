/*
 * The VMA tree.
 *
 * An address space's VMAs stand in a red-black tree by address. Each knows the
 * hole right below it, and the largest such hole in its subtree, so that the
 * highest hole of a size is found in O(log n).
 *
 * Writers hold the address space's lock. Faults look up under RCU alone: while
 * a rotation is under way they may miss a VMA that is there (then they ask
 * again with the lock held), and what they find they check again under the page
 * table's lock. Every pointer of the tree is stored whole and leads to a VMA
 * whose memory outlives the reader; the depth is bounded, so that a reader ends
 * even if it is sent around by an unlucky series of rotations.
 *
 * Invariants: V1 VMAs do not overlap; start < end; both in user space.
 *	V2 gap = start - end of the VMA below (or USER_MIN), less the guard of
 *	a stack, not below zero.
 */
#include "kernel/vm/vm_priv.h"

/* A red-black tree of VMAS_MAX nodes is at most 2 * log2(65531) deep. */
#define DEPTH_MAX	36

#define VMA_OF(n)	RB_ENTRY(n, struct vma, node)

static void
vma_update(struct rb_node *n)
{
	struct vma *v = VMA_OF(n);
	u64 max = v->gap;

	if (n->left && VMA_OF(n->left)->max_gap > max)
		max = VMA_OF(n->left)->max_gap;
	if (n->right && VMA_OF(n->right)->max_gap > max)
		max = VMA_OF(n->right)->max_gap;
	v->max_gap = max;
}

static const struct rb_augment vma_augment = { .update = vma_update };

struct vma *
vma_find_rcu(struct aspace *as, u64 addr)
{
	struct rb_node *n = rcu_load(as->vmas.node);

	for (u32 depth = 0; n && depth < DEPTH_MAX; depth++) {
		struct vma *v = VMA_OF(n);

		if (addr < READ_ONCE(v->start))
			n = rcu_load(n->left);
		else if (addr < READ_ONCE(v->end))
			return v;
		else
			n = rcu_load(n->right);
	}
	return NULL;
}

struct vma *
vma_at_or_above(struct aspace *as, u64 addr)
{
	struct rb_node *n = as->vmas.node;
	struct vma *best = NULL;

	while (n) {
		struct vma *v = VMA_OF(n);

		if (addr < v->end) {
			best = v;
			if (addr >= v->start)
				break;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return best;
}

struct vma *
vma_find(struct aspace *as, u64 addr)
{
	struct vma *v = vma_at_or_above(as, addr);

	return v && v->start <= addr ? v : NULL;
}

struct vma *
vma_first(struct aspace *as)
{
	return rb_entry_or_null(rb_first(&as->vmas), struct vma, node);
}

struct vma *
vma_next(struct vma *v)
{
	return rb_entry_or_null(rb_next(&v->node), struct vma, node);
}

struct vma *
vma_prev(struct vma *v)
{
	return rb_entry_or_null(rb_prev(&v->node), struct vma, node);
}

/* What may be mapped right below v, above low (V2). */
static u64
gap_above(const struct vma *v, u64 low)
{
	u64 top = v->start;

	if (v->flags & MAP_GROWSDOWN)
		top -= MIN(top, STACK_GUARD_PAGES * PAGE_SIZE);
	return top > low ? top - low : 0;
}

static void
set_gap(struct vma *v, u64 low)
{
	u64 gap = gap_above(v, low);

	if (gap != v->gap) {
		v->gap = gap;
		rb_propagate(&v->node, &vma_augment);
	}
}

void
vma_tree_insert(struct aspace *as, struct vma *v)
{
	struct rb_node **link = &as->vmas.node, *parent = NULL;
	struct vma *below = NULL, *above = NULL;

	while (*link) {
		struct vma *at = VMA_OF(*link);

		parent = *link;
		if (v->start < at->start) {
			above = at;
			link = &parent->left;
		} else {
			below = at;
			link = &parent->right;
		}
	}
	dassert(!below || below->end <= v->start);		/* V1 */
	dassert(!above || v->end <= above->start);
	v->gap = gap_above(v, below ? below->end : USER_MIN);
	v->max_gap = v->gap;
	v->node.parent_color = (u64)parent;
	v->node.left = NULL;
	v->node.right = NULL;
	rcu_store(*link, &v->node);		/* readers see it whole */
	rb_insert_fix_aug(&as->vmas, &v->node, &vma_augment);
	if (above)
		set_gap(above, v->end);
}

void
vma_tree_erase(struct aspace *as, struct vma *v)
{
	struct vma *below = vma_prev(v), *above = vma_next(v);

	rb_erase_aug(&as->vmas, &v->node, &vma_augment);
	if (above)
		set_gap(above, below ? below->end : USER_MIN);
}

void
vma_tree_resize(struct vma *v, u64 start, u64 end)
{
	struct vma *other;

	if (start != v->start) {
		WRITE_ONCE(v->start, start);
		other = vma_prev(v);
		dassert(!other || other->end <= start);		/* V1 */
		set_gap(v, other ? other->end : USER_MIN);
	}
	if (end != v->end) {
		WRITE_ONCE(v->end, end);
		other = vma_next(v);
		dassert(!other || end <= other->start);
		if (other)
			set_gap(other, end);
	}
	dassert(v->start < v->end);
}

/* The highest VMA, from the subtree of n down, with a hole of len below it. */
static struct vma *
highest_in(struct rb_node *n, u64 len)
{
	for (;;) {
		if (n->right && VMA_OF(n->right)->max_gap >= len)
			n = n->right;
		else if (VMA_OF(n)->gap >= len)
			return VMA_OF(n);
		else
			n = n->left;
	}
}

/* The highest VMA not above v with a hole of len below it; NULL: none. */
static struct vma *
highest_from(struct vma *v, u64 len)
{
	struct rb_node *n = &v->node, *up;

	if (v->gap >= len)
		return v;
	for (;;) {
		if (n->left && VMA_OF(n->left)->max_gap >= len)
			return highest_in(n->left, len);
		/* Up, to the first that we are to the right of. */
		for (up = rb_parent(n); up && up->left == n; up = rb_parent(n))
			n = up;
		if (!up)
			return NULL;
		n = up;
		if (VMA_OF(n)->gap >= len)
			return VMA_OF(n);
	}
}

/* The last VMA that starts below addr. */
static struct vma *
last_below(struct aspace *as, u64 addr)
{
	struct rb_node *n = as->vmas.node;
	struct vma *best = NULL;

	while (n) {
		if (VMA_OF(n)->start < addr) {
			best = VMA_OF(n);
			n = n->right;
		} else {
			n = n->left;
		}
	}
	return best;
}

u64
vma_tree_find_hole(struct aspace *as, u64 len, u64 low, u64 high)
{
	struct vma *v, *above;
	u64 top, bottom;

	if (high < low || high - low < len)
		return ~0ul;
	v = last_below(as, high);
	above = v ? vma_next(v) : vma_first(as);
	/* The piece of a hole between v and high, cut by a stack's guard. */
	top = high;
	if (above && (above->flags & MAP_GROWSDOWN))
		top = MIN(top, above->start -
		    MIN(above->start, STACK_GUARD_PAGES * PAGE_SIZE));
	bottom = MAX(low, v ? v->end : low);
	if (top >= bottom && top - bottom >= len)
		return top - len;
	v = v ? highest_from(v, len) : NULL;
	if (!v)
		return ~0ul;
	top = v->start;
	if (v->flags & MAP_GROWSDOWN)
		top -= STACK_GUARD_PAGES * PAGE_SIZE;
	/* The highest hole that is large enough; below low, all others are. */
	return top >= low + len ? top - len : ~0ul;
}
