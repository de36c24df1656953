/*
 * Writing back: dirty pages go to the disk, in batches, by a flusher's thread
 * or by who calls fsync(2).
 *
 * A batch is collected under mapping.spin, in order of index: DIRTY goes,
 * WRITEBACK comes. Then, unlocked, the pages are unmapped where they may be
 * mapped writable, so that a store after this faults and makes the page dirty
 * again (a store before it is in the memory that is written); bytes behind the
 * file's end are zeroed; the file system writes; and WRITEBACK goes. A page
 * may become dirty again meanwhile: it is written again another time.
 *
 * Pages that a write(2) has put beyond the size, which its caller has not yet
 * raised, stay dirty: see write.c.
 *
 * Memory: each flusher has a frame for its batch since it was made; an fsync
 * takes one. What the file system needs to write is reserved batch by batch,
 * before pages are collected, on one of a few tickets: so neither stands in
 * line with those that wait for what this gives back.
 *
 * What could not be written is clean afterwards, as on Linux: it can be
 * evicted, and does not hold up those who wait for less to be dirty. The
 * mapping remembers the error, and each open file is told once.
 *
 * A flusher writes what has been dirty for OLD_NS, looking each LOOK_NS, and
 * all when it is kicked: by sync(2), by writers when more than a part of memory
 * is dirty, by reclaim.
 *
 * Locks: mapping.spin -> flusher.lock (its list). Whoever takes a mapping from
 * the list does so under that lock, where the list has a reference (P5).
 */
#include "fs/cache/page_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/file/cred.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"
#include "kernel/trace/log.h"

#define OLD_NS		30000000000ul
#define LOOK_NS		5000000000ul
#define LIMITS_NS	200000000ul	/* how long they are believed */
#define AWAIT_NS	500000000ul	/* less is dirty, or reclaim gives up */
#define TICKETS		2

/* Writing a batch, until the file system begins a segment of its own. */
static BOUND_ROW(page_writeback);
/* The frame of a batch. */
static BOUND_ROW(page_sync);
static BOUND_ROW(page_inodes);

static struct standing flush_tickets = {
	.row = &bound_page_writeback,
	.count = TICKETS,
};

_Static_assert(sizeof(struct page_batch) <= PAGE_SIZE, "in a frame");

u32 dirty_background_percent = 10;
u32 dirty_limit_percent = 20;

/* What they come to, in frames, and until when that holds. a */
static struct {
	u64	background, limit, until_ns;
} limits;

struct waitq dirty_queue;

/* I immutable; l lock; a atomic */
struct flusher {
	struct spinlock	lock;
	struct list	dirty;		/* [l] mapping.flush_node */
	u64		nmappings;	/* [l] on it */
	struct waitq	wait;		/* the thread's */
	struct waitq	done;		/* for flusher_sync() */
	u64		wanted;		/* [a] passes over all: asked for, */
	u64		begun, passed;	/* [a] begun, and done; wanted is begun
					 * or one more */
	u32		stop;		/* [a] */
	u32		stopped;	/* [a] the thread is done with it */
	struct page_batch *batch;	/* [o] the thread's */
	const struct flusher_ops *ops;	/* [I] or NULL */
	void		*priv;		/* [I] */
	struct list	node;		/* [flushers_lock] */
};
static KMEM_CACHE(flusher_cache, "flusher", struct flusher);

static struct spinlock flushers_lock = SPINLOCK_INIT(LOCK_UPPER);
static struct list flushers = LIST_INIT(flushers);

/* ---- limits ---- */

static void
limits_refresh(u64 now_ns)
{
	struct frame_stats fs;
	u64 all;

	frame_stats(&fs);
	all = fs.free + atomic_load_relaxed(&page_counts.pages);
	WRITE_ONCE(limits.background,
	    all * READ_ONCE(dirty_background_percent) / 100);
	WRITE_ONCE(limits.limit, MAX(all * READ_ONCE(dirty_limit_percent) /
	    100, (u64)WRITE_PAGES));
	WRITE_ONCE(limits.until_ns, now_ns + LIMITS_NS);
}

