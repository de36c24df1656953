/*
 * The page cache.
 *
 * The problem: a page of a file is read by many at once, changed, written back,
 * mapped, truncated and evicted, each at any moment; a read of what is in
 * memory must take no lock; and nothing here may need memory that its caller
 * has not reserved, least of all what gives memory back.
 *
 * A page is a frame in the tree of its mapping. Where it stands is in its flags
 * (atomic bits) and its count of references, of which the tree has one:
 *
 *	          page_insert            filled                dirtied
 *	 (none) -----------> BUSY ----------------> UPTODATE <---------+
 *	    ^                  |                     |   ^   \         |
 *	    |   read failed    |        evicted,     |   |    v        |
 *	    +<-----------------+        dropped      |   |   DIRTY     |
 *	    +<---------------------------------------+   |    | collected
 *	                                                 |    v        |
 *	                                          written+- WRITEBACK -+
 *
 * DIRTY may be set again during WRITEBACK: it is written once more then. A page
 * that is neither BUSY nor UPTODATE could not be read: the first to see that
 * takes it out.
 *
 * Finding without a lock: frames are type-stable. A reader looks a frame up
 * under RCU, takes a reference unless there are none, and then asks the frame
 * whose page it is. It may have become another's meanwhile, for a moment with a
 * reference too many, which nobody minds.
 *
 * P1 fc_owner and fc_index are set before a page enters the tree, and fc_owner
 *    is cleared after it has left, before the tree's reference is dropped. So
 *    who has a reference and reads his own mapping and index there has the
 *    right page, or had it a moment ago. (tmpfs's pages are FRAME_FILE too,
 *    but their owner is clear, or a frame list's link: no mapping.)
 * P2 with mapping.lock held, a page that page_is_at() stays in the tree: pages
 *    are taken out for good under that lock for writing. What else takes out
 *    wants a page without other references (evict.c) or one not UPTODATE.
 * P3 BUSY pages and pages in WRITEBACK are not taken out; who wants to waits.
 *    BUSY is taken off by who put the page in: the disk's end, or the holder
 *    of mapping.lock (reading). Who makes pages BUSY waits for no other BUSY
 *    page, nor for memory, before those are on their way (read.c, write.c).
 * P4 UPTODATE, and the bytes, come before BUSY goes.
 * P5 a page in the tree with the flag DIRTY or WRITEBACK has that tag, and is
 *    counted; a mapping with such pages is on its flusher's list and has a
 *    reference (ops->get) for that.
 * P6 a page is on an eviction queue from before its BUSY ends until it is out.
 *
 * Who waits sleeps on one of a few queues, by the frame's number, and keeps his
 * charge: the disk takes no memory.
 *
 * Files, in reading order: page.c (finding, states), read.c (filling,
 * read-ahead), write.c (changing), writeback.c (to the disk), evict.c (giving
 * memory back), map.c (mmap), bdev.c (disks as files), direct.c (O_DIRECT).
 *
 * Locks: inode's lock -> mapping.lock -> mapping.spin -> flusher.lock. An
 * eviction queue's lock comes last; under it mapping.spin is only tried.
 */
#include "fs/cache/page_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/sched/sched.h"

#define QUEUES		64u		/* a power of 2 */

PERCPU_DEFINE(struct page_events, page_events);
struct page_counts page_counts;

/* Who waits for a page. */
static struct waitq queues[QUEUES];

struct waitq *
page_queue(const void *key)
{
	return &queues[(u64)key * 0x9e3779b97f4a7c15ul >> 58];
}
_Static_assert(QUEUES == 64, "six bits");

/* ---- states ---- */

void
page_wait(struct frame *f, u8 flags)
{
	WAIT_EVENT(page_queue(f), !(page_flags(f) & flags));
}

void
page_wake(struct frame *f)
{
	waitq_wake_all(page_queue(f), 0);
}

