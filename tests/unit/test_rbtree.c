/*
 * Red-black trees: random inserts and erases against the rules, with an
 * augmented maximum checked at every node.
 */
#include "tests/unit/unit.h"

#include "kernel/lib/rbtree.h"
#include "kernel/lib/rbtree_core.h"

#define ITEMS			600

struct item {
	struct rb_node node;
	u64 key, weight, max;
	bool in;
};

static struct item items[ITEMS];

static struct item *
item_of(struct rb_node *n)
{
	return RB_ENTRY(n, struct item, node);
}

static u64
max_of(struct rb_node *n)
{
	struct item *it = item_of(n);
	u64 max = it->weight;

	if (n->left && item_of(n->left)->max > max)
		max = item_of(n->left)->max;
	if (n->right && item_of(n->right)->max > max)
		max = item_of(n->right)->max;
	return max;
}

static void
update(struct rb_node *n)
{
	item_of(n)->max = max_of(n);
}

static const struct rb_augment augment = { update };

/* Black height of the subtree, or -1 if a rule is broken. */
static int
check_tree(struct rb_node *n, struct rb_node *parent, bool augmented)
{
	int l, r;

	if (!n)
		return 0;
	if (rb_parent(n) != parent)
		return -1;
	if (!rb_is_black(n) && (!parent || !rb_is_black(parent)))
		return -1;
	if (augmented && item_of(n)->max != max_of(n))
		return -1;
	l = check_tree(n->left, n, augmented);
	r = check_tree(n->right, n, augmented);
	if (l < 0 || l != r)
		return -1;
	return l + rb_is_black(n);
}

/* Link by key; true if the way down never turned right. */
static bool
link_item(struct rb_root *root, struct item *it)
{
	struct rb_node **link = &root->node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		parent = *link;
		if (it->key < item_of(parent)->key) {
			link = &parent->left;
		} else {
			link = &parent->right;
			leftmost = false;
		}
	}
	rb_link(&it->node, parent, link);
	return leftmost;
}

static usize
check_order(struct rb_root *root)
{
	struct rb_node *n, *prev = NULL;
	usize count = 0;

	for (n = rb_first(root); n; prev = n, n = rb_next(n), count++) {
		CHECK(rb_prev(n) == prev);
		CHECK(!prev || item_of(prev)->key <= item_of(n)->key);
	}
	CHECK(rb_last(root) == prev);
	return count;
}

static void
random_ops(bool augmented)
{
	struct rb_root_cached root = RB_ROOT_CACHED_INIT;
	struct item *it;
	usize count = 0;
	bool left;

	memset(items, 0, sizeof(items));
	for (int step = 0; step < 20000; step++) {
		it = &items[unit_random() % ITEMS];
		if (it->in && augmented) {
			rb_erase_cached_aug(&root, &it->node, &augment);
		} else if (it->in) {
			rb_erase_cached(&root, &it->node);
		} else {
			it->key = unit_random() % 200;
			it->weight = unit_random();
			left = link_item(&root.root, it);
			if (augmented)
				rb_insert_fix_cached_aug(&root, &it->node,
				    left, &augment);
			else
				rb_insert_fix_cached(&root, &it->node, left);
		}
		it->in = !it->in;
		count += it->in ? 1 : -1;
		CHECK(rb_first_cached(&root) == rb_first(&root.root));
		if (step % 16 == 0 || count < 4)
			CHECK(check_tree(root.root.node, NULL, augmented) >=
			    0);
		if (step % 500 == 0)
			CHECK_EQ(check_order(&root.root), count);
	}
	for (int i = 0; i < ITEMS; i++)
		if (items[i].in)
			rb_erase_cached(&root, &items[i].node);
	CHECK(rb_is_empty(&root.root));
	CHECK(rb_first_cached(&root) == NULL);
}

static void
test_plain(void)
{
	random_ops(false);
}

static void
test_augmented(void)
{
	random_ops(true);
}

static void
test_replace(void)
{
	struct rb_root root = RB_ROOT_INIT;
	struct item spare = { .key = 50 };

	for (int i = 0; i < 100; i++) {
		items[i].key = (u64)i;
		link_item(&root, &items[i]);
		rb_insert_fix(&root, &items[i].node);
	}
	rb_replace(&root, &items[50].node, &spare.node);
	CHECK(check_tree(root.node, NULL, false) > 0);
	CHECK_EQ(check_order(&root), 100);
	CHECK(rb_next(&items[49].node) == &spare.node);
}

UNIT_MAIN("rbtree", { "plain", test_plain }, { "augmented", test_augmented },
    { "replace", test_replace })