static u64
dirty_now(void)
{
	return atomic_load_relaxed(&page_counts.dirty) +
	    atomic_load_relaxed(&page_counts.writeback);
}

bool
dirty_above_background(void)
{
	u64 now_ns = clock_now_ns();

	if (unlikely(now_ns >= READ_ONCE(limits.until_ns)))
		limits_refresh(now_ns);
	return dirty_now() > READ_ONCE(limits.background);
}

bool
dirty_above_limit(void)
{
	return dirty_now() > READ_ONCE(limits.limit);
}

/* ---- the list of mappings with dirty pages ---- */

void
flusher_add_locked(struct mapping *m)
{
	struct flusher *f = m->flusher;

	assert_held(&m->spin);
	if (m->dirty_since_ns == 0)
		m->dirty_since_ns = clock_now_ns();
	if (!list_is_empty(&m->flush_node))
		return;
	m->ops->get(m);						/* P5 */
	spin_lock(&f->lock);
	list_push_back(&f->dirty, &m->flush_node);
	f->nmappings++;
	spin_unlock(&f->lock);
}

bool
flusher_remove_locked(struct mapping *m)
{
	struct flusher *f = m->flusher;

	assert_held(&m->spin);
	if (m->ndirty == 0)
		m->dirty_since_ns = 0;
	if (m->ndirty > 0 || m->nwriteback > 0 ||
	    list_is_empty(&m->flush_node))
		return false;
	spin_lock(&f->lock);
	list_remove(&m->flush_node);
	f->nmappings--;
	spin_unlock(&f->lock);
	return true;
}

/* ---- a batch ---- */

/* Has a write(2) put something on this page that the size does not tell? */
static bool
is_being_extended(const struct mapping *m, u64 index)
{
	s64 size = READ_ONCE(*m->size);

	return m->write_end > size && index >= (u64)size >> PAGE_SHIFT;
}

/* f goes from DIRTY to WRITEBACK. */
static void
collect_one_locked(struct mapping *m, struct frame *f)
{
	atomic_or(&f->flags, (u8)PAGE_WRITEBACK);
	atomic_and(&f->flags, (u8)~PAGE_DIRTY);
	tree_untag(&m->tree, f->fc_index, TREE_DIRTY);
	tree_tag(&m->tree, f->fc_index, TREE_WRITEBACK);
	m->ndirty--;
	m->nwriteback++;
	frame_ref(f);
}

/*
 * Collect dirty pages of [*at, last]; *at goes behind them. One that is being
 * written already is passed over, or, if wait is set, ends the batch: it is
 * returned with a reference, to be waited for.
 */
static struct frame *
collect(struct page_batch *b, u64 *at, u64 last, bool wait)
{
	struct mapping *m = b->mapping;
	struct frame *busy = NULL;

	b->npages = 0;
	b->error[0] = 0;
	spin_lock(&m->spin);
	while (b->npages < BATCH_PAGES && busy == NULL) {
		u64 index = tree_next_tagged(&m->tree, *at, TREE_DIRTY);
		struct frame *f;

		if (index > last || index == ~0ul ||
		    is_being_extended(m, index)) {
			*at = ~0ul;
			break;
		}
		f = tree_find(&m->tree, index);
		*at = index;
		if (!(page_flags(f) & PAGE_WRITEBACK)) {
			collect_one_locked(m, f);
			b->page[b->npages++] = f;
			*at = index + 1;
		} else if (wait) {
			frame_ref(f);
			busy = f;
		} else {
			*at = index + 1;
		}
	}
	atomic_sub(&page_counts.dirty, b->npages);
	atomic_add(&page_counts.writeback, b->npages);
	spin_unlock(&m->spin);
	return busy;
}

