/*
 * The pages of a file, by index.
 */
#pragma once

#include "kernel/lib/types.h"

#define TREE_BITS	6
#define TREE_SLOTS	64u
#define TREE_HEIGHT_MAX	9u	/* 64^9 pages: more than any file offset */

struct frame;

/* The owner's lock guards it. */
struct page_tree {
	void	*root;		/* height 0: the frame of page 0; else a node */
	u32	height;
	u64	npages;
};

/* The frame at index, or NULL. */
struct frame *tree_find(const struct page_tree *t, u64 index);
/*
 * Put f[k], whose reference passes, at index + k, which is empty, for each of n
 * that is not NULL; the last is not. All are places of one lowest node, so that
 * they draw one path of nodes on the charge, however many they are.
 */
void	tree_insert(struct page_tree *t, u64 index, struct frame *const *f,
	    u32 n);
/* Take the frame at index out (its reference passes), freeing empty nodes. */
struct frame *tree_remove(struct page_tree *t, u64 index);
/* The index of the first page >= index, or ~0. */
u64	tree_next(const struct page_tree *t, u64 index);
