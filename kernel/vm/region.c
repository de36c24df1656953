/*
 * VMAs as objects: made, split, joined and taken away, with the accounts and
 * pager references that belong to them. The address space's lock is held.
 *
 * A VMA is freed after a grace period, its pager's reference dropped only then:
 * a fault that found it under RCU may still ask the pager for a page.
 */
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"
#include "kernel/vm/vm_priv.h"

static KMEM_CACHE(vma_cache, "vma", struct vma);

struct vma *
vma_new(const struct vma *like)
{
	struct vma *v = kmem_get(&vma_cache);

	v->start = like->start;
	v->end = like->end;
	v->prot = like->prot;
	v->flags = like->flags;
	v->pager = like->pager;
	v->pgoff = like->pgoff;
	v->dead = 0;
	v->max_prot = like->max_prot;
	v->has_anon = like->has_anon;
	v->as = like->as;
	return v;
}

void
vma_free_rcu(struct rcu_head *head)
{
	struct vma *v = CONTAINER_OF(head, struct vma, rcu);

	if (v->pager)
		v->pager->ops->put(v->pager);
	kmem_put(&vma_cache, v);
}

void
vma_account(struct aspace *as, const struct vma *v, s64 npages)
{
	as->total_pages += npages;
	if (vma_is_data(v))
		as->data_pages += npages;
	if (v->flags & MAP_GROWSDOWN)
		as->stack_pages += npages;
	if (v->flags & VMA_LOCKED)
		as->locked_pages += npages;
}

void
vma_insert(struct aspace *as, struct vma *v)
{
	v->as = as;
	v->pgdelta = v->pgoff - (v->start >> PAGE_SHIFT);
	if (v->pager)
		vma_pager_attach(v);
	vma_tree_insert(as, v);
	as->nvmas++;
	vma_account(as, v, vma_pages(v));
}

void
vma_remove(struct aspace *as, struct vma *v)
{
	WRITE_ONCE(v->dead, 1);
	vma_tree_erase(as, v);
	if (v->pager)
		vma_pager_detach(v);
	as->nvmas--;
	vma_account(as, v, -(s64)vma_pages(v));
	rcu_call(&v->rcu, vma_free_rcu);
}

void
vma_set_bounds(struct aspace *as, struct vma *v, u64 start, u64 end)
{
	s64 before = vma_pages(v);

	if (!v->pager) {
		vma_tree_resize(v, start, end);
	} else {
		spin_lock(&v->pager->lock);
		/* A start that moves down takes the offset down with it. */
		v->pgoff += (s64)(start - v->start) >> PAGE_SHIFT;
		vma_tree_resize(v, start, end);
		spin_unlock(&v->pager->lock);
	}
	vma_account(as, v, (s64)vma_pages(v) - before);
}

struct vma *
vma_split(struct aspace *as, struct vma *v, u64 at)
{
	struct vma *upper = vma_new(v);

	assert(v->start < at && at < v->end);
	upper->start = at;
	if (v->pager)
		upper->pgoff = vma_index(v, at);
	vma_set_bounds(as, v, v->start, at);
	vma_insert(as, upper);
	return upper;
}

/* Returns the first VMA at or above at. */
static struct vma *
split_at(struct aspace *as, u64 at)
{
	struct vma *v = vma_at_or_above(as, at);

	return v && v->start < at ? vma_split(as, v, at) : v;
}

struct vma *
vma_split_range(struct aspace *as, u64 start, u64 end)
{
	struct vma *first = split_at(as, start);

	(void)split_at(as, end);
	return first;
}

/* Could b, right above a, be one VMA with it? */
bool
vma_can_follow(const struct vma *a, const struct vma *b)
{
	if (a->end != b->start || a->prot != b->prot || a->flags != b->flags ||
	    a->pager != b->pager || a->max_prot != b->max_prot ||
	    (a->flags & MAP_GROWSDOWN))
		return false;
	return !a->pager || a->pgdelta == b->pgdelta;
}

static void
join(struct aspace *as, struct vma *a, struct vma *b)
{
	u64 end = b->end;

	if (b->has_anon)
		WRITE_ONCE(a->has_anon, 1);
	vma_remove(as, b);
	vma_set_bounds(as, a, a->start, end);
}

struct vma *
vma_merge(struct aspace *as, struct vma *v)
{
	struct vma *other = vma_next(v);

	if (other && vma_can_follow(v, other))
		join(as, v, other);
	other = vma_prev(v);
	if (other && vma_can_follow(other, v)) {
		join(as, other, v);
		v = other;
	}
	return v;
}