/* Each stretch of pages in a row is unmapped. */
static void
batch_unmap(struct page_batch *b)
{
	u32 k = 0, n;

	for (; k < b->npages; k += n) {
		u64 index = b->page[k]->fc_index;

		for (n = 1; k + n < b->npages &&
		    b->page[k + n]->fc_index == index + n; n++)
			;
		vm_unmap_pager(&b->mapping->pager, index, n);
	}
}

/* Who mapped the file's last page may have written behind the end. */
static void
batch_zero_tail(struct page_batch *b)
{
	struct mapping *m = b->mapping;
	struct frame *f = b->page[b->npages - 1];
	s64 size;

	spin_lock(&m->spin);
	size = MAX(READ_ONCE(*m->size), m->write_end);
	if (f->fc_index == (u64)size >> PAGE_SHIFT && size & PAGE_MASK)
		memset((char *)frame_virt(f) + (size & PAGE_MASK), 0,
		    PAGE_SIZE - (size & PAGE_MASK));
	spin_unlock(&m->spin);
}

/* Make f, in WRITEBACK, dirty again: 1, or 0 if it is. */
static u32
redirty_locked(struct mapping *m, struct frame *f)
{
	if (page_flags(f) & PAGE_DIRTY)
		return 0;
	tree_tag(&m->tree, f->fc_index, TREE_DIRTY);
	atomic_or(&f->flags, (u8)PAGE_DIRTY);
	m->ndirty++;
	return 1;
}

/* WRITEBACK goes. again: nothing was written, all is dirty as it was. */
static void
batch_end(struct page_batch *b, bool again)
{
	struct mapping *m = b->mapping;
	u8 gone = again ? PAGE_WRITEBACK : PAGE_WRITEBACK | PAGE_SPACE;
	u32 nagain = 0;
	bool put;

	spin_lock(&m->spin);
	/* Who looks without the lock sees an error, or a page that is dirty
	 * again, before nothing is being written. */
	if (b->error[0] != 0 && !again) {
		m->error = b->error[0];
		WRITE_ONCE(m->error_seq, m->error_seq + 1);
	}
	for (u32 k = 0; k < b->npages; k++) {
		struct frame *f = b->page[k];

		tree_untag(&m->tree, f->fc_index, TREE_WRITEBACK);
		if (again)
			nagain += redirty_locked(m, f);
		WRITE_ONCE(m->nwriteback, m->nwriteback - 1);
		atomic_and(&f->flags, (u8)~gone);
	}
	atomic_sub(&page_counts.writeback, b->npages);
	atomic_add(&page_counts.dirty, nagain);
	put = flusher_remove_locked(m);
	spin_unlock(&m->spin);
	for (u32 k = 0; k < b->npages; k++) {
		page_wake(b->page[k]);
		frame_put(b->page[k]);
	}
	waitq_wake_all(&dirty_queue, 0);
	if (put)
		m->ops->put(m);
}

/* Write what was collected. 0, or -EINTR: killed. */
static int
batch_write(struct page_batch *b)
{
	struct mapping *m = b->mapping;
	int rc;

	if (READ_ONCE(m->has_writers)) {
		batch_unmap(b);
		batch_zero_tail(b);
	}
	rc = m->ops->write(m, b);
	batch_end(b, rc != 0);
	return rc;
}

/*
 * Write the dirty pages of [first, last] of b->mapping, once: what becomes
 * dirty behind is not written. The caller has a reference to the mapping, and
 * tickets. 0, the first error, -EINTR.
 */
static int
write_range(struct page_batch *b, u64 first, u64 last, bool wait)
{
	int error = 0, rc;

	while (first <= last && first != ~0ul) {
		struct frame *busy;

		rc = reserve_row(&bound_page_writeback);
		if (rc != 0)
			return rc;
		busy = collect(b, &first, last, wait);
		if (b->npages > 0) {
			rc = batch_write(b);
			if (rc != 0)
				error = rc;
			else if (error == 0)
				error = b->error[0];
		}
		if (busy != NULL) {
			reserve_end();
			page_wait(busy, PAGE_WRITEBACK);
			frame_put(busy);
		}
		if (error == -EINTR)
			break;
	}
	return error;
}

