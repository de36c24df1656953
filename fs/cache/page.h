/*
 * The page cache: pages of files (and of raw disks) in memory, shared by
 * read(2), write(2), mmap(2) and sendfile(2). page.c has the theory.
 *
 * A mapping is one file's pages. Its file system says where blocks are
 * (mapping_ops); everything else is here: finding, filling, read-ahead,
 * dirtying, writing back, throttling, eviction.
 */
#pragma once

#include "fs/cache/tree.h"
#include "kernel/dev/block.h"
#include "kernel/file/uio.h"
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include "kernel/mem/frame.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/wait.h"
#include "kernel/vm/aspace.h"

struct flusher;
struct mapping;

/* frame.flags of a page in a mapping, atomic bits. */
#define PAGE_UPTODATE	BIT(0)	/* all its bytes are the file's */
#define PAGE_BUSY	BIT(1)	/* being filled, or taken out: wait */
#define PAGE_DIRTY	BIT(2)	/* newer than the disk */
#define PAGE_WRITEBACK	BIT(3)	/* being written: its blocks stay */
#define PAGE_FRESH	BIT(4)	/* brought in, and not yet used to its end */
#define PAGE_USED	BIT(5)	/* touched since it was last looked at */
#define PAGE_MAIN	BIT(6)	/* in the main queue (evict.c) */
#define PAGE_SPACE	BIT(7)	/* it has ops->reserve()d its blocks */

/* Where some blocks of a file are. */
enum map_kind { MAP_HOLE, MAP_BLOCKS, MAP_UNWRITTEN };
struct map_run {
	enum map_kind	kind;
	u32		n;		/* blocks, at least 1 */
	u64		block;		/* on the device; not of holes */
};

#define BATCH_PAGES	256u		/* written in one go */

/* Dirty pages on their way to the disk, in order of index, PAGE_WRITEBACK. */
struct page_batch {
	struct mapping	*mapping;
	u32		npages;
	struct frame	*page[BATCH_PAGES];	/* a reference each */
	int		error[1];	/* the first; 0: all is written */
};

/* All may sleep; none may renew the charge or take an inode's lock (but
 * write() may take the file system's own for blocks). */
struct mapping_ops {
	/*
	 * The run of blocks that lblock begins, at most max of them. Draws on
	 * the charge what reading metadata takes. 0, -EIO, -EUCLEAN; -EAGAIN:
	 * it took frames for metadata, which is in memory now: ask again in
	 * another segment. mapping.lock is held for reading.
	 */
	int	(*map)(struct mapping *m, u64 lblock, u32 max,
		    struct map_run *out);
	/*
	 * Set disk space aside for a page that is to be dirtied, if it needs
	 * any: -ENOSPC, -EDQUOT, -EIO (the file system is dead). 1: it was
	 * set aside (PAGE_SPACE), 0: it has all its blocks, -EAGAIN as map().
	 * Under mapping.lock, reading; draws like map().
	 */
	int	(*reserve)(struct mapping *m, u64 index);
	/* Such a page goes without having been written. No sleep. */
	void	(*unreserve)(struct mapping *m, u32 npages);
	/*
	 * Write the batch: give blocks to what has none, write, and then name
	 * them. All is on the disk (not flushed) when it returns; sets
	 * error. Holds nothing when called, has a charge of its own and may
	 * renew it, on tickets always (the flusher's, or fsync's). What
	 * was set aside for the batch's pages is used up: PAGE_SPACE is taken
	 * off when it returns. 0, or -EINTR (killed: all is dirty again).
	 */
	int	(*write)(struct mapping *m, struct page_batch *b);
	/* The reference that a pager, or dirty pages, hold: the inode's. get
	 * is called under spinlocks. */
	void	(*get)(struct mapping *m);
	void	(*put)(struct mapping *m);		/* never sleeps */
	int	(*path)(struct mapping *m, char *buf, usize len);
	void	(*identity)(struct mapping *m, u64 *dev, u64 *ino);
};

/* I immutable; s spin; a atomic; lock: pages are brought in and blocks looked
 * up under it for reading; pages are taken out for good, and the layout of
 * blocks that are in use changed (truncate, punch), under it for writing */
struct mapping {
	const struct mapping_ops *ops;	/* [I] */
	struct pager	pager;		/* for mmap */
	struct block_dev *dev;		/* [I] */
	u32		block_shift;	/* [I] log2 of bytes: 10 to 12, or 9
					 * where all blocks lie in a row */
	const s64	*size;		/* [I] the inode's, bytes */
	struct rwlock	lock;		/* LOCK_MAPPING */
	struct spinlock	spin;		/* LOCK_PCACHE: the tree, tags */
	struct tree	tree;		/* [s, read under RCU] frames */
	u64		ndirty;		/* [s] pages */
	u64		nwriteback;	/* [s] */
	u64		dirty_since_ns;	/* [s] 0: clean */
	s64		write_end;	/* [s] how far a write has got that has
					 * not raised the size yet */
	u32		has_writers;	/* [a] pages may be mapped writable */
	int		error;		/* [s] of a write, until an fsync tells:
					 * each open file once (errseq) */
	u32		error_seq;	/* [s] counts errors */
	struct list	flush_node;	/* [flush lock] has dirty pages */
	struct flusher	*flusher;	/* [I] who writes it back: the caller
					 * of mapping_init() sets it */
};

/* Read-ahead of one open file. o the file's position holder */
struct readahead {
	u64		next;		/* [o] byte where a sequence goes on */
	u64		ahead;		/* [o] read up to here */
	u32		window;		/* [o] pages; 0: random */
};

