/*
 * Files get longer, shorter, holes, and blocks before their data.
 *
 * Freeing blocks may take many transactions. What is to go is said first:
 * [cut_from, cut_end), under the inode's lock and mapping.lock; from then on
 * those blocks are holes to all who ask, no page there has them, and the pages
 * that were being written there are awaited (page_drop). Then anybody may free
 * them, one step (a segment and a handle) after the other: who began it does,
 * and so does who finds it unfinished and wants to change the file: a second
 * truncation, or the flusher that brings new pages for that place. Nobody waits
 * for anybody.
 *
 * A file that is shortened in more than one transaction is an orphan from the
 * first to the last (E4): its size on disk is the new one at once, so that who
 * mounts the disk after a crash knows what to free. A hole that is punched is
 * half punched then.
 *
 * LIMIT: where blocks are smaller than pages, a write that was under way to the
 * freed blocks of the last page is awaited by who truncates, not by helpers.
 */
#include "fs/ext/data.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/vm/reserve.h"

#define ORPHAN_CREDITS	3u
#define LFS_MAX		0x7ffffffffffff000ul
/* Without huge_file, i_blocks counts 2^32 sectors. */
#define NOT_HUGE_MAX	(((1ul << 32) - 1) << 9)

static BOUND_ROW(ext_cut);		/* a step of freeing */
static BOUND_ROW(ext_truncate);		/* an end is zeroed, pages go */
static BOUND_ROW(ext_allocate);		/* a run is claimed */

s64
ext_max_bytes(const struct ext_inode *e)
{
	u64 n = ext_map_max(e) << e->fs->block_shift;

	if (!(e->fs->ro_compat & EXT_RO_HUGE_FILE))
		n = MIN(n, NOT_HUGE_MAX);
	return (s64)MIN(n, LFS_MAX);
}

/* ---- cutting ---- */

/* [from, end) in blocks is to go; the inode's lock and mapping.lock are held,
 * for writing. */
static void
cut_begin(struct ext_inode *e, u64 from, u64 end)
{
	rwlock_write_lock(&e->map_lock);
	assert(e->cut_from == ~0ul);
	WRITE_ONCE(e->cut_end, end);
	atomic_store_release(&e->cut_from, from);
	rwlock_write_unlock(&e->map_lock);
}

/* One step; map_lock held, in a handle. 1: there are more. */
static int
cut_locked(struct ext_inode *e, struct ext_spares *sp)
{
	bool is_tail = e->cut_end == ~0ul;
	int rc, orphan = 0;

	if (e->cut_from == ~0ul)
		return 0;		/* another has done the last one */
	rc = ext_map_cut(e, e->cut_from, e->cut_end, sp);
	if (rc < 0)
		return rc;
	if (rc == 0)
		atomic_store_release(&e->cut_from, ~0ul);
	/* E4; what has no name any more stays an orphan. */
	if (is_tail && rc == 1)
		orphan = ext_orphan_add(e);
	else if (is_tail && e->i.nlink > 0)
		orphan = ext_orphan_remove(e);
	return orphan != 0 ? orphan : rc;
}

static int
cut_step(struct ext_inode *e, struct ext_spares *sp)
{
	int rc = ext_begin(e->fs, EXT_CREDITS_CUT + EXT_CREDITS_INODE +
	    ORPHAN_CREDITS), stored = 0;

	if (rc != 0)
		return rc;
	rwlock_write_lock(&e->map_lock);
	rc = cut_locked(e, sp);
	rwlock_write_unlock(&e->map_lock);
	if (rc >= 0)
		stored = ext_inode_store(e);
	ext_end(e->fs);
	return stored != 0 ? stored : rc;
}

int
ext_cut_finish(struct ext_inode *e)
{
	struct ext_spares sp = { .n = 0 };
	int rc = 0;

	while (ext_is_cutting(e)) {
		rc = reserve_row(&bound_ext_cut);
		if (rc == 0)
			rc = cut_step(e, &sp);
		if (rc == -EAGAIN)
			rc = sp.n < sp.want ? ext_spares_fill(e, &sp) : 0;
		if (rc < 0)
			break;
		preempt_point();
	}
	ext_spares_put(e->fs, &sp);
	if (!ext_is_cutting(e))
		waitq_wake(&e->cut_done, 0);
	reserve_end();
	return MIN(rc, 0);
}