/* Pages of [first, last] that somebody else writes. */
static void
wait_range(struct mapping *m, u64 first, u64 last)
{
	for (;;) {
		struct frame *f = NULL;

		spin_lock(&m->spin);
		first = tree_next_tagged(&m->tree, first, TREE_WRITEBACK);
		if (first <= last && first != ~0ul) {
			f = tree_find(&m->tree, first++);
			frame_ref(f);
		}
		spin_unlock(&m->spin);
		if (f == NULL)
			return;
		page_wait(f, PAGE_WRITEBACK);
		frame_put(f);
	}
}

/* ---- fsync(2) ---- */

/* On tickets, with a frame for the batch. */
static int
sync_range(struct mapping *m, u64 first, u64 last)
{
	struct frame *f;
	struct page_batch *b;
	int rc = reserve_row(&bound_page_sync);

	if (rc != 0)
		return rc;
	f = frame_get(FRAME_BUFFER);
	b = frame_virt(f);
	b->mapping = m;
	rc = write_range(b, first, last, true);
	frame_put(f);
	return rc;
}

/* Who exits has tickets of another kind already. */
static int
sync_on_tickets(struct mapping *m, u64 first, u64 last)
{
	int rc;

	if (current->standing != NULL) {
		rc = sync_range(m, first, last);
		reserve_end();
		return rc;
	}
	standing_enter(&flush_tickets);
	rc = sync_range(m, first, last);
	standing_leave();
	return rc;
}

/* The same, between two segments of the caller's. */
static int
sync_dirty(struct mapping *m, u64 first, u64 last)
{
	struct renewal r = renewal_begin();
	int rc = sync_on_tickets(m, first, last), rc2 = renewal_end(r);

	return rc != 0 ? rc : rc2;
}

int
page_sync(struct mapping *m, u64 first, u64 last)
{
	int rc = 0;

	if (READ_ONCE(m->ndirty) > 0)
		rc = sync_dirty(m, first, last);
	if (READ_ONCE(m->nwriteback) > 0)
		wait_range(m, first, last);
	return rc;
}

/* The range is not remembered: the mapping counts as dirty for long. */
void
page_sync_start(struct mapping *m, u64 first, u64 last)
{
	(void)first, (void)last;
	spin_lock(&m->spin);
	if (m->ndirty > 0)
		m->dirty_since_ns = 1;
	spin_unlock(&m->spin);
	waitq_wake(&m->flusher->wait, 0);
}

int
page_error(struct mapping *m, u32 *seq)
{
	int error = 0;

	spin_lock(&m->spin);
	if (*seq != m->error_seq) {
		*seq = m->error_seq;
		error = m->error;
	}
	spin_unlock(&m->spin);
	return error;
}

/* ---- flushers ---- */

void
flusher_kick(struct flusher *f)
{
	u64 begun = atomic_load(&f->begun);

	/* One pass that has not begun serves all that ask for it. */
	(void)atomic_cmpxchg(&f->wanted, begun, begun + 1);
	waitq_wake(&f->wait, 0);
}

static void
flushers_kick_all(void)
{
	struct flusher *f;

	spin_lock(&flushers_lock);
	list_for_each(f, &flushers, node)
		flusher_kick(f);
	spin_unlock(&flushers_lock);
}

/*
 * What is dirty is not lost to the head of the line: the flushers run on
 * tickets, so they need nothing of what the head waits for.
 */
bool
flushers_await(void)
{
	u64 before = dirty_now(), deadline_ns = clock_now_ns() + AWAIT_NS;
	bool is_less = false;
	struct waiter w;

	if (before == 0)
		return false;
	flushers_kick_all();
	waiter_init(&w, false);
	do {
		wait_prepare(&dirty_queue, &w, THREAD_BLOCKED);
		is_less = dirty_now() < before;
	} while (!is_less && schedule_until(deadline_ns));
	(void)wait_finish(&dirty_queue, &w);
	return is_less;
}

