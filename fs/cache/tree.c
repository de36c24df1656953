/*
 * Radix trees of 64 slots a node. Nothing recurses: an index's path is at most
 * TREE_HEIGHT_MAX nodes.
 *
 * A tree whose one object is at index 0 has no node, so that a small file costs
 * none. The root's lowest bit tells a node from an object, and a node knows how
 * high it stands; so a reader under RCU, who loads the root once, has a height
 * that fits it. A tree grows at its root: who loaded the old one does not find
 * what was put in place later. A node's contents are written before what points
 * at it; a node that is taken out keeps its slots until a grace period is over.
 *
 * A node has a map of its slots for each tag: which have the tag, or something
 * below them that has it. Being in use is one more such tag, which every object
 * has. So one search serves them all, and never goes down in vain twice.
 *
 * T1 a bit in a node's map is set exactly if its slot's object has the tag, or,
 *    higher up, if the node below has a bit in the same map.
 * T2 by T1 no node is empty; a tree without objects has no nodes.
 */
#include "fs/cache/tree.h"
#include "kernel/lib/annot.h"
#include "kernel/lib/assert.h"
#include "kernel/mem/slab.h"

#define TAG_USED	TREE_TAGS	/* every object has it */
#define NODE_BIT	1ul		/* in the root: it is a node */

struct tree_node {
	union {
		u64		map[TREE_TAGS + 1];	/* by tag: slots */
		struct rcu_head	rcu;	/* taken out; no reader needs maps */
	};
	u32		shift;		/* of an index: 0 in the lowest nodes */
	void		*slot[TREE_SLOTS];	/* nodes, or objects */
};

static KMEM_CACHE(node_cache, "tree_node", struct tree_node);

/* From the root (0) to the lowest node with an index's place. */
struct tree_path {
	u32		n;
	struct tree_node *node[TREE_HEIGHT_MAX];
};

static inline bool
is_node(const void *root)
{
	return (u64)root & NODE_BIT;
}

/*
 * Slots hold nodes and, in the lowest, objects of any type. Nodes go through
 * numbers on the way, or the analyzer would take each for what comes out as an
 * object somewhere (tools/bounds/flow_pun.c).
 */
static inline void *
node_entry(struct tree_node *n)
{
	return (void *)(u64)n;
}

static inline struct tree_node *
entry_node(void *entry)
{
	return (struct tree_node *)(u64)entry;
}

static inline struct tree_node *
root_node(void *root)
{
	return (struct tree_node *)((u64)root - NODE_BIT);
}

static inline void
root_set(struct tree *t, struct tree_node *n)
{
	rcu_store(t->root, (void *)((u64)n + NODE_BIT));
}

static inline u32
slot_no(u64 index, const struct tree_node *n)
{
	return index >> n->shift & (TREE_SLOTS - 1);
}

/* Is index beyond what a root n has places for? */
static inline bool
is_beyond(u64 index, const struct tree_node *n)
{
	return index >> n->shift >= TREE_SLOTS;
}

/* ---- finding ---- */

static always_inline void *
find(void *p, u64 index)
{
	const struct tree_node *n;
	u64 s;

	if (!is_node(p))
		return index == 0 ? p : NULL;
	n = root_node(p);
	s = index >> n->shift;
	if (unlikely(s >= TREE_SLOTS))
		return NULL;
	for (;;) {
		p = rcu_load(n->slot[s]);
		if (n->shift == 0 || p == NULL)
			return p;
		n = entry_node(p);
		s = slot_no(index, n);
	}
}

void *
tree_find(const struct tree *t, u64 index)
{
	return find(t->root, index);
}

void *
tree_find_rcu(const struct tree *t, u64 index)
{
	return find(rcu_load(t->root), index);
}

/* The path to index, which has an object; else false. The root is a node. */
static bool
path_to(const struct tree *t, u64 index, struct tree_path *path)
{
	struct tree_node *n = root_node(t->root);

	path->n = 0;
	if (is_beyond(index, n))
		return false;
	for (;;) {
		path->node[path->n++] = n;
		if (!(n->map[TAG_USED] & BIT(slot_no(index, n))))
			return false;
		if (n->shift == 0)
			return true;
		n = entry_node(n->slot[slot_no(index, n)]);
	}
}

