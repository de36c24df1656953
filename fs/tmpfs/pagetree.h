/*
 * A file's pages by index: a radix tree of frames, read under RCU.
 *
 * Inner nodes have 64 slots. A tree of height 0 is a single page, index 0, or
 * empty; height h covers 64^h pages. root holds the height in its low bits, so
 * that a reader gets both by one load.
 *
 * Writers hold the owner's lock; readers hold nothing. What a writer takes out
 * is given back after a grace period: a reader may copy from a page it has just
 * found.
 */
#pragma once

#include "kernel/lib/types.h"

struct frame;

#define PAGETREE_HEIGHT_MAX	6	/* 2^36 pages */
#define PAGETREE_PAGES_MAX	BIT(36)

struct pagetree {
	u64	root;			/* [owner's lock, read under RCU] */
	u64	npages;			/* [owner's lock] */
};

/* The page or NULL. Valid to the reader's end; to keep it, frame_ref() it. */
struct frame *pagetree_find(const struct pagetree *t, u64 index);

/* Put f, whose reference passes, at index, where nothing is. Draws on the
 * charge: up to 2 * PAGETREE_HEIGHT_MAX nodes (PAGETREE_FRAMES). */
void	pagetree_insert(struct pagetree *t, u64 index, struct frame *f);
#define PAGETREE_FRAMES		2

/* Take out the first page with index in [from, to); false: there is none left.
 * The page goes back after a grace period. */
bool	pagetree_remove_next(struct pagetree *t, u64 from, u64 to);
/* Take out all. */
void	pagetree_clear(struct pagetree *t);

/* The lowest index >= from that has (data) or lacks (!data) a page; ~0ull:
 * none. Under RCU or the owner's lock. */
u64	pagetree_next(const struct pagetree *t, u64 from, bool data);
