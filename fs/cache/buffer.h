/*
 * Buffers: blocks of metadata in memory, one cache for each mounted file
 * system. (A file's data is in pages: fs/cache/page.h.)
 *
 * A buffer is found by its block number, has a reference count, and its content
 * once it is up to date. What is in it is guarded by its file system's locks,
 * and changes only inside a transaction (fs/journal/journal.h), or, without a
 * journal, before buffer_dirty().
 *
 * Clean buffers without references are reclaimable: a shrinker frees them, the
 * least recently used first; those that a transaction has are pinned by the
 * references it takes. buffer.c has the theory.
 */
#pragma once

#include "kernel/dev/block.h"
#include "kernel/lib/list.h"
#include "kernel/lib/rbtree.h"
#include "kernel/lib/types.h"
#include "kernel/sync/rcu.h"
#include "kernel/sync/spinlock.h"

/* Atomic bits of state. */
#define BUF_UPTODATE	BIT(0)	/* data is the block's content */
#define BUF_DIRTY	BIT(1)	/* newer than the disk, may be written home */
#define BUF_BUSY	BIT(2)	/* a read or a write home is under way */
#define BUF_CHECKED	BIT(3)	/* the file system found its content sound */
#define BUF_FAILED	BIT(4)	/* the last read or write failed */
#define BUF_USED	BIT(5)	/* touched since the shrinker last looked */
#define BUF_TAGGED	BIT(6)	/* in cache.tagged: a reference */

/* I immutable; a atomic; c cache.lock; BUSY who set that bit; j the journal's
 * lock */
struct buffer {
	u64		block;		/* [I] in blocks of cache.block_bytes */
	struct buffer_cache *cache;	/* [I] */
	u8		*data;		/* [I] block_bytes, DMA may reach it */
	u32		refs;		/* [a] */
	u32		state;		/* [a] BUF_* */
	union {
		struct list	lru;	/* [c] */
		struct rcu_head	rcu;	/* dead */
	};
	struct hlist_node hash_node;	/* [c, read under RCU] */
	struct rb_node	tag_node;	/* [c] BUF_TAGGED: by block */
	struct block_seg seg;		/* [BUSY] */
	struct block_request rq;	/* [BUSY] */
	void		(*written)(struct buffer *b, int error); /* same */
	/* fs/journal's; zero and empty where there is no journal. */
	u32		kind;		/* [I once set] the file system's own:
					 * which check and checksum it has */
	u32		csum_seed;	/* [I once set] the file system's own */
	u32		j_flags;	/* [j] */
	u64		j_gen;		/* [j] counts what it joined */
	void		*j_running;	/* [j] transaction that changes it */
	void		*j_logged;	/* [j] newest committed one with it, not
					 * yet written home */
	struct list	j_node;		/* [j] of the running transaction */
	struct list	j_check;	/* [j] of the committed one */
	void		*j_undo;	/* [j] */
};

/* I immutable; l lock; a atomic */
struct buffer_cache {
	struct block_dev *dev;		/* [I] */
	u32		block_bytes;	/* [I] 1024, 2048 or 4096 */
	u64		nblocks;	/* [I] */
	struct spinlock	lock;
	struct rb_root	tagged;		/* [l] to be written, by block */
	struct list	lru;		/* [l] all; the next to look at first */
	u64		nbuffers;	/* [l] */
	struct list	node;		/* of all caches, for the shrinker */
};

void	buffer_init(void);		/* boot */
/* All of the blocks are on the device (asserted). */
void	buffer_cache_init(struct buffer_cache *c, struct block_dev *d,
	    u32 block_bytes, u64 nblocks);
/* Forget all; no references are left, what is dirty is lost. Sleeps. */
void	buffer_cache_fini(struct buffer_cache *c);

/*
 * The buffer of a block (below nblocks; asserted: check what a disk says
 * first), perhaps not up to date; a reference. Draws on the charge: a buffer
 * and a frame of data. _find: only if there is one, else NULL.
 */
struct buffer *buffer_get(struct buffer_cache *c, u64 block);
struct buffer *buffer_find(struct buffer_cache *c, u64 block);
/* The same, with its content read. 0, -EIO, -ENODEV. Sleeps; keeps the charge,
 * as the disk takes none. */
int	buffer_read(struct buffer_cache *c, u64 block, struct buffer **out);
/* The same for a block that is new: zeros, up to date, nothing is read. */
/* It may have been in memory, even BUSY: sleeps then. */
struct buffer *buffer_get_zero(struct buffer_cache *c, u64 block);
/* Start reading, if memory is not short: draws like buffer_get(). */
void	buffer_read_ahead(struct buffer_cache *c, u64 block);
void	buffer_ref(struct buffer *b);
void	buffer_put(struct buffer *b);		/* never sleeps */

/*
 * Write home what is dirty. A buffer that is changed while it is being written
 * stays dirty. What a journal has written, it starts by itself, with
 * buffer_write_start(), and never marks by buffer_dirty().
 */
void	buffer_dirty(struct buffer *b);		/* without a journal */
/* The first one at *block or behind it that was made dirty so, referenced;
 * *block is behind it then. NULL: there is none. */
struct buffer *buffer_next_dirty(struct buffer_cache *c, u64 *block);
/*
 * Start writing b home, dirty or not: no longer dirty, unless it is changed
 * meanwhile or the write fails (BUF_FAILED). b has a reference and is not BUSY;
 * it is until behind done(b, error), which is called in interrupt context, may
 * drop that reference, and may not start another write of b. buffer_wait()
 * returns after it. Never sleeps.
 */
void	buffer_write_start(struct buffer *b,
	    void (*done)(struct buffer *b, int error));
/* Write and await one, or all dirty ones. 0, -EIO, -ENODEV. Sleeps. */
int	buffer_write(struct buffer *b);
int	buffer_write_all(struct buffer_cache *c);
void	buffer_wait(struct buffer *b);		/* until it is not BUSY */
