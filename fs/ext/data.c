/*
 * Regular files: what an open one does. Their bytes are in the page cache
 * (fs/cache); where blocks are, and how they get there, is in writeback.c; how
 * files get shorter, in truncate.c.
 *
 * A write goes chunk by chunk. Before each, holding nothing, it waits while too
 * much is dirty, and reserves; then, with the inode's lock, the chunk is copied
 * and the size raised. The size on the disk follows when the bytes are there.
 *
 * -ENOSPC is not taken for an answer at once: what was freed may only have to
 * be committed, and a page that is overwritten in place needs no space, if its
 * map can be asked.
 */
#include "fs/ext/data.h"
#include "fs/ext/dir_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/mount.h"
#include "kernel/abi/stat.h"
#include "kernel/file/cred.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/mem/slab.h"
#include "kernel/vm/reserve.h"

#define CHUNK_BYTES	(64ul << 10)	/* at most: fs/cache's chunk */
#define LOOK_BLOCKS	0x40000000u	/* in one look for a hole */

/* What an open file has, f->priv. o who reads */
struct opened {
	struct readahead ra;		/* [o]; two may muddle it: a hint */
	u32		error_seq;	/* [a] of mapping.error_seq: told */
};

static KMEM_CACHE(opened_cache, "ext-open", struct opened);
static FILE_BOUNDS(ext);
static BOUND_ROW(ext_chunk);		/* a chunk of a write */

static inline struct ext_inode *
file_inode(const struct file *f)
{
	return ext_inode(f->inode);
}

static int
ext_open(struct inode *i, struct file *f)
{
	struct opened *o = kmem_get_zero(&opened_cache);

	o->error_seq = READ_ONCE(ext_inode(i)->map.error_seq);
	f->priv = o;
	f->ops = &ext_file_ops;
	return 0;
}

static void
ext_release(struct file *f)
{
	struct ext_inode *e = file_inode(f);
	struct ext_claim *c;

	/* It grows no more, or claims anew. */
	if (f->mode & FMODE_WRITE) {
		c = ext_ahead_get(e);
		if (c != NULL)
			ext_claim_put(e->fs, c);
	}
	kmem_put(&opened_cache, f->priv);
}

/* ---- reading ---- */

/* As relatime does: only when it says something new. */
static void
note_read(const struct file *f, struct inode *i)
{
	if (unlikely(i->atime_ns <= i->mtime_ns) && !(f->flags & O_NOATIME) &&
	    !(i->sb->flags & MS_RDONLY))
		inode_touch(i, SETATTR_ATIME);
}

static isize
ext_read(struct file *f, struct uio *to, s64 *pos)
{
	struct ext_inode *e = file_inode(f);
	struct opened *o = f->priv;
	isize n;

	if (unlikely(f->flags & O_DIRECT))
		n = page_direct_read(&e->map, to, pos);
	else
		n = page_read(&e->map, &o->ra, to, pos);
	if (likely(n > 0))
		note_read(f, &e->i);
	return n;
}

/* ---- writing ---- */

/* Written data takes set-id bits away, from others than root. */
static void
drop_setid(struct inode *i)
{
	if (unlikely(i->mode & (S_ISUID | S_ISGID)) &&
	    current_cred()->fsuid != 0)
		WRITE_ONCE(i->mode, i->mode & ~(u32)(S_ISUID |
		    (i->mode & S_IXGRP ? S_ISGID : 0)));
}

/* What is behind the end in its page becomes the file's: it must be zeros, and
 * a mapping may have written there. */
static int
zero_tail(struct ext_inode *e, s64 pos)
{
	s64 size = e->i.size;

	if (pos <= size || size % PAGE_SIZE == 0 ||
	    READ_ONCE(e->map.has_writers) == 0)
		return 0;
	return page_zero(&e->map, (u64)size, PAGE_UP((u64)size));
}

/* A chunk at *pos, as far as a file may go; the inode's lock is held. */
static usize
write_locked(struct ext_inode *e, struct uio *from, s64 pos,
    enum page_stop *why, int *error)
{
	s64 most = ext_max_bytes(e);
	usize cut, n;

	*why = PAGE_STOP_ERROR;
	*error = pos >= most ? -EFBIG : zero_tail(e, pos);
	if (*error != 0)
		return 0;
	cut = from->left - MIN(from->left, (u64)(most - pos));
	from->left -= cut;
	n = page_write_locked(&e->map, from, pos, why, error);
	from->left += cut;
	if (cut > 0 && *why == PAGE_STOP_DONE)
		*why = PAGE_STOP_TURN;
	if (n == 0)
		return 0;
	if (pos + (s64)n > e->i.size)
		WRITE_ONCE(e->i.size, pos + (s64)n);
	drop_setid(&e->i);
	inode_touch(&e->i, SETATTR_MTIME);
	return n;
}