/* f may be gone once BUSY is: only its address is used after. */
void
page_unbusy(struct frame *f, bool uptodate)
{
	assert(f->flags & PAGE_BUSY);
	if (uptodate)
		atomic_or(&f->flags, (u8)PAGE_UPTODATE);	/* P4 */
	atomic_and(&f->flags, (u8)~PAGE_BUSY);
	page_wake(f);
}

/* ---- into the tree, and out of it ---- */

void
page_insert_locked(struct mapping *m, u64 index, struct frame *const *page,
    u32 n)
{
	assert_held(&m->spin);
	for (u32 k = 0; k < n; k++) {
		if (page[k] == NULL)
			continue;
		page[k]->flags = PAGE_BUSY | PAGE_FRESH;
		page[k]->fc_index = index + k;
		WRITE_ONCE(page[k]->fc_owner, m);		/* P1 */
	}
	tree_insert(&m->tree, index, (void *const *)page, n);
}

bool
page_remove_locked(struct mapping *m, struct frame *f)
{
	u8 flags = page_flags(f);

	assert_held(&m->spin);
	assert(!(flags & PAGE_WRITEBACK));			/* P3 */
	if (tree_remove(&m->tree, f->fc_index) != f)
		assert(false);
	if (flags & PAGE_DIRTY) {				/* P5 */
		m->ndirty--;
		atomic_dec(&page_counts.dirty);
	}
	atomic_and(&f->flags, (u8)~(PAGE_DIRTY | PAGE_SPACE));
	return flags & PAGE_SPACE;
}

void
page_gone(struct frame *f)
{
	evict_remove(f);
	WRITE_ONCE(f->fc_owner, NULL);				/* P1 */
	frame_put(f);
}

void
page_abandon(struct mapping *m, struct frame *f)
{
	spin_lock(&m->spin);
	(void)page_remove_locked(m, f);
	spin_unlock(&m->spin);
	evict_remove(f);
	WRITE_ONCE(f->fc_owner, NULL);
	page_unbusy(f, false);
	frame_put(f);
}

/* f, which has a reference, could not be read: out with it, once. */
static void
page_forget(struct mapping *m, u64 index, struct frame *f)
{
	bool mine;

	spin_lock(&m->spin);
	mine = page_is_at(f, m, index) &&
	    !(page_flags(f) & (PAGE_UPTODATE | PAGE_BUSY)) &&
	    tree_find(&m->tree, index) == f;
	if (mine)
		(void)page_remove_locked(m, f);
	spin_unlock(&m->spin);
	if (mine)
		page_gone(f);
}

int
page_settle(struct mapping *m, u64 index, struct frame *f, bool is_mine)
{
	u8 flags = page_flags(f);
	int rc = -EAGAIN;

	if (flags & PAGE_BUSY) {
		page_wait(f, PAGE_BUSY);
		flags = page_flags(f);
	}
	if (likely(flags & PAGE_UPTODATE && page_is_at(f, m, index)))
		return 0;
	if (page_is_at(f, m, index)) {
		rc = is_mine ? -EIO : -EAGAIN;
		page_forget(m, index, f);
	}
	frame_put(f);
	return rc;
}

/* ---- dropping ---- */

/* What one look at the tree has found. */
struct drop {
	u64		at;		/* go on from here */
	u32		n;
	u32		nspace;		/* of them had space set aside */
	bool		put;		/* the mapping is clean now */
	struct frame	*wait;		/* to be waited for (a reference) */
	struct frame	*page[DROP_BATCH];
};

/* Take out the next pages up to last, as far as they are idle. */
static void
drop_some(struct mapping *m, struct drop *d, u64 last)
{
	d->n = d->nspace = 0;
	d->wait = NULL;
	spin_lock(&m->spin);
	while (d->n < DROP_BATCH) {
		struct frame *f;

		d->at = tree_next(&m->tree, d->at);
		if (d->at > last || d->at == ~0ul)
			break;
		f = tree_find(&m->tree, d->at);
		if (page_flags(f) & (PAGE_BUSY | PAGE_WRITEBACK)) { /* P3 */
			frame_ref(f);
			d->wait = f;
			break;
		}
		d->nspace += page_remove_locked(m, f);
		d->page[d->n++] = f;
		d->at++;
	}
	d->put = flusher_remove_locked(m);
	spin_unlock(&m->spin);
}