int
ext_truncate_finish(struct ext_inode *e, u64 first)
{
	int rc = ext_cut_finish(e);

	if (rc != 0)
		return rc;
	/* Even if it has no blocks: it may be on the list of orphans. */
	if (e->i.nlink == 0 && e->i.blocks == 0 && e->disk_size == 0)
		return 0;
	rwlock_write_lock(&e->map_lock);
	e->disk_size = MIN(e->disk_size,
	    (s64)(first << e->fs->block_shift));
	rwlock_write_unlock(&e->map_lock);
	cut_begin(e, first, ~0ul);
	return ext_cut_finish(e);
}

/* ---- the size ---- */

/* Zero [from, to) of the page that has it, as far as the file goes; the inode's
 * lock is held for writing. */
static int
zero_part(struct ext_inode *e, s64 from, s64 to)
{
	to = MIN(to, e->i.size);
	return from < to ? page_zero(&e->map, (u64)from, (u64)to) : 0;
}

static int
shrink_locked(struct ext_inode *e, s64 size)
{
	struct ext_fs *fs = e->fs;
	int rc = zero_part(e, size, (s64)PAGE_UP((u64)size));

	if (rc != 0)
		return rc;
	rwlock_write_lock(&e->map.lock);
	WRITE_ONCE(e->i.size, size);
	rwlock_write_lock(&e->map_lock);
	e->disk_size = MIN(e->disk_size, size);
	rwlock_write_unlock(&e->map_lock);
	cut_begin(e, DIV_UP((u64)size, fs->block_bytes), ~0ul);
	page_drop(&e->map, PAGE_UP((u64)size) >> PAGE_SHIFT, ~0ul);
	rwlock_write_unlock(&e->map.lock);
	return 0;
}

static int
grow_locked(struct ext_inode *e, s64 size)
{
	s64 old = e->i.size;
	int rc = 0;

	/* What a mapping wrote behind the end is not the file's. */
	if (old % PAGE_SIZE != 0) {
		s64 end = (s64)PAGE_UP((u64)old);

		rc = page_zero(&e->map, (u64)old, (u64)end);
	}
	if (rc != 0)
		return rc;
	WRITE_ONCE(e->i.size, size);
	rwlock_write_lock(&e->map_lock);
	e->disk_size = size;
	rwlock_write_unlock(&e->map_lock);
	return 0;
}

/* What is done with the inode's lock held, in one segment. */
static int
size_locked(struct ext_inode *e, s64 size)
{
	struct inode *i = &e->i;
	int rc;

	if (size > i->size)
		rc = grow_locked(e, size);
	else if (size < i->size || i->blocks > 0)
		rc = shrink_locked(e, size);	/* fallocate's blocks, too */
	else
		rc = 0;
	if (rc == 0)
		inode_touch(i, SETATTR_MTIME);
	return rc;
}

/* Set the size, when nothing is being cut. Only longer: never cut. */
static int
size_set(struct ext_inode *e, s64 size, bool only_longer)
{
	int rc;

	do {
		rc = ext_cut_finish(e);
		if (rc != 0)
			return rc;
		rc = reserve_row(&bound_ext_truncate);
		if (rc != 0)
			return rc;
		rwlock_write_lock(&e->i.lock);
		if (ext_is_cutting(e))
			rc = -EAGAIN;
		else if (!only_longer || size > e->i.size)
			rc = size_locked(e, size);
		rwlock_write_unlock(&e->i.lock);
	} while (rc == -EAGAIN);
	return rc;
}

int
ext_truncate(struct inode *i, s64 size)
{
	struct ext_inode *e = ext_inode(i);
	u32 in_page = (u32)(size & PAGE_MASK);
	u64 index = (u64)size >> PAGE_SHIFT;
	int rc;

	if (size < 0)
		return -EINVAL;
	if (size > ext_max_bytes(e))
		return -EFBIG;
	rc = size_set(e, size, false);
	if (rc == 0 && ext_is_cutting(e) && in_page != 0 &&
	    e->fs->block_bytes < PAGE_SIZE) {
		reserve_end();
		rc = page_sync(&e->map, index, index);
	}
	if (rc == 0)
		rc = ext_cut_finish(e);
	return rc;
}

/* ---- fallocate(2) ---- */

/* Zero the parts of pages at both ends of [off, end), and have the pages
 * between cut. The inode's lock is held for writing. */
