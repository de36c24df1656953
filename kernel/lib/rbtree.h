/*
 * Intrusive red-black trees.
 *
 * The caller finds the place, since only it knows the order:
 *
 *	struct rb_node **link = &root->node, *parent = NULL;
 *
 *	while (*link) {
 *		parent = *link;
 *		link = key < KEY(parent) ? &parent->left : &parent->right;
 *	}
 *	rb_link(node, parent, link);
 *	rb_insert_fix(root, node);
 *
 * An augmented tree keeps in each node a value computed from the node and its
 * two children (a maximum gap, a minimum deadline). Its update callback
 * recomputes one node; the tree calls it bottom-up wherever children changed.
 * After changing a node's own value in place, call rb_propagate.
 *
 * No locks: the caller's lock guards tree and nodes. Nothing recurses.
 */
#pragma once

#include "kernel/lib/types.h"

struct rb_node {
	u64 parent_color;	/* parent address; bit 0 set means black */
	union {
		struct {
			struct rb_node *left, *right;
		};
		struct rb_node *child[2];
	};
};

struct rb_root {
	struct rb_node *node;
};

/* A tree that knows its least node: for queues that take from the left. */
struct rb_root_cached {
	struct rb_root root;
	struct rb_node *leftmost;
};

struct rb_augment {
	void (*update)(struct rb_node *node);
};

#define RB_ROOT_INIT		{ NULL }
#define RB_ROOT_CACHED_INIT	{ { NULL }, NULL }
#define RB_ENTRY(p, type, member)	CONTAINER_OF(p, type, member)
#define rb_entry_or_null(p, type, member) ({ \
	struct rb_node *rn_ = (p); \
	rn_ ? CONTAINER_OF(rn_, type, member) : NULL; })

static always_inline void
rb_init(struct rb_root *root)
{
	root->node = NULL;
}

static always_inline void
rb_init_cached(struct rb_root_cached *root)
{
	root->root.node = NULL;
	root->leftmost = NULL;
}

static always_inline bool
rb_is_empty(const struct rb_root *root)
{
	return root->node == NULL;
}

static always_inline struct rb_node *
rb_parent(const struct rb_node *node)
{
	return (struct rb_node *)(node->parent_color & ~1ul);
}

/* Mark a node as being in no tree, for rb_is_linked. */
static always_inline void
rb_node_init(struct rb_node *node)
{
	node->parent_color = (u64)node;
}

/* Meaningful only for nodes that rb_node_init marks whenever they leave. */
static always_inline bool
rb_is_linked(const struct rb_node *node)
{
	return node->parent_color != (u64)node;
}

/* Hang node, red and childless, at the empty *link below parent. */
static always_inline void
rb_link(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	node->parent_color = (u64)parent;
	node->left = NULL;
	node->right = NULL;
	*link = node;
}

/* Restore the colour rules after rb_link. */
void	rb_insert_fix(struct rb_root *root, struct rb_node *node);

/* Take node out of the tree it is in. Its own fields are left stale. */
void	rb_erase(struct rb_root *root, struct rb_node *node);

/* Both for an augmented tree; aug->update has been called where needed. */
void	rb_insert_fix_aug(struct rb_root *root, struct rb_node *node,
	    const struct rb_augment *aug);
void	rb_erase_aug(struct rb_root *root, struct rb_node *node,
	    const struct rb_augment *aug);

/* Recompute node and everything above it. */
void	rb_propagate(struct rb_node *node, const struct rb_augment *aug);

/* Put new in the place of old, which leaves the tree; same key, same value. */
void	rb_replace(struct rb_root *root, struct rb_node *old,
	    struct rb_node *new);

/* In-order neighbours; NULL past the ends. */
struct rb_node	*rb_first(const struct rb_root *root);
struct rb_node	*rb_last(const struct rb_root *root);
struct rb_node	*rb_next(const struct rb_node *node);
struct rb_node	*rb_prev(const struct rb_node *node);

/* Make node, not linked anywhere, the only one of an empty tree. */
static always_inline void
rb_insert_only(struct rb_root_cached *root, struct rb_node *node)
{
	node->parent_color = 1;		/* black, no parent */
	node->left = NULL;
	node->right = NULL;
	root->root.node = node;
	root->leftmost = node;
}

static always_inline struct rb_node *
rb_first_cached(const struct rb_root_cached *root)
{
	return root->leftmost;
}

/* As rb_insert_fix; is_leftmost tells that the way down never turned right. */
static always_inline void
rb_insert_fix_cached(struct rb_root_cached *root, struct rb_node *node,
    bool is_leftmost)
{
	if (is_leftmost)
		root->leftmost = node;
	rb_insert_fix(&root->root, node);
}

static always_inline void
rb_erase_cached(struct rb_root_cached *root, struct rb_node *node)
{
	if (root->leftmost == node)
		root->leftmost = rb_next(node);
	rb_erase(&root->root, node);
}

static always_inline void
rb_insert_fix_cached_aug(struct rb_root_cached *root, struct rb_node *node,
    bool is_leftmost, const struct rb_augment *aug)
{
	if (is_leftmost)
		root->leftmost = node;
	rb_insert_fix_aug(&root->root, node, aug);
}

static always_inline void
rb_erase_cached_aug(struct rb_root_cached *root, struct rb_node *node,
    const struct rb_augment *aug)
{
	if (root->leftmost == node)
		root->leftmost = rb_next(node);
	rb_erase_aug(&root->root, node, aug);
}
