/*
 * Page trees: radix trees of 64 slots a node. A tree of height h has 64^h
 * places; height 0 is one page, so that a small file has no node. Nothing
 * recurses: an index's path is at most TREE_HEIGHT_MAX nodes.
 *
 * T1 no node is empty, so a tree without pages has no nodes and height 0.
 */
#include "fs/tmpfs/tree.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/annot.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"

struct tree_node {
	u32	used;		/* slots in use: > 0 (T1) */
	void	*slot[TREE_SLOTS];	/* nodes, or frames in the lowest */
};

static KMEM_CACHE(node_cache, "tmpfs_node", struct tree_node);

/* Is index beyond what a tree of height h has places for? */
static inline bool
is_beyond(u64 index, u32 height)
{
	return index >> TREE_BITS * height != 0;
}

/* The slot of index in a node at level (1 is the lowest). */
static inline u32
slot_no(u64 index, u32 level)
{
	return index >> TREE_BITS * (level - 1) & (TREE_SLOTS - 1);
}

struct frame *
tree_find(const struct page_tree *t, u64 index)
{
	const void *p = t->root;

	if (is_beyond(index, t->height))
		return NULL;
	for (u32 level = t->height; level > 0 && p != NULL; level--)
		p = ((const struct tree_node *)p)->slot[slot_no(index, level)];
	return (struct frame *)p;
}

static struct tree_node *
node_create(void)
{
	return kmem_get_zero(&node_cache);
}

/* Make the tree high enough for index. */
static void
grow(struct page_tree *t, u64 index)
{
	/* No index needs more (tree.h), and each turn adds one. */
	while_bound(TREE_HEIGHT_MAX, is_beyond(index, t->height)) {
		assert(t->height < TREE_HEIGHT_MAX);
		if (t->root != NULL) {
			struct tree_node *top = node_create();

			top->slot[0] = t->root;
			top->used = 1;
			t->root = top;
		}
		t->height++;
	}
}

/* The lowest node with index's place, made if missing; the height is not 0. */
static struct tree_node *
lowest_node(struct page_tree *t, u64 index)
{
	void **slot = &t->root;
	struct tree_node *n = NULL;

	for_bound(TREE_HEIGHT_MAX, u32 level = t->height; level > 0; level--) {
		if (n != NULL) {
			slot = &n->slot[slot_no(index, level + 1)];
			n->used += *slot == NULL;
		}
		if (*slot == NULL)
			*slot = node_create();
		n = *slot;
	}
	return n;
}

void
tree_insert(struct page_tree *t, u64 index, struct frame *const *f, u32 n)
{
	u32 first = slot_no(index, 1);
	struct tree_node *low;
	void **slot;

	assert(n > 0 && f[n - 1] != NULL && first + n <= TREE_SLOTS);
	grow(t, index + n - 1);
	low = t->height > 0 ? lowest_node(t, index) : NULL;
	slot = low != NULL ? &low->slot[first] : &t->root;
	for (u32 k = 0; k < n; k++) {
		if (f[k] == NULL)
			continue;
		assert(slot[k] == NULL);
		slot[k] = f[k];
		t->npages++;
		if (low != NULL)
			low->used++;
	}
}

struct frame *
tree_remove(struct page_tree *t, u64 index)
{
	struct tree_node *path[TREE_HEIGHT_MAX + 1];
	void *p = t->root;
	u32 level;

	if (p == NULL || is_beyond(index, t->height))
		return NULL;
	for (level = t->height; level > 0; level--) {
		path[level] = p;
		p = path[level]->slot[slot_no(index, level)];
		if (p == NULL)
			return NULL;
	}
	t->npages--;
	for (level = 1; level <= t->height; level++) {
		path[level]->slot[slot_no(index, level)] = NULL;
		if (--path[level]->used > 0)
			return p;
		kmem_put(&node_cache, path[level]);
	}
	t->root = NULL;				/* T1 */
	t->height = 0;
	return p;
}

u64
tree_next(const struct page_tree *t, u64 index)
{
	while (t->root != NULL && !is_beyond(index, t->height)) {
		const void *p = t->root;
		u32 level = t->height;

		while (level > 0 && p != NULL) {
			const struct tree_node *n = p;
			u32 s = slot_no(index, level);

			p = n->slot[s];
			if (p != NULL) {
				level--;
				continue;
			}
			/* The next subtree at this level, from its start. */
			while (s < TREE_SLOTS && n->slot[s] == NULL)
				s++;
			index = ((index >> TREE_BITS * level << TREE_BITS) +
			    s) << TREE_BITS * (level - 1);
			if (s == TREE_SLOTS)
				break;
			p = n->slot[s];
			level--;
		}
		if (level == 0 && p != NULL)
			return index;
	}
	return ~0ul;
}
