/*
 * The radix tree of a file's pages: see pagetree.h.
 */
#include "fs/tmpfs/pagetree.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/sync/rcu.h"

#define SLOT_BITS	6
#define SLOTS		64
#define HEIGHT_MASK	7ul		/* low bits of root */

/* o owner's lock; r read under RCU */
struct node {
	struct rcu_head	rcu;
	u32		used;		/* [o] slots in use */
	void		*slot[SLOTS];	/* [o, r] nodes, or frames at height 1 */
};

static KMEM_CACHE(node_cache, "tmpfs-node", struct node);

static inline u32
root_height(u64 root)
{
	return root & HEIGHT_MASK;
}

static inline void *
root_pointer(u64 root)
{
	return (void *)(root & ~HEIGHT_MASK);
}

static inline bool
height_covers(u32 height, u64 index)
{
	return index >> (SLOT_BITS * height) == 0;
}

static inline u32
slot_of(u64 index, u32 height)
{
	return index >> (SLOT_BITS * (height - 1)) & (SLOTS - 1);
}

struct frame *
pagetree_find(const struct pagetree *t, u64 index)
{
	u64 root = rcu_load(t->root);
	u32 h = root_height(root);
	void *p = root_pointer(root);

	if (!height_covers(h, index))
		return NULL;
	for (; h > 0 && p != NULL; h--)
		p = rcu_load(((struct node *)p)->slot[slot_of(index, h)]);
	return p;
}

static void
node_free(struct rcu_head *head)
{
	kmem_put(&node_cache, CONTAINER_OF(head, struct node, rcu));
}

/* A page out of the tree: its descriptor carries the callback. */
static void
page_free(struct rcu_head *head)
{
	struct frame *f = CONTAINER_OF(head, struct frame, rcu);

	frame_put(f);
}

/* ---- insertion ---- */

static void
tree_grow(struct pagetree *t, u64 index)
{
	for (;;) {
		u32 h = root_height(t->root);
		void *old = root_pointer(t->root);
		struct node *n;

		if (height_covers(h, index))
			return;
		assert(h < PAGETREE_HEIGHT_MAX);
		n = old != NULL ? kmem_get_zero(&node_cache) : NULL;
		if (n != NULL) {
			n->slot[0] = old;
			n->used = 1;
		}
		rcu_store(t->root, (u64)n | (h + 1));
	}
}

void
pagetree_insert(struct pagetree *t, u64 index, struct frame *f)
{
	struct node *n;
	u32 h;

	tree_grow(t, index);
	h = root_height(t->root);
	t->npages++;
	if (h == 0) {
		rcu_store(t->root, (u64)f);
		return;
	}
	n = root_pointer(t->root);
	if (n == NULL) {
		n = kmem_get_zero(&node_cache);
		rcu_store(t->root, (u64)n | h);
	}
	for (; h > 1; h--) {
		u32 s = slot_of(index, h);

		if (n->slot[s] == NULL) {
			struct node *child = kmem_get_zero(&node_cache);

			rcu_store(n->slot[s], child);
			n->used++;
		}
		n = n->slot[s];
	}
	dassert(n->slot[slot_of(index, 1)] == NULL);
	rcu_store(n->slot[slot_of(index, 1)], f);
	n->used++;
}

/* ---- search ---- */

/* The first index >= from with a page; the walk skips what is empty. */
static u64
next_data(const struct pagetree *t, u64 from)
{
	for (;;) {
		u64 root = rcu_load(t->root);
		u32 h = root_height(root);
		void *p = root_pointer(root);

		if (p == NULL || !height_covers(h, from))
			return ~0ull;
		for (; h > 0; h--) {
			struct node *n = p;

			p = rcu_load(n->slot[slot_of(from, h)]);
			if (p == NULL)
				break;
		}
		if (h == 0)
			return from;
		/* Nothing below this slot: on to the next at this height. */
		from = ((from >> (SLOT_BITS * (h - 1))) + 1) <<
		    (SLOT_BITS * (h - 1));
	}
}

u64
pagetree_next(const struct pagetree *t, u64 from, bool data)
{
	if (data)
		return next_data(t, from);
	while (pagetree_find(t, from) != NULL)
		from++;
	return from;
}

/* ---- removal ---- */

/* Clear the slot of index; free the nodes that this empties. */
static void
tree_clear_slot(struct pagetree *t, u64 index)
{
	struct node *path[PAGETREE_HEIGHT_MAX + 1];
	u32 top = root_height(t->root), h;
	struct node *n = root_pointer(t->root);

	for (h = top; h >= 1; h--) {
		path[h] = n;
		n = n->slot[slot_of(index, h)];
	}
	for (h = 1; h <= top; h++) {
		rcu_store(path[h]->slot[slot_of(index, h)], NULL);
		if (--path[h]->used != 0)
			return;
		if (h == top)
			rcu_store(t->root, 0);
		rcu_call(&path[h]->rcu, node_free);
	}
}

bool
pagetree_remove_next(struct pagetree *t, u64 from, u64 to)
{
	u64 index = next_data(t, from);
	struct frame *f;

	if (index >= to)
		return false;
	f = pagetree_find(t, index);
	if (root_height(t->root) == 0)
		rcu_store(t->root, 0);
	else
		tree_clear_slot(t, index);
	t->npages--;
	rcu_call(&f->rcu, page_free);
	return true;
}

void
pagetree_clear(struct pagetree *t)
{
	while (pagetree_remove_next(t, 0, ~0ull))
		;
}