void	page_cache_init(void);		/* boot, before the first mapping */
void	bdev_init(void);		/* boot, when all disks are known */
void	mapping_init(struct mapping *m, const struct mapping_ops *ops,
	    struct block_dev *dev, u32 block_shift, const s64 *size);
/* The file is dying: forget all pages, dirty ones too. Awaits writeback. */
void	mapping_fini(struct mapping *m);

/*
 * read(2): bytes from *pos on, up to the size; advances. What is not in memory
 * is read in segments of rows of its own, between two of the caller's, whose
 * row needs nothing for it. Holds nothing. ra NULL: no read-ahead. 0 at
 * the end, -EIO, -EFAULT, -EINTR.
 */
isize	page_read(struct mapping *m, struct readahead *ra, struct uio *to,
	    s64 *pos);
/*
 * One chunk of write(2), at pos: the caller holds the inode's lock for writing,
 * has a charge, and goes on after *why is looked at, unlocked: like
 * fs/tmpfs/data.c. Grows no size: the caller does. Bytes; *why says why it
 * stopped.
 */
enum page_stop {
	PAGE_STOP_DONE,		/* all is copied */
	PAGE_STOP_TURN,		/* the chunk is full: renew and go on */
	PAGE_STOP_FAULT,	/* a user page is missing: uio_fault_in() */
	PAGE_STOP_FILL,		/* page_fill() the page at pos, then go on */
	PAGE_STOP_ERROR,	/* *error says which */
};
usize	page_write_locked(struct mapping *m, struct uio *from, s64 pos,
	    enum page_stop *why, int *error);
/* Before a chunk, holding nothing and without a charge: wait while too much is
 * dirty. 0, -EINTR. */
int	page_throttle(struct mapping *m);
/* Have the page of index in memory, up to date. Renews nothing: one page's
 * frames, on the charge. 0, -EIO, -EAGAIN: ask again in another segment. */
int	page_fill(struct mapping *m, u64 index);
/* Zero [from, to) of what the file has there, within one page; a partial block
 * on disk is read first. The page becomes dirty, unless it is all a hole. The
 * inode's lock is held for writing, mapping.lock is not. Draws one page. 0,
 * -EIO, -ENOSPC, -EAGAIN: ask again in another segment. */
int	page_zero(struct mapping *m, u64 from, u64 to);

/* Write back [first, last] and wait: fsync. holds nothing; renewal points
 * inside. 0, -EIO, -ENOSPC, -EINTR. */
int	page_sync(struct mapping *m, u64 first, u64 last);
/* Start to, without waiting. */
void	page_sync_start(struct mapping *m, u64 first, u64 last);
/* The error of a write since *seq, once. Each open file keeps a seq, which
 * begins as m->error_seq. Pages that failed are clean. */
int	page_error(struct mapping *m, u32 *seq);

/* Take pages [first, last] out, unmapping them; awaits writeback. mapping.lock
 * is held for writing. */
void	page_drop(struct mapping *m, u64 first, u64 last);
/* The same for clean pages only, before O_DIRECT. -EBUSY: some are not. */
int	page_invalidate(struct mapping *m, u64 first, u64 last);
/*
 * O_DIRECT, through frames of rows of its own: pos and length are multiples of
 * sector, of the disk. Coherent with pages: dirty ones are written first, and
 * a write takes them out. Holds nothing. Bytes, -EINVAL, -EIO, -EINTR, -EFAULT.
 * A write goes to blocks below the size only; it stops, perhaps with 0, at
 * what has none: the caller then writes it through pages, and page_sync()s.
 */
isize	page_direct_read(struct mapping *m, struct uio *to, s64 *pos);
isize	page_direct_write(struct mapping *m, struct uio *from, s64 *pos);

/* The first page >= index that is in memory and dirty, or ~0: SEEK_DATA. */
u64	page_next_dirty(struct mapping *m, u64 index);

/* pager_ops of all mappings; mapping.pager has them. */
extern const struct pager_ops page_pager_ops;

/* Percent of free frames and page cache that may be dirty: above the first
 * flushers write all, above the second writers wait. a atomic */
extern u32 dirty_background_percent, dirty_limit_percent;

/* Flushers: one thread for each mounted disk file system. */
struct flusher_ops {
	/* Now and then, and when asked: write inodes that are dirty in memory.
	 * On tickets; renewal points allowed. */
	void	(*inodes)(void *priv);
};
/* ops may be NULL. Draws a thread, a frame and an object on the charge. */
struct flusher *flusher_create(const char *name, const struct flusher_ops *ops,
	    void *priv);
/* All is clean or gone. Sleeps. */
void	flusher_destroy(struct flusher *f);
void	flusher_kick(struct flusher *f);	/* write all; any context */
/* The same, and wait until it is done: sync(2). Holds nothing; a renewal
 * point. 0, -EINTR. */
int	flusher_sync(struct flusher *f);
/* The flusher of raw disks. */
extern struct flusher *bdev_flusher;
/* Write what programs have written to a raw disk, and forget its pages: before
 * it is mounted. Holds nothing; a renewal point. 0, -EIO, -EINTR. */
int	bdev_flush(struct block_dev *d);

struct page_cache_stats {
	u64	pages, dirty, writeback, main, small;	/* pages */
	u64	hits, misses, read_ahead, evicted, throttled;
};
void	page_cache_stats(struct page_cache_stats *out);
