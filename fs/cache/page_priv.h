/*
 * What the files of the page cache share.
 */
#pragma once

#include "fs/cache/page.h"
#include "kernel/lib/atomic.h"
#include "kernel/vm/reserve.h"
#include "kernel/x86/percpu.h"

#define FILL_PAGES	32u	/* brought in by one request: 128 KiB */
#define PAGE_BLOCKS_MAX	4u	/* blocks of a page: 1 KiB each at least,
				 * where a page's blocks may lie apart */
#define WRITE_PAGES	16u	/* of a chunk of write(2) */
#define DROP_BATCH	32u

/* ---- page.c: finding, states, taking out ---- */

/* Since boot, by CPU. */
struct page_events {
	u64	hits, misses, read_ahead, evicted, throttled;
};
PERCPU_DECLARE(struct page_events, page_events);
#define page_events_add(what, n_)	(page_events.what += (n_))

/* Pages in all mappings. a atomic */
struct page_counts {
	u64	pages;			/* [a] */
	u64	dirty, writeback;	/* [a] */
};
extern struct page_counts page_counts;

/* Is f the page of m at index? f has a reference. */
static inline bool
page_is_at(const struct frame *f, const struct mapping *m, u64 index)
{
	return READ_ONCE(f->fc_owner) == m && READ_ONCE(f->fc_index) == index &&
	    READ_ONCE(f->use) == FRAME_FILE;
}

static inline u8
page_flags(const struct frame *f)
{
	return __atomic_load_n(&f->flags, __ATOMIC_ACQUIRE);
}

/*
 * The page at index in whatever state, with a reference, or NULL (P1, P2). No
 * lock; the rest of the kernel may take f from m any time.
 */
static inline struct frame *
page_find(struct mapping *m, u64 index)
{
	struct frame *f;
	u32 refs;

	rcu_read_lock();
	for (;;) {
		f = tree_find_rcu(&m->tree, index);
		if (f == NULL)
			break;
		refs = atomic_load_relaxed(&f->refs);
		while (refs != 0 &&
		    !atomic_try_cmpxchg(&f->refs, &refs, refs + 1))
			;
		if (unlikely(refs == 0))
			continue;	/* it is on its way out */
		if (likely(page_is_at(f, m, index)))
			break;
		frame_put(f);
	}
	rcu_read_unlock();
	return f;
}

/* A use of the page, which went to the page's end, or not. */
static inline void
page_touch(struct frame *f, bool to_end)
{
	u8 flags = READ_ONCE(f->flags);

	if (flags & PAGE_FRESH) {
		if (to_end)
			atomic_and(&f->flags, (u8)~PAGE_FRESH);
	} else if (!(flags & PAGE_USED)) {
		atomic_or(&f->flags, (u8)PAGE_USED);
	}
}

/* Sleep, keeping the charge, until f has none of these flags. */
void	page_wait(struct frame *f, u8 flags);
/* f, which is BUSY, or WRITEBACK, is so no more. Any context. */
void	page_unbusy(struct frame *f, bool uptodate);
void	page_wake(struct frame *f);
struct waitq *page_queue(const void *key);	/* one of a few */
/*
 * Wait until f (a reference) is filled: 0. If it could not be it is taken out:
 * -EIO if the caller himself had it filled (is_mine); else -EAGAIN, since its
 * neighbours may have been at fault: try it yourself. -EAGAIN, too: it is no
 * longer the page of index. On error the reference is dropped.
 */
int	page_settle(struct mapping *m, u64 index, struct frame *f,
	    bool is_mine);
/* Put page[0..n), with NULLs between, into the tree at index: BUSY, FRESH, one
 * reference each (the tree's). m->spin held; their places are empty. */
void	page_insert_locked(struct mapping *m, u64 index,
	    struct frame *const *page, u32 n);
/* Take f out of the tree, with its tags and counts: true if it had space set
 * aside. m->spin held. Then page_gone(), unlocked. */
