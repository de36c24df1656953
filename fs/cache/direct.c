/*
 * O_DIRECT: transfers past the page cache, through frames of the call's own.
 *
 * The disk reaches any frame of the kernel's, but a user's page may go away
 * meanwhile; so the data passes through DIRECT_PAGES frames that a segment
 * takes and gives back: copied once more, but nothing is pinned or cached.
 *
 * Coherent with pages: dirty ones of the range are written first. A read then
 * holds mapping.lock for reading, a write for writing, while the disk works, so
 * that the blocks stay the file's; a write has taken the pages out before, and
 * who faults or reads them in waits for it.
 */
#include "fs/cache/page_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/sched/sched.h"

#define DIRECT_PAGES	16u

static BOUND_ROW(page_direct);

/* The frames of one segment, and how many bytes of them are used. */
struct bounce {
	struct frame	*page[DIRECT_PAGES];
	u32		npages;
};

static void
bounce_get(struct bounce *b, usize len)
{
	u32 n = DIV_UP(len, PAGE_SIZE);

	assert(n <= DIRECT_PAGES);
	b->npages = 0;
	for_bound(DIRECT_PAGES, ; b->npages < n; )
		b->page[b->npages++] = frame_get(FRAME_BUFFER);
}

static void
bounce_put(struct bounce *b)
{
	for (u32 k = 0; k < b->npages; k++)
		frame_put(b->page[k]);
}

/* Copy [at, len) of the bounce; bytes. */
static usize
bounce_copy(struct bounce *b, struct uio *u, usize at, usize len, bool put)
{
	usize done = 0;

	while (at + done < len) {
		usize off = (at + done) & PAGE_MASK;
		usize n = MIN(PAGE_SIZE - off, len - at - done), got;
		char *va = frame_virt(b->page[(at + done) >> PAGE_SHIFT]);

		got = put ? uio_put(u, va + off, n) : uio_get(u, va + off, n);
		done += got;
		if (got < n)
			break;
	}
	return done;
}

static int
bounce_io(struct mapping *m, struct bounce *b, enum block_op op, u64 lba,
    usize len)
{
	struct block_seg seg[DIRECT_PAGES];
	u32 n = 0;

	for (usize at = 0; at < len; at += PAGE_SIZE)
		seg[n] = (struct block_seg){ frame_paddr(b->page[n]),
		    MIN(len - at, PAGE_SIZE) }, n++;
	return block_io(m->dev, op, 0, lba, seg, n);
}

static bool
is_aligned(const struct mapping *m, s64 pos, usize len)
{
	u32 mask = block_sector_size(m->dev) - 1;

	return !((u64)pos & mask) && !(len & mask);
}

/* Where the bytes from pos on are: *len of them, at most, in one run. lba is
 * that of pos. mapping.lock is held. */
static int
find_run(struct mapping *m, s64 pos, usize *len, struct map_run *run, u64 *lba)
{
	u64 lblock = (u64)pos >> m->block_shift;
	u64 off = (u64)pos & ((1ul << m->block_shift) - 1);
	u32 max = DIV_UP(off + *len, 1ul << m->block_shift);
	int rc = m->ops->map(m, lblock, max, run);

	if (rc != 0)
		return rc;
	*len = MIN(*len, ((usize)run->n << m->block_shift) - off);
	*lba = (run->block << (m->block_shift - SECTOR_SHIFT)) +
	    (off >> SECTOR_SHIFT);
	return 0;
}

/* One segment's part of a read; *len: bytes that were asked for, then that are
 * in the bounce. */
static int
read_part(struct mapping *m, struct bounce *b, s64 pos, usize *len)
{
	struct map_run run;
	u64 lba;
	int rc;

	rwlock_read_lock(&m->lock);
	rc = find_run(m, pos, len, &run, &lba);
	if (rc == 0) {
		bounce_get(b, *len);
		if (run.kind == MAP_BLOCKS)
			rc = bounce_io(m, b, BLOCK_READ, lba, *len);
		else
			for (u32 k = 0; k < b->npages; k++)
				frame_clear(frame_virt(b->page[k]));
	}
	rwlock_read_unlock(&m->lock);
	return rc;
}

/* Dirty pages of the range go to the disk. */
static int
clean_range(struct mapping *m, s64 pos, usize len)
{
	return page_sync(m, (u64)pos >> PAGE_SHIFT,
	    ((u64)pos + len - 1) >> PAGE_SHIFT);
}

