/*
 * Reading: pages are found, or brought in from the disk, and copied.
 *
 * A hit takes no lock, no memory and writes nothing shared but the frame's
 * count (page.c). A miss goes in segments of its own: the frames of a whole
 * run, at most FILL_PAGES, are reserved at once (a linear charge) and taken,
 * then, under mapping.lock for reading, those pages are put into the tree BUSY,
 * the file system says where the first of them begins, and one request is on
 * its way. The order matters: once a page is in the tree nobody can write
 * another, so that what the file system said stays true until it is read.
 * The charge is given back before the wait.
 *
 * What lies apart goes in several fills, one for each run of blocks: a segment
 * asks the file system for one run only, which keeps its bound small. Only a
 * page whose own blocks lie apart (small blocks) asks up to PAGE_BLOCKS_MAX
 * times, and is then alone in its fill.
 *
 * Read-ahead: while an open file is read in sequence, a miss brings in a
 * window, twice as large each time; and who comes to the last window read
 * starts the next one, so that the disk is always one window ahead of him:
 *
 *	      read already        last window        next window
 *	 ... ----------------|-------------------|-------------------|
 *	                     ^ reader            ^ ra.ahead
 *	                       starts ---------------> this one
 *
 * None while somebody waits for memory.
 *
 * The memory of a request is a page_io. It ends in interrupt context, where
 * nothing may be freed; so it goes on a list, which the next one that is made
 * empties.
 */
#include "fs/cache/page_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"
#include "kernel/sched/sched.h"

#define WINDOW_FIRST	4u		/* pages */
#define TURN_BYTES	(256l << 10)	/* copied before others may run */

_Static_assert(FILL_PAGES <= BLOCK_REQUEST_SEGS, "one request");
_Static_assert(FILL_PAGES * (PAGE_SIZE / SECTOR_SIZE) <=
    BLOCK_REQUEST_SECTORS, "one request");

/* What a fill takes beside its pages, and each page. */
static BOUND_ROW(page_read);
static BOUND_ROW(page_read_page);

static KMEM_CACHE(io_cache, "page_io", struct page_io);
static struct slist done_ios;		/* [a] to be freed */

/* ---- requests ---- */

void
page_io_reap(void)
{
	struct slist_node *n, *next;

	if (likely(READ_ONCE(done_ios.first) == NULL))
		return;
	for (n = slist_take_all(&done_ios); n != NULL; n = next) {
		next = n->next;
		kmem_put(&io_cache, CONTAINER_OF(n, struct page_io, node));
	}
}

struct page_io *
page_io_get(void)
{
	struct page_io *io;

	page_io_reap();
	io = kmem_get(&io_cache);
	io->npages = io->zero_from = io->left = io->failed = 0;
	io->wait = NULL;
	return io;
}

static void
zero_rest(struct frame *f, u32 from)
{
	memset((char *)frame_virt(f) + from, 0, PAGE_SIZE - from);
}

/* The last request of io has ended; interrupt context. */
static void
io_end(struct page_io *io)
{
	struct page_io_wait *w = io->wait;

	if (w == NULL) {
		if (io->zero_from != 0)
			zero_rest(io->page[io->npages - 1], io->zero_from);
		for (u32 k = 0; k < io->npages; k++)
			page_unbusy(io->page[k], !io->failed);
		slist_push_atomic(&done_ios, &io->node);
		return;
	}
	if (io->failed)
		atomic_store(&w->failed, 1u);
	slist_push_atomic(&done_ios, &io->node);
	/* With the last of them w, on the waiter's stack, is gone. */
	if (atomic_sub_return(&w->left, 1) == 0)
		waitq_wake_all(page_queue(w), 0);
}

int
page_io_wait(struct page_io_wait *w)
{
	WAIT_EVENT(page_queue(w), atomic_load(&w->left) == 0);
	return w->failed ? -EIO : 0;
}

static void
io_done(struct block_request *rq)
{
	struct page_io *io = rq->priv;

	if (rq->error != 0)
		atomic_store(&io->failed, 1u);
	if (atomic_sub_return(&io->left, 1) == 0)
		io_end(io);
}