bool	page_remove_locked(struct mapping *m, struct frame *f);
/* f has been taken out: off the queues, and the tree's reference dropped. */
void	page_gone(struct frame *f);
/* Take out a BUSY page that is not to be filled, and wake who waits. */
void	page_abandon(struct mapping *m, struct frame *f);

/* ---- read.c: filling ---- */

/* Frames for a fill, and what it is to bring in. */
struct fill {
	struct mapping	*m;
	u64		index;
	u32		n;		/* frames in page[] */
	struct frame	*page[FILL_PAGES];
};
/*
 * Start bringing in the pages from index on, as many as there are frames, up to
 * the first that is there and as far as one run of blocks goes. What is left of
 * the frames is put. *first: the page at index with a reference, BUSY perhaps;
 * NULL: somebody else has put it in, look again. 0, or map()'s error.
 * mapping.lock is not held.
 */
int	fill_start(struct fill *x, struct frame **first);
/* The page of index, up to date, with a reference, on the charge: page_fill().
 * *is_hole: it was filled now, and has no blocks. */
int	page_get(struct mapping *m, u64 index, struct frame **out,
	    bool *is_hole);

/* A request for the pages of a run, from fill to its end. */
struct page_io {
	struct slist_node node;		/* done, to be freed */
	u32		npages;
	u32		zero_from;	/* of the last page, when it is read */
	u32		left;		/* [a] requests under way */
	u32		failed;		/* [a] */
	struct page_io_wait *wait;	/* NULL: pages are filled */
	struct frame	*page[FILL_PAGES];
	struct block_seg seg[FILL_PAGES];
	struct block_request rq[PAGE_BLOCKS_MAX];
};
/* Several that somebody waits for: page_io_wait(). */
struct page_io_wait {
	u32		left;		/* [a] */
	u32		failed;		/* [a] */
};
int	page_io_wait(struct page_io_wait *w);	/* 0, -EIO; sleeps */
struct page_io *page_io_get(void);
/* Free those that are done: thread context. */
void	page_io_reap(void);
/* Segments for npages frames of len_bytes in all; returns how many. */
u32	page_io_segs(struct page_io *io, u32 len_bytes);
/* The next request, of segs [first, first + n): fields set, not submitted. */
void	page_io_request(struct page_io *io, u32 k, struct block_dev *dev,
	    enum block_op op, u64 lba, u32 first, u32 n);

/* ---- write.c ---- */

/* f, a page of m whose content has changed, is dirty. space: its blocks were
 * set aside for that. mapping.lock held for reading. */
void	page_dirty(struct mapping *m, struct frame *f, bool space);
/* Set blocks aside for f if it needs that: 1 yes, 0 no, or an error. */
int	page_space(struct mapping *m, struct frame *f);

/* ---- writeback.c ---- */

/* m has its first dirty page: it is the flusher's. m->spin held. */
void	flusher_add_locked(struct mapping *m);
/* If m is clean, take it off the flusher's list: true: the caller drops its
 * reference by ops->put, unlocked. m->spin held. */
bool	flusher_remove_locked(struct mapping *m);
void	flusher_init(void);
/* Is more dirty than the limits, in percent? */
bool	dirty_above_background(void);
bool	dirty_above_limit(void);
extern struct waitq dirty_queue;	/* writers above the limit */
/* Reclaim has found nothing clean: all flushers write, and it waits until less
 * is dirty. False: that took too long, or nothing is dirty. */
bool	flushers_await(void);

/* ---- evict.c ---- */

void	evict_init(void);
/* New pages (page[0..n), NULLs between, of one aligned run of WRITE_PAGES or
 * of one fill) join the queues; one leaves them. */
void	evict_add(struct mapping *m, u64 index, struct frame *const *page,
	    u32 n);
void	evict_remove(struct frame *f);
void	evict_counts(u64 *nsmall, u64 *nmain);

/* ---- map.c ---- */
