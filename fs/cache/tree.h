/*
 * Trees of objects by index: the pages of a file, the buffers of a device.
 *
 * Radix trees of 64 slots a node, as high as the largest index needs. Changes
 * are made under the owner's spinlock; look-ups go under RCU (tree_find_rcu()),
 * which finds an object that is being removed too: the reader takes a reference
 * by trying, and looks whether the object is still the one at that index. Each
 * node has a bit of each slot, and of all below it, for TREE_TAGS tags.
 *
 * An index is below ~0, which says "none"; an object's address is even.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/sync/rcu.h"

#define TREE_BITS	6
#define TREE_SLOTS	64u
#define TREE_HEIGHT_MAX	11u	/* 64^11 > 2^64 */

enum tree_tag { TREE_DIRTY, TREE_WRITEBACK, TREE_TAGS };

/* The owner's lock guards it; readers under RCU. All zero: empty. */
struct tree {
	void		*root;		/* NULL; the object at 0, if it is the
					 * only one; else a node (tree.c) */
	u32		root_tags;	/* of that object */
	u64		nobjects;
};

/* The object at index, or NULL. The second under RCU alone. */
void	*tree_find(const struct tree *t, u64 index);
void	*tree_find_rcu(const struct tree *t, u64 index);
/*
 * Put object[k] at index + k, which is empty, for each of n that is not NULL;
 * the last is not. All are places of one lowest node, so that they draw one
 * path of nodes on the charge, however many they are. No tags.
 */
void	tree_insert(struct tree *t, u64 index, void *const *object, u32 n);
/* Take the object at index out, or NULL. Empty nodes await a grace period. */
void	*tree_remove(struct tree *t, u64 index);
/* Another object in the place of one that is there; it has the same tags. */
void	tree_replace(struct tree *t, u64 index, void *object);
/* The first index >= index in use, or ~0. */
u64	tree_next(const struct tree *t, u64 index);

/* There is an object at index (except _is_tagged: then false). */
void	tree_tag(struct tree *t, u64 index, enum tree_tag tag);
void	tree_untag(struct tree *t, u64 index, enum tree_tag tag);
bool	tree_is_tagged(const struct tree *t, u64 index, enum tree_tag tag);
/* The first index >= index so tagged, or ~0. */
u64	tree_next_tagged(const struct tree *t, u64 index, enum tree_tag tag);
bool	tree_has_tagged(const struct tree *t, enum tree_tag tag);