u32
page_io_segs(struct page_io *io, u32 len_bytes)
{
	u32 n = 0;

	for (u32 k = 0; k < io->npages && len_bytes > 0; k++) {
		u32 len = MIN(len_bytes, (u32)PAGE_SIZE);
		paddr_t at = frame_paddr(io->page[k]);

		if (n > 0 && io->seg[n - 1].addr + io->seg[n - 1].len_bytes ==
		    at)
			io->seg[n - 1].len_bytes += len;
		else
			io->seg[n++] = (struct block_seg){ at, len };
		len_bytes -= len;
	}
	return n;
}

void
page_io_request(struct page_io *io, u32 k, struct block_dev *dev,
    enum block_op op, u64 lba, u32 first, u32 n)
{
	io->rq[k] = (struct block_request){
		.dev = dev, .op = op, .lba = lba, .segs = &io->seg[first],
		.nsegs = n, .done = io_done, .priv = io,
	};
	if (k > 0)
		io->rq[k - 1].next = &io->rq[k];
	io->left = k + 1;
}

/* ---- filling ---- */

/* The file's blocks from lblock on, to its end as it is now. */
static u64
blocks_left(const struct mapping *m, u64 lblock)
{
	u64 size = READ_ONCE(*m->size), all;

	all = DIV_UP(size, 1ul << m->block_shift);
	return all > lblock ? all - lblock : 0;
}

/*
 * Where the file ends within the page at index; 0: not there. What the disk has
 * behind it is not believed to be zeros.
 */
static u32
end_within(const struct mapping *m, u64 index)
{
	s64 left = READ_ONCE(*m->size) - (s64)(index << PAGE_SHIFT);

	return left > 0 && left < (s64)PAGE_SIZE ? left : 0;
}

/* Pages [0, n) of x are filled by no request: zeros. */
static void
fill_zero(struct fill *x, u32 n)
{
	for (u32 k = 0; k < n; k++) {
		frame_clear(frame_virt(x->page[k]));
		page_unbusy(x->page[k], true);
	}
}

/* Pages [0, n) are in the run at block, of nblocks: one request. */
static void
fill_run(struct fill *x, u32 n, u64 block, u64 nblocks)
{
	struct mapping *m = x->m;
	struct page_io *io = page_io_get();
	u32 len = MIN(nblocks << m->block_shift, (u64)n << PAGE_SHIFT);

	memcpy(io->page, x->page, n * sizeof(io->page[0]));
	io->npages = n;
	io->zero_from = end_within(m, x->index + n - 1);
	page_io_request(io, 0, m->dev, BLOCK_READ,
	    block << (m->block_shift - SECTOR_SHIFT), 0,
	    page_io_segs(io, len));
	block_submit(&io->rq[0]);
}

/* Request k of io, for a page alone: n of its blocks, from the at-th on. */
static void
part_request(struct mapping *m, struct page_io *io, u32 k, u32 at, u32 n,
    u64 block)
{
	io->seg[k] = (struct block_seg){
		frame_paddr(io->page[0]) + ((u64)at << m->block_shift),
		n << m->block_shift,
	};
	page_io_request(io, k, m->dev, BLOCK_READ,
	    block << (m->block_shift - SECTOR_SHIFT), k, 1);
}

/* Page 0 alone, whose blocks, from the first run on, lie apart. */
static int
fill_apart(struct fill *x, struct map_run run, u32 left)
{
	struct mapping *m = x->m;
	u64 lblock = x->index << (PAGE_SHIFT - m->block_shift);
	struct page_io *io = page_io_get();
	u32 at = 0, nrq = 0;
	int rc;

	io->npages = 1;
	io->zero_from = end_within(m, x->index);
	io->page[0] = x->page[0];
	frame_clear(frame_virt(x->page[0]));
	/* A run has a block at least, and a page so many at most. */
	for_bound(PAGE_BLOCKS_MAX, ; at < left; ) {
		u32 n = MIN(run.n, left - at);

		if (run.kind == MAP_BLOCKS)
			part_request(m, io, nrq++, at, n, run.block);
		at += n;
		if (at >= left)
			break;
		rc = m->ops->map(m, lblock + at, left - at, &run);
		if (rc != 0) {
			kmem_put(&io_cache, io);
			return rc;
		}
		assert(run.n > 0);
	}
	if (nrq > 0) {
		block_submit(&io->rq[0]);
	} else {
		kmem_put(&io_cache, io);
		page_unbusy(x->page[0], true);
	}
	return 0;
}

