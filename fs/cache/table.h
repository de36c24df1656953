/*
 * Hash tables of what is cached: made at boot, never grown. The links are in
 * the objects, so that a look-up draws the object, and nothing else. (In a
 * radix tree each would count for the nodes of a whole path: most of what a
 * change of names could take, by its bound.)
 *
 * Readers go along a chain under RCU; an object that was found may be on its
 * way out. table.lock, a leaf, guards the chains; who may add and remove an
 * object, and that no two have one name, is the owner's to see to.
 */
#pragma once

#include "kernel/lib/hash.h"
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include "kernel/sync/spinlock.h"

#define CACHE_TABLE_FRAMES 512u		/* of chains, at most */
#define CACHE_CHAINS_PER_FRAME (PAGE_SIZE / sizeof(struct hlist))

/* I immutable after boot; the chains: lock */
struct cache_table {
	u32		shift;		/* [I] 64 - log2(chains) */
	u32		nchains;	/* [I] */
	struct spinlock	lock;
	struct hlist	*frame[CACHE_TABLE_FRAMES];	/* [I] */
};
#define CACHE_TABLE_INIT { .lock = SPINLOCK_INIT(LOCK_LEAF) }

/* Boot: a chain for each so many frames of memory. */
void	cache_table_init(struct cache_table *t);

static inline struct hlist *
cache_table_chain(const struct cache_table *t, u32 no)
{
	return &t->frame[no / CACHE_CHAINS_PER_FRAME]
	    [no % CACHE_CHAINS_PER_FRAME];
}

/* Where the object is that owner (a file system) knows by key. */
static inline struct hlist *
cache_chain_of(const struct cache_table *t, const void *owner, u64 key)
{
	return cache_table_chain(t,
	    (u32)(hash_u64(hash_u64(key) ^ (u64)owner) >> t->shift));
}

static inline void
cache_table_add(struct cache_table *t, struct hlist *chain,
    struct hlist_node *n)
{
	spin_lock(&t->lock);
	hlist_push(chain, n);
	spin_unlock(&t->lock);
}

static inline void
cache_table_remove(struct cache_table *t, struct hlist_node *n)
{
	spin_lock(&t->lock);
	hlist_remove(n);
	spin_unlock(&t->lock);
}