/* The next mapping of the list, which it goes to the end of, with a reference;
 * NULL: the list is empty. */
static struct mapping *
flusher_next(struct flusher *f)
{
	struct mapping *m;

	spin_lock(&f->lock);
	m = list_first(&f->dirty, struct mapping, flush_node);
	if (m != NULL) {
		list_remove(&m->flush_node);
		list_push_back(&f->dirty, &m->flush_node);
		m->ops->get(m);
	}
	spin_unlock(&f->lock);
	return m;
}

/* Each mapping that is on the list now, once: all, or what is old. */
static void
flusher_pass(struct flusher *f, bool all)
{
	u64 n = READ_ONCE(f->nmappings);
	u64 old_ns = clock_now_ns() - OLD_NS;
	struct mapping *m;

	while (n-- > 0 && (m = flusher_next(f)) != NULL) {
		f->batch->mapping = m;
		if (all || READ_ONCE(m->dirty_since_ns) <= old_ns) {
			WRITE_ONCE(m->dirty_since_ns, clock_now_ns());
			(void)write_range(f->batch, 0, ~0ul, false);
		}
		if (all)
			wait_range(m, 0, ~0ul);
		m->ops->put(m);
	}
	if (f->ops != NULL && reserve_row(&bound_page_inodes) == 0)
		f->ops->inodes(f->priv);
}

static void
flusher_main(void *arg)
{
	struct flusher *f = arg;
	struct waiter w;
	u64 wanted;
	bool all;

	current->cred = &root_cred;	/* the file system's last blocks */
	waiter_init(&w, false);
	while (!atomic_load(&f->stop)) {
		wait_prepare(&f->wait, &w, THREAD_BLOCKED);
		if (!atomic_load(&f->stop) &&
		    atomic_load(&f->wanted) == f->begun)
			(void)schedule_until(clock_now_ns() + LOOK_NS);
		(void)wait_finish(&f->wait, &w);
		wanted = atomic_load(&f->wanted);
		all = wanted != f->begun;
		atomic_store(&f->begun, wanted);
		standing_enter(&flush_tickets);
		flusher_pass(f, all);
		standing_leave();
		atomic_store(&f->passed, wanted);
		waitq_wake_all(&f->done, 0);
	}
	atomic_store(&f->stopped, 1u);
	waitq_wake_all(&f->done, 0);
	kthread_exit();
}

struct flusher *
flusher_create(const char *name, const struct flusher_ops *ops, void *priv)
{
	struct flusher *f = kmem_get_zero(&flusher_cache);

	f->ops = ops;
	f->priv = priv;
	spin_init(&f->lock, LOCK_UPPER);
	list_init(&f->dirty);
	waitq_init(&f->wait);
	waitq_init(&f->done);
	f->batch = frame_virt(frame_get(FRAME_BUFFER));
	spin_lock(&flushers_lock);
	list_push_back(&flushers, &f->node);
	spin_unlock(&flushers_lock);
	(void)kthread_create(name, flusher_main, f);
	return f;
}

int
flusher_sync(struct flusher *f)
{
	u64 want = atomic_load(&f->begun) + 1;
	int rc;

	flusher_kick(f);
	WAIT_RENEWED(&f->done, atomic_load(&f->passed) >= want,
	    THREAD_KILLABLE, CLOCK_NEVER, false, rc);
	return rc;
}

void
flusher_destroy(struct flusher *f)
{
	spin_lock(&flushers_lock);
	list_remove(&f->node);
	spin_unlock(&flushers_lock);
	atomic_store(&f->stop, 1u);
	waitq_wake(&f->wait, 0);
	WAIT_EVENT(&f->done, atomic_load(&f->stopped));
	assert(list_is_empty(&f->dirty));
	/* The thread may still be in its last wake-up. */
	rcu_synchronize();
	frame_put(frame_of_virt(f->batch));
	kmem_put(&flusher_cache, f);
}

void
flusher_init(void)
{
	waitq_init(&dirty_queue);
	standing_add(&flush_tickets);
}