/* Holding mapping.lock, or nobody else has the mapping. */
static void
drop_range(struct mapping *m, u64 first, u64 last)
{
	struct drop d = { .at = first };

	do {
		drop_some(m, &d, last);
		if (d.nspace > 0)
			m->ops->unreserve(m, d.nspace);
		for (u32 k = 0; k < d.n; k++)
			page_gone(d.page[k]);
		if (d.put)
			m->ops->put(m);
		if (d.wait != NULL) {
			page_wait(d.wait, PAGE_BUSY | PAGE_WRITEBACK);
			frame_put(d.wait);
		}
	} while (d.n == DROP_BATCH || d.wait != NULL);
}

void
page_drop(struct mapping *m, u64 first, u64 last)
{
	drop_range(m, first, last);
	spin_lock(&m->spin);
	if (first <= (u64)m->write_end >> PAGE_SHIFT)
		m->write_end = 0;
	spin_unlock(&m->spin);
	vm_unmap_pager(&m->pager, first, last == ~0ul ? ~0ul :
	    last - first + 1);
}

int
page_invalidate(struct mapping *m, u64 first, u64 last)
{
	bool dirty;

	vm_unmap_pager(&m->pager, first, last == ~0ul ? ~0ul :
	    last - first + 1);
	spin_lock(&m->spin);
	dirty = tree_next_tagged(&m->tree, first, TREE_DIRTY) <= last &&
	    m->ndirty > 0;
	spin_unlock(&m->spin);
	if (dirty)
		return -EBUSY;
	/* A page that is dirtied from here on holds mapping.lock: none is. */
	drop_range(m, first, last);
	return 0;
}

u64
page_next_dirty(struct mapping *m, u64 index)
{
	u64 at;

	spin_lock(&m->spin);
	at = MIN(tree_next_tagged(&m->tree, index, TREE_DIRTY),
	    tree_next_tagged(&m->tree, index, TREE_WRITEBACK));
	spin_unlock(&m->spin);
	return at;
}

/* ---- mappings ---- */

void
mapping_init(struct mapping *m, const struct mapping_ops *ops,
    struct block_dev *dev, u32 block_shift, const s64 *size)
{
	*m = (struct mapping){ .ops = ops, .dev = dev,
	    .block_shift = block_shift, .size = size };
	pager_init(&m->pager, &page_pager_ops);
	rwlock_init(&m->lock, LOCK_MAPPING);
	spin_init(&m->spin, LOCK_PCACHE);
	list_init(&m->flush_node);
}

/* Whose last reference this is has no dirty pages (P5), unless its file system
 * is being torn down. */
void
mapping_fini(struct mapping *m)
{
	drop_range(m, 0, ~0ul);
	assert(m->ndirty == 0 && m->nwriteback == 0);
	assert(m->tree.nobjects == 0 && list_is_empty(&m->flush_node));
}

void
page_cache_stats(struct page_cache_stats *out)
{
	*out = (struct page_cache_stats){
		.pages = atomic_load_relaxed(&page_counts.pages),
		.dirty = atomic_load_relaxed(&page_counts.dirty),
		.writeback = atomic_load_relaxed(&page_counts.writeback),
	};
	evict_counts(&out->small, &out->main);
	for (u32 c = 0; c < ncpus; c++) {
		struct page_events *e = PERCPU_OF(struct page_events,
		    page_events, c);

		out->hits += e->hits;
		out->misses += e->misses;
		out->read_ahead += e->read_ahead;
		out->evicted += e->evicted;
		out->throttled += e->throttled;
	}
}

void
page_cache_init(void)
{
	for (u32 i = 0; i < QUEUES; i++)
		waitq_init(&queues[i]);
	evict_init();
	flusher_init();
}