/* The lowest node on a path to an object. */
static inline struct tree_node *
path_low(const struct tree_path *path)
{
	return path->node[path->n - 1];
}

static u64
next_with(const struct tree *t, u64 index, u32 tag)
{
	const struct tree_node *n;

	if (!is_node(t->root))
		return index == 0 && t->root_tags & BIT(tag) ? 0 : ~0ul;
	n = root_node(t->root);
	while (!is_beyond(index, root_node(t->root))) {
		u32 s = slot_no(index, n);
		u64 bits = n->map[tag] >> s << s, at = index >> n->shift;

		if (bits == 0) {
			/* On from behind n; in what is found there, index is
			 * the first place, so this comes once a level. */
			index = ((at | (TREE_SLOTS - 1)) + 1) << n->shift;
			if (n == root_node(t->root) || index == 0)
				break;
			n = root_node(t->root);
			continue;
		}
		if (!(bits & BIT(s))) {
			s = __builtin_ctzl(bits);
			index = ((at & ~(u64)(TREE_SLOTS - 1)) + s) << n->shift;
		}
		if (n->shift == 0)
			return index;
		n = entry_node(n->slot[s]);
	}
	return ~0ul;
}

u64
tree_next(const struct tree *t, u64 index)
{
	return next_with(t, index, TAG_USED);
}

u64
tree_next_tagged(const struct tree *t, u64 index, enum tree_tag tag)
{
	return next_with(t, index, tag);
}

/* ---- putting in ---- */

static struct tree_node *
node_create(u32 shift)
{
	struct tree_node *n = kmem_get_zero(&node_cache);

	n->shift = shift;
	return n;
}

/* A new root above the old one, which is the object at 0 or a node. */
static struct tree_node *
root_create(struct tree *t)
{
	struct tree_node *top, *old;

	if (!is_node(t->root)) {
		top = node_create(0);
		top->slot[0] = t->root;
		for (u32 tag = 0; tag <= TAG_USED; tag++)
			top->map[tag] = t->root_tags >> tag & 1;
		t->root_tags = 0;
		return top;
	}
	old = root_node(t->root);
	top = node_create(old->shift + TREE_BITS);
	top->slot[0] = node_entry(old);
	for (u32 tag = 0; tag <= TAG_USED; tag++)
		top->map[tag] = old->map[tag] != 0;
	return top;
}

/* The root node, of a tree high enough for index. */
static struct tree_node *
root_for(struct tree *t, u64 index)
{
	u32 shift = 0;

	if (t->root == NULL) {
		while (index >> shift >= TREE_SLOTS)
			shift += TREE_BITS;
		root_set(t, node_create(shift));
		return root_node(t->root);
	}
	/* No index needs more, and each turn adds one. */
	while_bound(TREE_HEIGHT_MAX,
	    !is_node(t->root) || is_beyond(index, root_node(t->root)))
		root_set(t, root_create(t));
	return root_node(t->root);
}

/* The lowest node with index's place, made if missing. */
static struct tree_node *
lowest_node(struct tree *t, u64 index)
{
	struct tree_node *n = root_for(t, index), *below;

	/* The root is there, which makes one less. */
	while_bound(TREE_HEIGHT_MAX - 1, n->shift > 0) {
		void **slot = &n->slot[slot_no(index, n)];

		below = entry_node(*slot);
		if (below == NULL) {
			below = node_create(n->shift - TREE_BITS);
			n->map[TAG_USED] |= BIT(slot_no(index, n));
			rcu_store(*slot, node_entry(below));
		}
		n = below;
	}
	return n;
}