/* There seems to be no space. Have the maps of what is written in memory, and
 * what can be freed be free. 0: try again. */
static int
write_wait(struct ext_inode *e, s64 pos, u32 *waits)
{
	u64 at = (u64)pos >> e->fs->block_shift;
	u64 end = (PAGE_UP((u64)pos + CHUNK_BYTES)) >> e->fs->block_shift;
	struct map_run run;

	if (*waits > 0 && !ext_space_wait(e->fs, *waits - 1))
		return -ENOSPC;
	(*waits)++;
	for (; at < end; at += run.n) {
		int rc = ext_map_renewed(e, at, (u32)(end - at), &run);

		if (rc != 0)
			return rc;
	}
	return 0;
}

/* Between two chunks, holding nothing. 0: go on. */
static int
write_pause(struct ext_inode *e, struct uio *from, s64 pos,
    enum page_stop why, int error, u32 *waits)
{
	switch (why) {
	case PAGE_STOP_TURN:
		preempt_point();
		return thread_is_killed(current) ? -EINTR : 0;
	case PAGE_STOP_FAULT:
		return uio_fault_in(from, USER_READ);
	case PAGE_STOP_FILL:
		error = page_fill(&e->map, (u64)pos >> PAGE_SHIFT);
		break;
	default:
		break;
	}
	if (error == -EAGAIN)
		return 0;
	return error == -ENOSPC ? write_wait(e, pos, waits) : error;
}

/* Through pages; each chunk is a segment. */
static isize
write_pages(struct file *f, struct uio *from, s64 *pos)
{
	struct ext_inode *e = file_inode(f);
	enum page_stop why = PAGE_STOP_TURN;
	isize done = 0;
	u32 waits = 0;
	int rc;

	for (;;) {
		int error = 0;
		usize n;

		reserve_end();
		rc = page_throttle(&e->map);
		if (rc != 0)
			break;
		rc = reserve_row(&bound_ext_chunk);
		if (rc != 0)
			return done > 0 ? done : rc;
		rwlock_write_lock(&e->i.lock);
		if (f->flags & O_APPEND)
			*pos = e->i.size;
		n = write_locked(e, from, *pos, &why, &error);
		rwlock_write_unlock(&e->i.lock);
		*pos += (s64)n;
		done += (isize)n;
		if (n > 0)
			waits = 0;
		if (why == PAGE_STOP_DONE)
			return done;
		rc = write_pause(e, from, *pos, why, error, &waits);
		if (rc != 0)
			break;
	}
	return done > 0 ? done : rc;
}

/* Without pages where there are blocks, below the size; the rest through
 * them. */
static isize
write_direct(struct file *f, struct uio *from, s64 *pos)
{
	struct ext_inode *e = file_inode(f);
	isize done = 0, n;

	if (!(f->flags & O_APPEND)) {
		done = page_direct_write(&e->map, from, pos);
		if (done < 0)
			return done;
	}
	if (done > 0) {
		rwlock_write_lock(&e->i.lock);
		drop_setid(&e->i);
		inode_touch(&e->i, SETATTR_MTIME);
		rwlock_write_unlock(&e->i.lock);
	}
	if (from->left == 0)
		return done;
	n = write_pages(f, from, pos);
	if (n <= 0)
		return done > 0 ? done : n;
	reserve_end();
	(void)page_sync(&e->map, (u64)(*pos - n) >> PAGE_SHIFT,
	    (u64)(*pos - 1) >> PAGE_SHIFT);	/* errors: fsync tells */
	return done + n;
}

/* O_DSYNC: what was written is on the disk before the call returns. */
static int
sync_range(const struct file *f, s64 from, s64 to)
{
	struct ext_inode *e = file_inode(f);
	int rc;

	reserve_end();
	rc = page_sync(&e->map, (u64)from >> PAGE_SHIFT,
	    (u64)(to - 1) >> PAGE_SHIFT);
	if (rc == 0)
		rc = ext_inode_sync(e, (f->flags & O_SYNC) != O_SYNC);
	return rc;
}

static isize
ext_write(struct file *f, struct uio *from, s64 *pos)
{
	isize n = f->flags & O_DIRECT ? write_direct(f, from, pos) :
	    write_pages(f, from, pos);
	int rc;

	if (n <= 0 || likely(!(f->flags & O_DSYNC) &&
	    !(file_inode(f)->flags & EXT_FL_SYNC)))
		return n;
	rc = sync_range(f, *pos - n, *pos);
	return rc != 0 ? rc : n;
}

/* ---- the rest ---- */

static int
ext_sync(struct file *f, bool data_only)
{
	struct ext_inode *e = file_inode(f);
	struct opened *o = f->priv;
	s64 size = READ_ONCE(e->i.size);
	int rc, error;

	reserve_end();
	rc = page_sync(&e->map, 0, ~0ul);
	if (rc == 0 && READ_ONCE(e->map.error_seq) == 0)
		ext_size_settle(e, size);
	if (rc == 0)
		rc = ext_inode_sync(e, data_only);
	error = page_error(&e->map, &o->error_seq);
	return error != 0 ? error : rc;
}

