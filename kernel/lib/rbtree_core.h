/*
 * The algorithms of rbtree.h as inline functions, so that a hot tree can have
 * its augmentation compiled in: call rb_insert_core and rb_erase_core with a
 * constant update function. Everybody else calls the functions of rbtree.h.
 *
 * The rules: the root is black; a red node has black children; every path from
 * a node to a missing leaf passes as many black nodes. dir is 0 for left and 1
 * for right; what is done on one side is done mirrored on the other.
 */
#pragma once

#include "kernel/lib/rbtree.h"

#define RB_BLACK		1ul

typedef void (*rb_update_fn)(struct rb_node *node);

static always_inline bool
rb_is_black(const struct rb_node *node)
{
	return node->parent_color & RB_BLACK;
}

/* A missing child counts as black. */
static always_inline bool
rb_is_red(const struct rb_node *node)
{
	return node && !rb_is_black(node);
}

static always_inline void
rb_set_parent(struct rb_node *node, struct rb_node *parent)
{
	node->parent_color = (u64)parent | (node->parent_color & RB_BLACK);
}

/* Make new stand where old stood under parent. */
static always_inline void
rb_change_child(struct rb_root *root, struct rb_node *parent,
    struct rb_node *old, struct rb_node *new)
{
	if (!parent)
		root->node = new;
	else if (parent->left == old)
		parent->left = new;
	else
		parent->right = new;
}

/* x sinks to side dir; its other child rises into its place. */
static always_inline void
rb_rotate(struct rb_root *root, struct rb_node *x, int dir,
    rb_update_fn update)
{
	struct rb_node *y = x->child[!dir], *inner = y->child[dir];
	struct rb_node *parent = rb_parent(x);

	x->child[!dir] = inner;
	if (inner)
		rb_set_parent(inner, x);
	y->child[dir] = x;
	rb_set_parent(y, parent);
	rb_change_child(root, parent, x, y);
	rb_set_parent(x, y);
	if (update) {
		update(x);
		update(y);
	}
}

static always_inline void
rb_propagate_core(struct rb_node *node, rb_update_fn update)
{
	if (update)
		for (; node; node = rb_parent(node))
			update(node);
}

/* Loop invariant: node is red, and only it and its parent may both be. */
static always_inline void
rb_insert_core(struct rb_root *root, struct rb_node *node,
    rb_update_fn update)
{
	struct rb_node *parent = rb_parent(node), *grand, *uncle;
	int dir;

	rb_propagate_core(node, update);
	for (;;) {
		if (!parent) {
			node->parent_color = RB_BLACK;
			return;
		}
		if (rb_is_black(parent))
			return;
		grand = rb_parent(parent);
		dir = parent == grand->right;
		uncle = grand->child[!dir];
		if (!rb_is_red(uncle))
			break;
		uncle->parent_color |= RB_BLACK;
		parent->parent_color |= RB_BLACK;
		grand->parent_color &= ~RB_BLACK;
		node = grand;
		parent = rb_parent(node);
	}
	if (node == parent->child[!dir]) {
		rb_rotate(root, parent, dir, update);
		parent = node;
	}
	parent->parent_color |= RB_BLACK;
	grand->parent_color &= ~RB_BLACK;
	rb_rotate(root, grand, !dir, update);
}

/*
 * Paths through one child of parent (at first the missing one) lack a black
 * node. Loop invariant: nothing else is wrong.
 */
static always_inline void
rb_erase_fix(struct rb_root *root, struct rb_node *parent,
    rb_update_fn update)
{
	struct rb_node *node = NULL, *sib;
	int dir;

	for (;;) {
		dir = parent->left != node;
		sib = parent->child[!dir];
		if (!rb_is_black(sib)) {
			sib->parent_color |= RB_BLACK;
			parent->parent_color &= ~RB_BLACK;
			rb_rotate(root, parent, dir, update);
			sib = parent->child[!dir];
		}
		if (rb_is_red(sib->child[0]) || rb_is_red(sib->child[1]))
			break;
		sib->parent_color &= ~RB_BLACK;
		node = parent;
		parent = rb_parent(node);
		if (!rb_is_black(node) || !parent) {
			node->parent_color |= RB_BLACK;
			return;
		}
	}
	if (!rb_is_red(sib->child[!dir])) {
		rb_rotate(root, sib, !dir, update);
		sib->parent_color &= ~RB_BLACK;
		sib = parent->child[!dir];
	}
	sib->parent_color = (sib->parent_color & ~RB_BLACK) |
	    (parent->parent_color & RB_BLACK);
	parent->parent_color |= RB_BLACK;
	sib->child[!dir]->parent_color |= RB_BLACK;
	rb_rotate(root, parent, dir, update);
}

/*
 * Unlink node, which has two children, by putting its successor in its place.
 * Returns the deepest node whose child changed; *fix is that node too if a
 * black one went missing below it, else NULL.
 */
static always_inline struct rb_node *
rb_unlink_inner(struct rb_root *root, struct rb_node *node,
    struct rb_node **fix)
{
	struct rb_node *succ = node->right, *parent = succ, *child;

	if (succ->left) {
		do {
			succ = succ->left;
		} while (succ->left);
		parent = rb_parent(succ);
		parent->left = succ->right;
		succ->right = node->right;
		rb_set_parent(succ->right, succ);
		child = parent->left;
	} else {
		child = succ->right;
	}
	*fix = NULL;
	if (child)
		child->parent_color = (u64)parent | RB_BLACK;
	else if (rb_is_black(succ))
		*fix = parent;
	succ->left = node->left;
	rb_set_parent(succ->left, succ);
	succ->parent_color = node->parent_color;
	rb_change_child(root, rb_parent(node), node, succ);
	return parent;
}

static always_inline void
rb_erase_core(struct rb_root *root, struct rb_node *node,
    rb_update_fn update)
{
	struct rb_node *child, *parent, *fix = NULL;
	u64 pc = node->parent_color;

	if (node->left && node->right) {
		parent = rb_unlink_inner(root, node, &fix);
	} else {
		child = node->left ? node->left : node->right;
		parent = (struct rb_node *)(pc & ~RB_BLACK);
		rb_change_child(root, parent, node, child);
		/* An only child is red, so node is black: it inherits that. */
		if (child)
			child->parent_color = pc;
		else if (pc & RB_BLACK)
			fix = parent;
	}
	rb_propagate_core(parent, update);
	if (fix)
		rb_erase_fix(root, fix, update);
}
