/*
 * Changing pages: write(2) in chunks, zeroing, and the account of dirty pages.
 *
 * A chunk is the rest of WRITE_PAGES aligned pages, so that all lie in one
 * lowest node of the tree. With the inode's lock (writing) and mapping.lock
 * (reading) held:
 *
 *	1. find what is in memory, waiting for what is being read;
 *	2. put frames, BUSY, where there is nothing: in one go;
 *	3. copy page by page, and make each dirty.
 *
 * In 1 nothing is BUSY on our account (P3). A page of which a part is to be
 * kept, and which is not in memory, ends the chunk before it: the caller has it
 * filled, unlocked, and comes again.
 *
 * A page is dirtied only after its file system has set blocks aside for it, and
 * that before the first byte is copied: -ENOSPC changes nothing. The flag DIRTY
 * is looked at, with a full barrier, after the copy: either the writer sees it
 * gone and sets it anew, or who took it (writeback.c) reads memory later, and
 * finds the bytes.
 *
 * The size grows after the chunk, by the caller. Until then m->write_end says
 * how far the write goes, and writeback leaves the pages at the old end alone:
 * it would write and zero them by the old size.
 */
#include "fs/cache/page_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"

_Static_assert(TREE_SLOTS % WRITE_PAGES == 0, "aligned chunks");

/* ---- dirty pages ---- */

int
page_space(struct mapping *m, struct frame *f)
{
	if (page_flags(f) & (PAGE_DIRTY | PAGE_SPACE))
		return 0;
	return m->ops->reserve(m, f->fc_index);
}

void
page_dirty(struct mapping *m, struct frame *f, bool space)
{
	/* The barrier of the theory: a locked operation, whatever it sets. */
	u8 flags = atomic_fetch_or(&f->flags, (u8)0);
	bool twice = false;

	if ((flags & PAGE_DIRTY) && !space)
		return;
	spin_lock(&m->spin);
	assert(page_is_at(f, m, f->fc_index));			/* P2 */
	if (space) {
		twice = page_flags(f) & PAGE_SPACE;
		atomic_or(&f->flags, (u8)PAGE_SPACE);
	}
	if (!(page_flags(f) & PAGE_DIRTY)) {
		atomic_or(&f->flags, (u8)PAGE_DIRTY);
		tree_tag(&m->tree, f->fc_index, TREE_DIRTY);	/* P5 */
		m->ndirty++;
		atomic_inc(&page_counts.dirty);
		flusher_add_locked(m);
	}
	spin_unlock(&m->spin);
	/* Somebody else had set it aside meanwhile. */
	if (unlikely(twice))
		m->ops->unreserve(m, 1);
}

int
page_throttle(struct mapping *m)
{
	int rc = 0;

	if (likely(!dirty_above_background()))
		return 0;
	flusher_kick(m->flusher);
	if (likely(!dirty_above_limit()))
		return 0;
	page_events_add(throttled, 1);
	WAIT_RENEWED(&dirty_queue, !dirty_above_limit(), THREAD_KILLABLE,
	    CLOCK_NEVER, false, rc);
	return rc;
}

/* ---- write(2) ---- */

/* Pages [first, first + n) of a write. */
struct chunk {
	struct mapping	*m;
	u64		first;
	u32		n;
	u32		nmade;		/* pages that are to be made */
	struct frame	*page[WRITE_PAGES];	/* a reference each */
	struct frame	*made[WRITE_PAGES];	/* of these, put in by us */
};

/* Bytes that a write of len at pos has for the page at index. */
static usize
bytes_of(u64 index, s64 pos, usize len)
{
	u64 from = MAX(index << PAGE_SHIFT, (u64)pos);
	u64 to = MIN((index + 1) << PAGE_SHIFT, (u64)pos + len);

	return to - from;
}

/* Must the page keep something of the file, beside what is written? */
static bool
is_partial(const struct mapping *m, u64 index, s64 pos, usize len)
{
	u64 start = index << PAGE_SHIFT, size = READ_ONCE(*m->size);
	u64 end = MIN(start + PAGE_SIZE, size);

	if (start >= size)
		return false;
	return (u64)pos > start || (u64)pos + len < end;
}

/* 1: what is in memory; the chunk ends before a page that must be filled. */
static void
chunk_find(struct chunk *c, s64 pos, usize len, enum page_stop *why)
{
	for (u32 k = 0; k < c->n; k++) {
		struct frame *f = page_find(c->m, c->first + k);

		if (f != NULL && page_settle(c->m, c->first + k, f, false) != 0)
			f = NULL;
		if (f == NULL && is_partial(c->m, c->first + k, pos, len)) {
			c->n = k;
			*why = PAGE_STOP_FILL;
			return;
		}
		c->page[k] = f;
		c->nmade += f == NULL;
	}
}

/* 2: new pages where there are none. The chunk ends before one that somebody
 * has put in meanwhile. */
