/*
 * Red-black trees: the plain and the generally augmented form of
 * rbtree_core.h, and the walks.
 */
#include "kernel/lib/rbtree.h"
#include "kernel/lib/rbtree_core.h"

void
rb_insert_fix(struct rb_root *root, struct rb_node *node)
{
	rb_insert_core(root, node, NULL);
}

void
rb_erase(struct rb_root *root, struct rb_node *node)
{
	rb_erase_core(root, node, NULL);
}

void
rb_insert_fix_aug(struct rb_root *root, struct rb_node *node,
    const struct rb_augment *aug)
{
	rb_insert_core(root, node, aug->update);
}

void
rb_erase_aug(struct rb_root *root, struct rb_node *node,
    const struct rb_augment *aug)
{
	rb_erase_core(root, node, aug->update);
}

void
rb_propagate(struct rb_node *node, const struct rb_augment *aug)
{
	rb_propagate_core(node, aug->update);
}

void
rb_replace(struct rb_root *root, struct rb_node *old, struct rb_node *new)
{
	*new = *old;
	rb_change_child(root, rb_parent(old), old, new);
	if (new->left)
		rb_set_parent(new->left, new);
	if (new->right)
		rb_set_parent(new->right, new);
}

struct rb_node *
rb_first(const struct rb_root *root)
{
	struct rb_node *node = root->node;

	while (node && node->left)
		node = node->left;
	return node;
}

struct rb_node *
rb_last(const struct rb_root *root)
{
	struct rb_node *node = root->node;

	while (node && node->right)
		node = node->right;
	return node;
}

struct rb_node *
rb_next(const struct rb_node *node)
{
	struct rb_node *next = node->right;

	if (next) {
		while (next->left)
			next = next->left;
		return next;
	}
	next = rb_parent(node);
	while (next && node == next->right) {
		node = next;
		next = rb_parent(node);
	}
	return next;
}

struct rb_node *
rb_prev(const struct rb_node *node)
{
	struct rb_node *prev = node->left;

	if (prev) {
		while (prev->right)
			prev = prev->right;
		return prev;
	}
	prev = rb_parent(node);
	while (prev && node == prev->left) {
		node = prev;
		prev = rb_parent(node);
	}
	return prev;
}