/* A segment: read len bytes at most at pos, which are below size. Bytes. */
static isize
direct_read_some(struct mapping *m, struct uio *to, s64 pos, usize len)
{
	struct bounce b = { .npages = 0 };
	u64 end = ROUND_UP((u64)READ_ONCE(*m->size),
	    (u64)block_sector_size(m->dev));
	usize left, done = 0;
	int rc;

	if ((u64)pos >= end)
		return 0;
	len = MIN(len, end - pos);
	rc = clean_range(m, pos, len);
	if (rc != 0)
		return rc;
	rc = reserve_row(&bound_page_direct);
	if (rc != 0)
		return rc;
	/* Whole sectors are read; what is behind the end is not copied. */
	rc = read_part(m, &b, pos, &len);
	left = MIN((s64)len, MAX(READ_ONCE(*m->size) - pos, 0l));
	if (rc == 0)
		done = bounce_copy(&b, to, 0, left, true);
	bounce_put(&b);
	reserve_end();
	if (rc == 0 && done < left && done == 0)
		rc = uio_fault_in(to, USER_WRITE);
	return rc != 0 && rc != -EAGAIN ? rc : (isize)done;
}

static isize
direct_read(struct mapping *m, struct uio *to, s64 *pos)
{
	isize done = 0, n = 0;

	while (to->left > 0 && *pos < READ_ONCE(*m->size)) {
		n = direct_read_some(m, to, *pos, MIN(to->left,
		    DIRECT_PAGES * PAGE_SIZE));
		if (n < 0)
			break;
		*pos += n;
		done += n;
		preempt_point();
		if (n == 0 && *pos >= READ_ONCE(*m->size))
			break;
		if (thread_is_killed(current)) {
			n = -EINTR;
			break;
		}
	}
	return done > 0 ? done : MIN(n, 0l);
}

isize
page_direct_read(struct mapping *m, struct uio *to, s64 *pos)
{
	struct renewal r;
	isize n;
	int rc;

	if (!is_aligned(m, *pos, to->left))
		return -EINVAL;
	r = renewal_begin();
	n = direct_read(m, to, pos);
	rc = renewal_end(r);
	return rc != 0 ? rc : n;
}

/* Write the bounce's len bytes at pos. *len: how many were; 0: there are no
 * blocks, or the size ends. */
static int
write_part(struct mapping *m, struct bounce *b, s64 pos, usize *len)
{
	struct map_run run;
	s64 left;
	u64 lba;
	int rc;

	rwlock_write_lock(&m->lock);
	left = READ_ONCE(*m->size) - pos;
	if (left < (s64)*len)
		*len = left > 0 ? ROUND_DOWN((usize)left,
		    (usize)block_sector_size(m->dev)) : 0;
	rc = *len > 0 ? find_run(m, pos, len, &run, &lba) : 0;
	if (rc == 0 && *len > 0 && run.kind != MAP_BLOCKS)
		*len = 0;
	if (rc == 0 && *len > 0)
		rc = page_invalidate(m, (u64)pos >> PAGE_SHIFT,
		    ((u64)pos + *len - 1) >> PAGE_SHIFT);
	if (rc == 0 && *len > 0)
		rc = bounce_io(m, b, BLOCK_WRITE, lba, *len);
	rwlock_write_unlock(&m->lock);
	return rc;
}

/* A segment. Bytes; 0: it is to be written through pages. -EBUSY: a page has
 * become dirty again, -EAGAIN: metadata was read: come again. */
static isize
direct_write_some(struct mapping *m, struct uio *from, s64 pos, usize len)
{
	struct bounce b;
	struct uio was = *from;
	usize got;
	int rc = clean_range(m, pos, len);

	if (rc != 0)
		return rc;
	rc = reserve_row(&bound_page_direct);
	if (rc != 0)
		return rc;
	bounce_get(&b, len);
	got = bounce_copy(&b, from, 0, len, false);
	len = ROUND_DOWN(got, (usize)block_sector_size(m->dev));
	if (len > 0)
		rc = write_part(m, &b, pos, &len);
	bounce_put(&b);
	reserve_end();
	*from = was;
	if (got == 0 || (rc == 0 && len == 0 && got < was.left &&
	    got < block_sector_size(m->dev)))
		rc = uio_fault_in(from, USER_READ), len = 0,
		    rc = rc != 0 ? rc : -EAGAIN;
	if (rc == 0)
		uio_skip(from, len);
	return rc != 0 ? rc : (isize)len;
}

static isize
direct_write(struct mapping *m, struct uio *from, s64 *pos)
{
	isize done = 0, n = 0;

	while (from->left > 0) {
		n = direct_write_some(m, from, *pos, MIN(from->left,
		    DIRECT_PAGES * PAGE_SIZE));
		if (thread_is_killed(current) && n <= 0)
			n = -EINTR;
		if (n == -EBUSY || n == -EAGAIN)
			continue;
		if (n <= 0)
			break;
		*pos += n;
		done += n;
		preempt_point();
	}
	return done > 0 ? done : n;
}

isize
page_direct_write(struct mapping *m, struct uio *from, s64 *pos)
{
	struct renewal r;
	isize n;
	int rc;

	if (!is_aligned(m, *pos, from->left))
		return -EINVAL;
	r = renewal_begin();
	n = direct_write(m, from, pos);
	rc = renewal_end(r);
	return rc != 0 ? rc : n;
}