static void
chunk_make(struct chunk *c, s64 end)
{
	struct mapping *m = c->m;
	u32 last = 0, k;

	for_bound(WRITE_PAGES, k = 0; k < c->n; k++)
		c->made[k] = c->page[k] == NULL ? frame_get(FRAME_FILE) : NULL;
	spin_lock(&m->spin);
	for (k = 0; k < c->n; k++) {
		if (c->made[k] == NULL)
			continue;
		if (tree_find(&m->tree, c->first + k) != NULL)
			break;
		frame_ref(c->made[k]);
		last = k + 1;
	}
	if (last > 0)
		page_insert_locked(m, c->first, c->made, last);
	m->write_end = MAX(m->write_end, end);
	spin_unlock(&m->spin);
	if (last > 0)
		evict_add(m, c->first, c->made, last);		/* P6 */
	for (u32 i = k; i < c->n; i++) {
		if (c->page[i] != NULL)
			frame_put(c->page[i]);
		if (c->made[i] != NULL)
			frame_put(c->made[i]);
	}
	c->n = k;
	for (k = 0; k < c->n; k++)
		if (c->page[k] == NULL)
			c->page[k] = c->made[k];
}

/* Copy n bytes to off of page k. Returns bytes; less than n: a user page is
 * missing. A new page takes all of its bytes or, if the file has others there,
 * none. */
static usize
page_copy(struct chunk *c, u32 k, struct uio *from, u32 off, usize n)
{
	struct frame *f = c->page[k];
	bool is_new = c->made[k] != NULL;
	struct uio was = *from;
	char *va = frame_virt(f);
	usize got = uio_get(from, va + off, n);

	if (got < n && is_new && (c->first + k) << PAGE_SHIFT <
	    (u64)READ_ONCE(*c->m->size)) {
		*from = was;
		return 0;
	}
	if (is_new && got > 0) {
		memset(va, 0, off);
		memset(va + off + got, 0, PAGE_SIZE - off - got);
		page_unbusy(f, true);
		c->made[k] = NULL;
	}
	return got;
}

/* 3, for one page. Bytes; 0 and *error: it was refused. */
static usize
chunk_page(struct chunk *c, u32 k, struct uio *from, s64 pos, usize n,
    int *error)
{
	struct frame *f = c->page[k];
	int space = page_space(c->m, f);
	usize got;

	if (unlikely(space < 0)) {
		*error = space;
		return 0;
	}
	got = page_copy(c, k, from, pos & PAGE_MASK, n);
	if (likely(got > 0)) {
		page_dirty(c->m, f, space > 0);
		page_touch(f, (pos + got) % PAGE_SIZE == 0);
	} else if (space > 0) {
		c->m->ops->unreserve(c->m, 1);
	}
	return got;
}

static usize
chunk_copy(struct chunk *c, struct uio *from, s64 pos, usize len,
    enum page_stop *why, int *error)
{
	usize done = 0;

	for (u32 k = 0; k < c->n; k++) {
		usize n = bytes_of(c->first + k, pos, len), got;

		got = chunk_page(c, k, from, pos + done, n,
		    error);
		done += got;
		if (got < n) {
			*why = *error != 0 ? PAGE_STOP_ERROR : PAGE_STOP_FAULT;
			break;
		}
	}
	return done;
}

/* What was not written to goes again. */
static void
chunk_end(struct chunk *c, s64 pos, usize done)
{
	struct mapping *m = c->m;

	for (u32 k = 0; k < c->n; k++) {
		if (c->made[k] != NULL)
			page_abandon(m, c->made[k]);
		frame_put(c->page[k]);
	}
	spin_lock(&m->spin);
	m->write_end = pos + done;
	spin_unlock(&m->spin);
}

usize
page_write_locked(struct mapping *m, struct uio *from, s64 pos,
    enum page_stop *why, int *error)
{
	u64 first = (u64)pos >> PAGE_SHIFT;
	u64 end = ROUND_DOWN(first, WRITE_PAGES) + WRITE_PAGES;
	usize len = MIN(from->left, (end << PAGE_SHIFT) - (u64)pos), done;
	struct chunk c = { .m = m, .first = first };

	*why = PAGE_STOP_DONE;
	*error = 0;
	if (len == 0)
		return 0;
	c.n = (((u64)pos + len - 1) >> PAGE_SHIFT) - first + 1;
	rwlock_read_lock(&m->lock);
	chunk_find(&c, pos, len, why);
	chunk_make(&c, pos + len);
	done = chunk_copy(&c, from, pos, len, why, error);
	chunk_end(&c, pos, done);
	rwlock_read_unlock(&m->lock);
	if (*why == PAGE_STOP_ERROR && *error == -EAGAIN)
		*why = PAGE_STOP_TURN;
	if (*why == PAGE_STOP_DONE && from->left > 0)
		*why = PAGE_STOP_TURN;
	return done;
}

/* ---- zeroing ---- */

/* Zero a part of f, a page of m with a reference. */
static int
zero_locked(struct mapping *m, struct frame *f, u32 off, u32 n)
{
	int space = page_space(m, f);

	if (space < 0)
		return space;
	memset((char *)frame_virt(f) + off, 0, n);
	page_dirty(m, f, space > 0);
	return 0;
}

int
page_zero(struct mapping *m, u64 from, u64 to)
{
	u64 index = from >> PAGE_SHIFT;
	struct frame *f;
	bool is_hole;
	int rc;

	assert(from < to && (to - 1) >> PAGE_SHIFT == index);
	rc = page_get(m, index, &f, &is_hole);
	if (rc != 0)
		return rc;
	rwlock_read_lock(&m->lock);
	if (unlikely(!page_is_at(f, m, index)))
		rc = -EAGAIN;
	else if (!is_hole || page_flags(f) & PAGE_DIRTY)
		rc = zero_locked(m, f, from & PAGE_MASK, to - from);
	rwlock_read_unlock(&m->lock);
	frame_put(f);
	return rc;
}