void
tree_insert(struct tree *t, u64 index, void *const *object, u32 n)
{
	u32 first = index & (TREE_SLOTS - 1);
	struct tree_node *low;

	assert(n > 0 && object[n - 1] != NULL && first + n <= TREE_SLOTS);
	assert(index + n - 1 != ~0ul);
	if (t->root == NULL && index + n - 1 == 0) {
		t->root_tags = BIT(TAG_USED);
		t->nobjects = 1;
		rcu_store(t->root, object[0]);
		return;
	}
	low = lowest_node(t, index);
	for (u32 k = 0; k < n; k++) {
		if (object[k] == NULL)
			continue;
		assert(low->slot[first + k] == NULL);
		rcu_store(low->slot[first + k], object[k]);
		low->map[TAG_USED] |= BIT(first + k);
		t->nobjects++;
	}
}

void
tree_replace(struct tree *t, u64 index, void *object)
{
	struct tree_path path;
	struct tree_node *low;
	bool is_there;

	if (!is_node(t->root)) {
		assert(index == 0 && t->root != NULL);
		rcu_store(t->root, object);
		return;
	}
	is_there = path_to(t, index, &path);
	assert(is_there);
	low = path_low(&path);
	rcu_store(low->slot[slot_no(index, low)], object);
}

/* ---- tags ---- */

void
tree_tag(struct tree *t, u64 index, enum tree_tag tag)
{
	struct tree_path path;
	bool is_there;

	if (!is_node(t->root)) {
		assert(index == 0 && t->root != NULL);
		t->root_tags |= BIT(tag);
		return;
	}
	is_there = path_to(t, index, &path);
	assert(is_there);
	for (u32 k = path.n; k-- > 0; )
		path.node[k]->map[tag] |= BIT(slot_no(index, path.node[k]));
}

/* T1: from the bottom up, as long as it was the node's only one. */
static void
path_untag(const struct tree_path *path, u64 index, u32 tag)
{
	for (u32 k = path->n; k-- > 0; ) {
		struct tree_node *n = path->node[k];

		n->map[tag] &= ~BIT(slot_no(index, n));
		if (n->map[tag] != 0)
			return;
	}
}

void
tree_untag(struct tree *t, u64 index, enum tree_tag tag)
{
	struct tree_path path;
	bool is_there;

	if (!is_node(t->root)) {
		assert(index == 0 && t->root != NULL);
		t->root_tags &= ~BIT(tag);
		return;
	}
	is_there = path_to(t, index, &path);
	assert(is_there);
	path_untag(&path, index, tag);
}

bool
tree_is_tagged(const struct tree *t, u64 index, enum tree_tag tag)
{
	return next_with(t, index, tag) == index && index != ~0ul;
}

bool
tree_has_tagged(const struct tree *t, enum tree_tag tag)
{
	return (is_node(t->root) ? root_node(t->root)->map[tag] :
	    t->root_tags & BIT(tag)) != 0;
}

/* ---- taking out ---- */

static void
node_free_rcu(struct rcu_head *head)
{
	kmem_put(&node_cache, CONTAINER_OF(head, struct tree_node, rcu));
}

/* T2: the nodes of a path that index's object was the last of. They are not
 * free before this CPU is out of its lock, so the order does not matter. */
static void
path_prune(struct tree *t, const struct tree_path *path, u64 index)
{
	for (u32 k = path->n; k-- > 0; ) {
		struct tree_node *n = path->node[k];
		u32 s = slot_no(index, n);

		WRITE_ONCE(n->slot[s], NULL);
		n->map[TAG_USED] &= ~BIT(s);
		if (n->map[TAG_USED] != 0)
			return;
		if (k == 0)
			WRITE_ONCE(t->root, NULL);
		rcu_call(&n->rcu, node_free_rcu);
	}
}

void *
tree_remove(struct tree *t, u64 index)
{
	struct tree_path path;
	struct tree_node *low;
	void *p = t->root;

	if (!is_node(p)) {
		if (p == NULL || index != 0)
			return NULL;
		WRITE_ONCE(t->root, NULL);
		t->root_tags = 0;
		t->nobjects = 0;
		return p;
	}
	if (!path_to(t, index, &path))
		return NULL;
	low = path_low(&path);
	p = low->slot[slot_no(index, low)];
	for (u32 tag = 0; tag < TREE_TAGS; tag++)
		if (low->map[tag] & BIT(slot_no(index, low)))
			path_untag(&path, index, tag);
	path_prune(t, &path, index);
	t->nobjects--;
	return p;
}