static int
punch_locked(struct ext_inode *e, s64 off, s64 end)
{
	s64 first = (s64)PAGE_UP((u64)off), last = (s64)PAGE_DOWN((u64)end);
	u32 shift = e->fs->block_shift;
	int rc;

	if (first > last)
		return zero_part(e, off, end);
	rc = zero_part(e, off, first);
	if (rc == 0)
		rc = zero_part(e, last, end);
	if (rc != 0 || first == last)
		return rc;
	rwlock_write_lock(&e->map.lock);
	cut_begin(e, (u64)first >> shift, (u64)last >> shift);
	page_drop(&e->map, (u64)first >> PAGE_SHIFT,
	    ((u64)last >> PAGE_SHIFT) - 1);
	rwlock_write_unlock(&e->map.lock);
	return 0;
}

static int
punch(struct ext_inode *e, s64 off, s64 end)
{
	int rc;

	do {
		rc = ext_cut_finish(e);
		if (rc != 0)
			return rc;
		rc = reserve_row(&bound_ext_truncate);
		if (rc != 0)
			return rc;
		rwlock_write_lock(&e->i.lock);
		rc = ext_is_cutting(e) ? -EAGAIN : punch_locked(e, off, end);
		if (rc == 0)
			inode_touch(&e->i, SETATTR_MTIME);
		rwlock_write_unlock(&e->i.lock);
	} while (rc == -EAGAIN);
	return rc == 0 ? ext_cut_finish(e) : rc;
}

/* A claim of at most n blocks for lblock on. */
static int
claim_fresh(struct ext_inode *e, u64 lblock, u32 n, struct ext_claim **out)
{
	struct ext_search s = { .want = n };
	u32 waits = 0;
	int rc = ext_goal(e, lblock, &s.goal);

	if (rc != 0)
		return rc;
	for (;;) {
		rc = reserve_row(&bound_ext_allocate);
		if (rc == 0)
			rc = ext_claim_get(e->fs, &s, EXT_USE_DATA, out);
		if (rc == -ENOSPC && ext_space_wait(e->fs, waits++))
			s.tries = 0;
		else if (rc != -EAGAIN)
			return rc;
	}
}

/* Unwritten blocks for the hole of n at lblock: how many, or an error. */
static int
fill_hole(struct ext_inode *e, u64 lblock, u32 n)
{
	struct ext_naming x = { .lblock = lblock, .kind = MAP_HOLE,
	    .unwritten = true };
	int rc = claim_fresh(e, lblock, ext_map_fits(e, lblock, n), &x.claim);

	if (rc != 0)
		return rc;
	x.block = x.claim->block;
	x.n = n = x.claim->n;
	rc = ext_name(e, &x);
	if (x.claim != NULL)
		ext_claim_put(e->fs, x.claim);
	/* Somebody else has filled a part, or is cutting: look again. */
	if (rc == -EEXIST)
		return 0;
	return rc != 0 ? rc : (int)x.n;
}

static int
fill(struct ext_inode *e, u64 lblock, u64 end)
{
	struct map_run run;
	int rc = 0;

	while (lblock < end && rc >= 0) {
		if (end > READ_ONCE(e->cut_from))
			rc = ext_cut_finish(e);
		if (rc == 0)
			rc = ext_map_renewed(e, lblock,
			    (u32)MIN(end - lblock, (u64)EXT_UNWRITTEN_LEN_MAX),
			    &run);
		if (rc != 0)
			return rc;
		rc = (int)run.n;
		if (run.kind == MAP_HOLE)
			rc = fill_hole(e, lblock, run.n);
		if (rc > 0) {
			lblock += (u32)rc;
			rc = 0;
		}
		preempt_point();
	}
	return rc;
}

int
ext_allocate(struct file *f, int mode, s64 off, s64 len)
{
	struct ext_inode *e = ext_inode(f->inode);
	u32 shift = e->fs->block_shift;
	s64 end = off + len;
	int rc = 0;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE |
	    FALLOC_FL_ZERO_RANGE) ||
	    !(e->flags & EXT_FL_EXTENTS))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_PUNCH_HOLE) &&
	    mode != (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if (end > ext_max_bytes(e))
		return -EFBIG;
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		rc = punch(e, off, end);
	if (rc == 0 && !(mode & FALLOC_FL_PUNCH_HOLE)) {
		rc = fill(e, (u64)off >> shift,
		    DIV_UP((u64)end, 1ul << shift));
		if (rc == 0 && !(mode & FALLOC_FL_KEEP_SIZE))
			rc = size_set(e, end, true);
	}
	reserve_end();
	if (rc == 0 && (f->flags & O_DSYNC))
		rc = ext_inode_sync(e, false);
	return rc;
}