/* The pages from k on are not filled after all. */
static void
fill_abandon(struct fill *x, u32 k)
{
	for (u32 i = k; i < x->n; i++)
		page_abandon(x->m, x->page[i]);
	x->n = k;
}

/* The pages are BUSY in the tree: start to fill as many as one run has. */
static int
fill_mapped(struct fill *x, bool *is_hole)
{
	struct mapping *m = x->m;
	u32 shift = PAGE_SHIFT - m->block_shift;
	u64 lblock = x->index << shift, left = blocks_left(m, lblock);
	struct map_run run = { MAP_HOLE, x->n << shift, 0 };
	u64 n;
	int rc = 0;

	left = MIN(left, (u64)x->n << shift);
	if (left > 0)
		rc = m->ops->map(m, lblock, left, &run);
	if (rc != 0)
		return rc;
	assert(run.n > 0);
	n = run.n >= left ? x->n : run.n >> shift;
	if (n == 0) {
		left = MIN(left, 1ul << shift);
		assert(left <= PAGE_BLOCKS_MAX);
		fill_abandon(x, 1);
		return fill_apart(x, run, left);
	}
	fill_abandon(x, n);
	*is_hole = run.kind != MAP_BLOCKS;
	if (*is_hole || left == 0)
		fill_zero(x, n);
	else
		fill_run(x, n, run.block, MIN((u64)run.n, left));
	return 0;
}

/* Put frames for pages that are missing into the tree; the rest goes. */
static void
fill_insert(struct fill *x)
{
	struct mapping *m = x->m;
	u32 want = MIN((u64)x->n, TREE_SLOTS - (x->index & (TREE_SLOTS - 1)));
	u32 n = 0;

	spin_lock(&m->spin);
	while (n < want && tree_find(&m->tree, x->index + n) == NULL)
		n++;
	if (n > 0) {
		frame_ref(x->page[0]);		/* fill_start()'s caller's */
		page_insert_locked(m, x->index, x->page, n);
	}
	spin_unlock(&m->spin);
	for (u32 k = n; k < x->n; k++)
		frame_put(x->page[k]);
	x->n = n;
	if (n > 0)
		evict_add(m, x->index, x->page, n);		/* P6 */
}

static int
fill_begin(struct fill *x, struct frame **first, bool *is_hole)
{
	struct mapping *m = x->m;
	int rc = 0;

	*first = NULL;
	rwlock_read_lock(&m->lock);
	fill_insert(x);
	if (x->n > 0) {
		struct frame *f = x->page[0];

		rc = fill_mapped(x, is_hole);
		if (rc == 0) {
			*first = f;
		} else {
			fill_abandon(x, 0);
			frame_put(f);
		}
	}
	rwlock_read_unlock(&m->lock);
	return rc;
}

int
fill_start(struct fill *x, struct frame **first)
{
	bool is_hole;

	return fill_begin(x, first, &is_hole);
}

int
page_get(struct mapping *m, u64 index, struct frame **out, bool *is_hole)
{
	struct fill x = { .m = m, .index = index, .n = 1 };
	struct frame *f = page_find(m, index);
	bool is_mine = f == NULL;
	int rc;

	*is_hole = false;
	if (is_mine) {
		x.page[0] = frame_get(FRAME_FILE);
		rc = fill_begin(&x, &f, is_hole);
		if (rc != 0)
			return rc;
		if (f == NULL)
			return -EAGAIN;
	}
	rc = page_settle(m, index, f, is_mine);
	if (rc == 0)
		*out = f;
	return rc;
}