/* The map of one look, with mapping.lock; in a segment of the caller's. */
static int
look(struct ext_inode *e, u64 lblock, struct map_run *out)
{
	int rc;

	do {
		rc = reserve_row(&ext_bounds[FOP_READ]);
		if (rc != 0)
			return rc;
		rwlock_read_lock(&e->map.lock);
		rc = ext_map_try(e, lblock, LOOK_BLOCKS, out);
		rwlock_read_unlock(&e->map.lock);
	} while (rc == -EAGAIN);
	return rc;
}

/* The start of the next data, at or after off: blocks that were written, or
 * dirty pages. */
static s64
seek_data(struct ext_inode *e, s64 off)
{
	u32 shift = e->fs->block_shift;
	struct map_run run;

	while (off < READ_ONCE(e->i.size)) {
		u64 lblock = (u64)off >> shift, dirty;
		int rc = look(e, lblock, &run);
		s64 end = (s64)((lblock + run.n) << shift);

		if (rc != 0)
			return rc;
		if (run.kind == MAP_BLOCKS)
			return off;
		dirty = page_next_dirty(&e->map, (u64)off >> PAGE_SHIFT);
		if (dirty < (u64)end >> PAGE_SHIFT ||
		    dirty << PAGE_SHIFT < (u64)end)
			return MIN(MAX(off, (s64)(dirty << PAGE_SHIFT)),
			    READ_ONCE(e->i.size) - 1);
		off = end;
	}
	return -ENXIO;
}

static s64
seek_hole(struct ext_inode *e, s64 off)
{
	u32 shift = e->fs->block_shift;
	struct map_run run;

	while (off < READ_ONCE(e->i.size)) {
		u64 lblock = (u64)off >> shift, page = (u64)off >> PAGE_SHIFT;
		int rc = look(e, lblock, &run);

		if (rc != 0)
			return rc;
		if (run.kind == MAP_BLOCKS)
			off = (s64)((lblock + run.n) << shift);
		else if (page_next_dirty(&e->map, page) == page)
			off = (s64)((page + 1) << PAGE_SHIFT);
		else
			return off;
	}
	return READ_ONCE(e->i.size);
}

static s64
ext_seek(struct file *f, s64 off, int whence)
{
	struct ext_inode *e = file_inode(f);
	s64 size = READ_ONCE(e->i.size);

	if (whence == SEEK_DATA || whence == SEEK_HOLE) {
		if (off < 0 || off >= size)
			return -ENXIO;
		off = whence == SEEK_DATA ? seek_data(e, off) :
		    seek_hole(e, off);
		reserve_end();
		if (off < 0)
			return off;
	} else if (whence == SEEK_END) {
		off += size;
	} else if (whence == SEEK_CUR) {
		off += f->pos;
	} else if (whence != SEEK_SET) {
		return -EINVAL;
	}
	if (off < 0 || off > ext_max_bytes(e))
		return -EINVAL;
	f->pos = off;
	return off;
}

static int
ext_mmap(struct file *f, u32 prot, u32 flags, struct pager **out)
{
	inode_get(f->inode);
	*out = &file_inode(f)->map.pager;
	return 0;
}

static int
ext_ftruncate(struct file *f, s64 length)
{
	int rc = ext_truncate(f->inode, length);

	if (rc == 0 && (f->flags & O_DSYNC))
		rc = ext_inode_sync(file_inode(f), false);
	return rc;
}

const struct file_ops ext_file_ops = {
	.name = "ext",
	.bound = ext_bounds,
	.seekable = true,
	.read = ext_read,
	.write = ext_write,
	.seek = ext_seek,
	.mmap = ext_mmap,
	.sync = ext_sync,
	.truncate = ext_ftruncate,
	.allocate = ext_allocate,
	.release = ext_release,
};

/* ---- attributes ---- */

/* Blocks that dirty pages are going to have count, so that nobody takes a file
 * for one great hole. */
static int
ext_file_getattr(struct inode *i, struct lx_stat *st)
{
	u64 dirty = READ_ONCE(ext_inode(i)->map.ndirty) << (PAGE_SHIFT - 9);
	u64 all;

	inode_fill_stat(i, st);
	all = DIV_UP((u64)st->st_size, 512);
	if ((u64)st->st_blocks < all)
		st->st_blocks = (s64)MIN((u64)st->st_blocks + dirty, all);
	return 0;
}

const struct inode_ops ext_file_inode_ops = {
	.setattr = ext_setattr,
	.truncate = ext_truncate,
	.getattr = ext_file_getattr,
	.open = ext_open,
};