int
page_fill(struct mapping *m, u64 index)
{
	struct frame *f;
	bool is_hole;
	int rc = page_get(m, index, &f, &is_hole);

	if (rc == 0)
		frame_put(f);
	return rc;
}

/* ---- misses and read-ahead ---- */

/* A segment of n pages begins, and ends: *first as fill_start() has it, and
 * *n is how many pages are on their way. */
static int
fill_segment(struct mapping *m, u64 index, u32 *n, struct frame **first)
{
	struct fill x = { .m = m, .index = index };
	int rc = reserve_linear(&bound_page_read, &bound_page_read_page, *n);

	if (rc != 0)
		return rc;
	while (x.n < *n) {
		LOOP_PAID(&bound_page_read_page);
		x.page[x.n++] = frame_get(FRAME_FILE);
	}
	rc = fill_start(&x, first);
	reserve_end();
	*n = x.n;
	return rc;
}

static u64
pages_to_end(const struct mapping *m, u64 index)
{
	u64 all = PAGE_UP((u64)READ_ONCE(*m->size)) >> PAGE_SHIFT;

	return all > index ? all - index : 0;
}

static void
fill_ahead(struct mapping *m, struct readahead *ra)
{
	u32 window = MIN(ra->window * 2, FILL_PAGES);
	u32 n = MIN((u64)window, pages_to_end(m, ra->ahead));
	struct frame *first = NULL;
	u32 got = n;

	if (n == 0 || reserve_is_short()) {
		ra->window = 0;
		return;
	}
	if (fill_segment(m, ra->ahead, &got, &first) != 0) {
		ra->window = 0;
		return;
	}
	if (first != NULL)
		frame_put(first);
	page_events_add(read_ahead, got);
	/* Pages that were there already count as read. */
	ra->ahead += MAX(got, 1u);
	ra->window = MAX(got, 1u) < window ? MAX(ra->window, 1u) : window;
}

/* The reader has come to the last window: start the next. 0, -EINTR. */
static noinline int
read_ahead(struct mapping *m, struct readahead *ra)
{
	struct renewal r = renewal_begin();

	fill_ahead(m, ra);
	return renewal_end(r);
}

/* How many pages a miss at index shall bring in, for a read of len bytes. */
static u32
miss_pages(struct readahead *ra, struct mapping *m, s64 pos, usize len)
{
	u64 index = (u64)pos >> PAGE_SHIFT;
	u64 want = ((pos + MIN(len, FILL_PAGES * PAGE_SIZE) - 1) >>
	    PAGE_SHIFT) - index + 1;

	if (reserve_is_short())
		return 1;
	if (ra != NULL) {
		if ((u64)pos == ra->next || index == ra->next >> PAGE_SHIFT)
			ra->window = MAX(WINDOW_FIRST,
			    MIN(ra->window * 2, FILL_PAGES));
		else
			ra->window = 0;
		want = MAX(want, (u64)ra->window);
	}
	return MIN(MIN(want, (u64)FILL_PAGES), pages_to_end(m, index));
}

/*
 * The page at pos is not in memory. Returns it, up to date, with a reference;
 * or NULL, and *rc is 0: look again. A page that failed among others is tried
 * once more by itself.
 */
static struct frame *
fill_miss(struct mapping *m, struct readahead *ra, s64 pos, usize len,
    int *rc)
{
	u64 index = (u64)pos >> PAGE_SHIFT;
	u32 n = miss_pages(ra, m, pos, len), got = n;
	struct frame *f = NULL;

	page_events_add(misses, 1);
	if (n == 0)			/* the file became shorter */
		return NULL;
	*rc = fill_segment(m, index, &got, &f);
	if (*rc == 0 && f != NULL) {
		if (ra != NULL)
			ra->ahead = index + got;
		*rc = page_settle(m, index, f, true);
		if (*rc == 0)
			return f;
	}
	if (*rc == -EIO && got > 1) {
		got = 1;
		*rc = fill_segment(m, index, &got, &f);
		if (*rc == 0 && f != NULL)
			*rc = page_settle(m, index, f, true);
		if (*rc == 0)
			return f;
	}
	if (*rc == -EAGAIN)
		*rc = 0;
	return NULL;
}

/* The same between two segments of the caller's. */
static noinline struct frame *
read_miss(struct mapping *m, struct readahead *ra, s64 pos, usize len,
    int *rc)
{
	struct renewal r = renewal_begin();
	struct frame *f = fill_miss(m, ra, pos, len, rc);
	int rc2 = renewal_end(r);

	if (likely(rc2 == 0))
		return f;
	if (f != NULL)
		frame_put(f);
	*rc = rc2;
	return NULL;
}

/* ---- read(2) ---- */

/* The page at pos, up to date, with a reference; or NULL, *rc as read_miss().
 * Holds nothing. */
static inline struct frame *
read_page(struct mapping *m, struct readahead *ra, s64 pos, usize len, int *rc)
{
	u64 index = (u64)pos >> PAGE_SHIFT;
	struct frame *f = page_find(m, index);

	if (unlikely(f == NULL))
		return read_miss(m, ra, pos, len, rc);
	page_events_add(hits, 1);
	if (likely((page_flags(f) & (PAGE_UPTODATE | PAGE_BUSY)) ==
	    PAGE_UPTODATE))
		return f;
	*rc = page_settle(m, index, f, false);
	if (*rc == 0)
		return f;
	if (*rc == -EAGAIN)
		*rc = 0;
	return NULL;
}

/* Others may want to run, and current may be dead. */
static noinline int
read_turn(void)
{
	preempt_point();
	return thread_is_killed(current) ? -EINTR : 0;
}

/* Copy from f, the page at pos (a reference, which is dropped), as much as is
 * wanted of it and the file has. *rc: 1 the file ends, or why it stopped. */
static inline usize
read_copy(struct mapping *m, struct frame *f, struct uio *to, s64 pos,
    int *rc)
{
	u64 off = pos & PAGE_MASK;
	s64 left = READ_ONCE(*m->size) - pos;
	usize n = MIN(PAGE_SIZE - off, to->left), got = 0;

	if (unlikely(left <= (s64)n))
		n = MAX(left, 0l);
	if (likely(n > 0))
		got = uio_put(to, (char *)frame_virt(f) + off, n);
	page_touch(f, off + got == PAGE_SIZE || left <= (s64)got);
	frame_put(f);
	if (unlikely(got < n))
		*rc = uio_fault_in(to, USER_WRITE);
	else if (unlikely(left <= (s64)n))
		*rc = 1;
	return got;
}

/* Has a reader who came to pos entered the last window that was read? */
static inline bool
is_ahead_due(const struct readahead *ra, s64 pos)
{
	u64 index = (u64)pos >> PAGE_SHIFT;

	return ra->window != 0 && index < ra->ahead &&
	    index + ra->window >= ra->ahead;
}

/* At *pos: one page, or as much of it as is wanted. 0: go on. */
static inline int
read_step(struct mapping *m, struct readahead *ra, struct uio *to, s64 *pos)
{
	int rc = 0;
	struct frame *f = read_page(m, ra, *pos, to->left, &rc);

	if (unlikely(f == NULL))
		return rc != 0 ? rc : read_turn();
	*pos += read_copy(m, f, to, *pos, &rc);
	if (ra != NULL && rc == 0 && unlikely(is_ahead_due(ra, *pos)))
		rc = read_ahead(m, ra);
	return rc;
}

isize
page_read(struct mapping *m, struct readahead *ra, struct uio *to, s64 *pos)
{
	s64 from = *pos, turn = from;
	int rc = 0;

	while (rc == 0 && to->left > 0 && *pos < READ_ONCE(*m->size)) {
		rc = read_step(m, ra, to, pos);
		if (unlikely(*pos - turn >= TURN_BYTES) && rc == 0) {
			turn = *pos;
			rc = read_turn();
		}
	}
	if (ra != NULL)
		ra->next = *pos;
	return *pos > from ? *pos - from : MIN(rc, 0);
}
