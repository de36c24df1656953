/*
 * tmpfs: regular files.
 *
 * A file is a tree of frames (pagetree.h); a missing one is a hole and reads as
 * zeros. The frames are the page cache: read and write copy from and to them,
 * mappings map them.
 *
 * Reading takes no lock: a page found under RCU stays what it is until the
 * reader's end, since removed pages are put after a grace period, and a copy
 * never sleeps (it stops short at a missing user page). Writing takes the
 * inode's lock, in chunks of WRITE_CHUNK pages with a renewal between them, so
 * that a write of any size is covered by one small bound.
 *
 * Space is counted before a frame is taken (tmpfs.pages), so -ENOSPC comes
 * before any change.
 *
 * Truncation: the new size first, then the pages out of the tree, then out of
 * page tables (vm_unmap_pager). A fault that found the page before maps it before
 * or sees unmap_seq change; one after sees the new size.
 *
 * Locks: inode.lock (LOCK_INODE), for writing by all who change pages or size.
 */
#include "bounds.h"
#include "fs/tmpfs/tmpfs_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/vm/reserve.h"

#define WRITE_CHUNK	8		/* pages: see bounds.tab */
#define SIZE_MAX_BYTES	((s64)(PAGETREE_PAGES_MAX << PAGE_SHIFT))
#define SECTORS_PER_PAGE (PAGE_SIZE / 512)

/* ---- space ---- */

static bool
space_take(struct superblock *sb)
{
	struct tmpfs *fs = tmpfs_of(sb);

	if (likely(atomic_add_return(&fs->pages, 1) <= fs->max_pages))
		return true;
	atomic_dec(&fs->pages);
	return false;
}

static void
space_give(struct superblock *sb, u64 n)
{
	atomic_sub(&tmpfs_of(sb)->pages, n);
}

/* ---- pages ---- */

/*
 * The page at index, made if there is none. whole: the caller fills all of it.
 * -ENOSPC. The lock is held for writing.
 */
static int
page_make_locked(struct inode *i, u64 index, bool whole, struct frame **out)
{
	struct tnode *t = tnode_of(i);

	*out = pagetree_find(&t->tree, index);
	if (*out != NULL)
		return 0;
	if (!space_take(i->sb))
		return -ENOSPC;
	*out = whole ? frame_get(FRAME_FILE) : frame_get_zero(FRAME_FILE);
	pagetree_insert(&t->tree, index, *out);
	i->blocks += SECTORS_PER_PAGE;
	return 0;
}

/* Take out the pages [from, to); their number. */
static u64
pages_remove_locked(struct inode *i, u64 from, u64 to)
{
	struct tnode *t = tnode_of(i);
	u64 n = 0;

	while (pagetree_remove_next(&t->tree, from, to)) {
		n++;
		preempt_point();
	}
	space_give(i->sb, n);
	i->blocks -= n * SECTORS_PER_PAGE;
	return n;
}

/* Zero bytes [from, to) of one page, if it is there. */
static void
page_zero_part_locked(struct inode *i, u64 from, u64 to)
{
	struct frame *f = pagetree_find(&tnode_of(i)->tree,
	    from >> PAGE_SHIFT);

	if (f != NULL && from < to)
		memset((char *)frame_virt(f) + (from & PAGE_MASK), 0,
		    to - from);
}

int
tmpfs_set_size_locked(struct inode *i, s64 length)
{
	s64 old = i->size;

	if (length > SIZE_MAX_BYTES)
		return -EFBIG;
	WRITE_ONCE(i->size, length);
	if (length < old) {
		u64 first = PAGE_UP((u64)length) >> PAGE_SHIFT;
		u64 last = PAGE_UP((u64)old) >> PAGE_SHIFT;

		page_zero_part_locked(i, length, PAGE_UP((u64)length));
		(void)pages_remove_locked(i, first, ~0ull);
		vm_unmap_pager(&i->pager, first, last - first);
	}
	inode_touch(i, SETATTR_MTIME);
	return 0;
}

void
tmpfs_drop_pages(struct inode *i)
{
	(void)pages_remove_locked(i, 0, ~0ull);
}

/* ---- read ---- */

/* Copy out from one page; bytes copied. Under RCU from find to copy. */
static usize
read_page(struct tnode *t, struct uio *to, u64 pos, usize n)
{
	struct frame *f;
	usize put;

	rcu_read_lock();
	f = pagetree_find(&t->tree, pos >> PAGE_SHIFT);
	put = f != NULL ? uio_put(to, (char *)frame_virt(f) +
	    (pos & PAGE_MASK), n) : uio_zero(to, n);
	rcu_read_unlock();
	return put;
}

static isize
tmpfs_read(struct file *f, struct uio *to, s64 *pos)
{
	struct inode *i = f->inode;
	usize done = 0;
	int err = 0;

	while (to->left > 0) {
		s64 size = READ_ONCE(i->size), at = *pos + done;
		usize n, put;

		if (at >= size)
			break;
		n = MIN(MIN((u64)(size - at), to->left),
		    PAGE_SIZE - ((u64)at & PAGE_MASK));
		put = read_page(tnode_of(i), to, at, n);
		done += put;
		if (unlikely(put < n)) {
			err = uio_fault_in(to, USER_WRITE);
			if (err != 0)
				break;
		}
		preempt_point();
	}
	*pos += done;
	if (!(f->flags & O_NOATIME) && done != 0)
		inode_touch(i, SETATTR_ATIME);
	return done != 0 ? (isize)done : err;
}

/* ---- write ---- */

/*
 * Fill one page from the user's buffer. Bytes copied, maybe 0 (a page of the
 * user's is missing), or -ENOSPC. A page is made only if something is copied:
 * so a fault leaves no page of old contents behind.
 */
static isize
write_page_locked(struct inode *i, struct uio *from, u64 pos, usize n)
{
	struct frame *f;
	bool fresh = pagetree_find(&tnode_of(i)->tree, pos >> PAGE_SHIFT) ==
	    NULL;
	usize got;
	int err = page_make_locked(i, pos >> PAGE_SHIFT,
	    fresh && n == PAGE_SIZE, &f);

	if (err != 0)
		return err;
	got = uio_get(from, (char *)frame_virt(f) + (pos & PAGE_MASK), n);
	if (unlikely(fresh && n == PAGE_SIZE && got < n))
		memset((char *)frame_virt(f) + got, 0, n - got);
	return got;
}

/* Up to WRITE_CHUNK pages; 0 with *fault set when the user's page is missing. */
static isize
write_chunk_locked(struct inode *i, struct uio *from, s64 pos, bool *fault)
{
	usize done = 0;
	isize r = 0;

	for_bound(WRITE_CHUNK, u32 k = 0; k < WRITE_CHUNK && from->left > 0;
	    k++) {
		u64 at = pos + done;
		usize n = MIN(from->left, PAGE_SIZE - (at & PAGE_MASK));

		if (at >= (u64)SIZE_MAX_BYTES) {
			r = -EFBIG;
			break;
		}
		r = write_page_locked(i, from, at, n);
		if (r < 0)
			break;
		done += r;
		if ((usize)r < n) {
			*fault = true;
			break;
		}
	}
	if (pos + (s64)done > i->size && done > 0)
		WRITE_ONCE(i->size, pos + done);
	return done != 0 || *fault ? (isize)done : r;
}

/* A write by another than root takes the set-id bits away: write(2). */
static void
drop_setid_locked(struct inode *i)
{
	if (unlikely(i->mode & (S_ISUID | S_ISGID)) &&
	    !cred_is_root(current_cred()))
		i->mode &= ~(S_ISUID | (i->mode & S_IXGRP ? S_ISGID : 0));
}

static isize
tmpfs_write(struct file *f, struct uio *from, s64 *pos)
{
	struct inode *i = f->inode;
	usize done = 0;
	isize r = 0;

	while (from->left > 0) {
		bool fault = false;

		rwlock_write_lock(&i->lock);
		if ((f->flags & O_APPEND) && done == 0)
			*pos = i->size;
		drop_setid_locked(i);
		r = write_chunk_locked(i, from, *pos + done, &fault);
		if (r > 0)
			inode_touch(i, SETATTR_MTIME);
		rwlock_write_unlock(&i->lock);
		if (r < 0)
			break;
		done += r;
		if (from->left == 0)
			break;
		r = fault ? uio_fault_in(from, USER_READ) : reserve_renew();
		if (r < 0)
			break;
	}
	*pos += done;
	return done != 0 ? (isize)done : r;
}

/* ---- the rest ---- */

/* SEEK_DATA and SEEK_HOLE, lseek(2). */
static s64
seek_data(struct inode *i, s64 off, bool data)
{
	s64 size = READ_ONCE(i->size), found;
	u64 index;

	if (off < 0 || off >= size)
		return -ENXIO;
	rcu_read_lock();
	index = pagetree_next(&tnode_of(i)->tree, (u64)off >> PAGE_SHIFT,
	    data);
	rcu_read_unlock();
	if (index >= DIV_UP((u64)size, PAGE_SIZE))
		return data ? -ENXIO : size;
	found = MAX(off, (s64)(index << PAGE_SHIFT));
	return MIN(found, size);
}

static s64
tmpfs_seek(struct file *f, s64 off, int whence)
{
	struct inode *i = f->inode;

	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		off += f->pos;
		break;
	case SEEK_END:
		off += READ_ONCE(i->size);
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		off = seek_data(i, off, whence == SEEK_DATA);
		if (off < 0)
			return off;
		break;
	default:
		return -EINVAL;
	}
	if (off < 0)
		return -EINVAL;
	f->pos = off;
	return off;
}

static int
tmpfs_mmap(struct file *f, u32 prot, u32 flags, struct pager **out)
{
	(void)prot, (void)flags;
	*out = &f->inode->pager;
	f->inode->pager.ops->get(*out);
	return 0;
}

static int
tmpfs_sync(struct file *f, bool data_only)
{
	(void)f, (void)data_only;
	return 0;			/* memory is all there is */
}

static int
tmpfs_truncate(struct file *f, s64 length)
{
	struct inode *i = f->inode;
	int err;

	rwlock_write_lock(&i->lock);
	drop_setid_locked(i);
	err = tmpfs_set_size_locked(i, length);
	rwlock_write_unlock(&i->lock);
	return err;
}

/* Make pages of [first, last) until the chunk is full; *first advances. */
static int
allocate_chunk_locked(struct inode *i, u64 *first, u64 last)
{
	struct frame *f;
	int err = 0;

	for_bound(WRITE_CHUNK, u32 k = 0; k < WRITE_CHUNK && *first < last &&
	    err == 0; k++) {
		err = page_make_locked(i, *first, false, &f);
		if (err == 0)
			++*first;
	}
	return err;
}

static int
allocate_range(struct inode *i, int mode, s64 off, s64 len)
{
	u64 first = (u64)off >> PAGE_SHIFT;
	u64 last = DIV_UP((u64)off + len, PAGE_SIZE);
	int err = 0;

	while (err == 0 && first < last) {
		rwlock_write_lock(&i->lock);
		err = allocate_chunk_locked(i, &first, last);
		rwlock_write_unlock(&i->lock);
		if (err == 0 && first < last)
			err = reserve_renew();
	}
	rwlock_write_lock(&i->lock);
	if (err == 0 && !(mode & FALLOC_FL_KEEP_SIZE) && off + len > i->size)
		WRITE_ONCE(i->size, off + len);
	rwlock_write_unlock(&i->lock);
	return err;
}

static void
punch_range(struct inode *i, u64 from, u64 to)
{
	u64 first = PAGE_UP(from) >> PAGE_SHIFT, last = to >> PAGE_SHIFT;

	rwlock_write_lock(&i->lock);
	if (first > last) {
		page_zero_part_locked(i, from, to);
	} else {
		page_zero_part_locked(i, from, PAGE_UP(from));
		page_zero_part_locked(i, PAGE_DOWN(to), to);
		(void)pages_remove_locked(i, first, last);
		vm_unmap_pager(&i->pager, first, last - first);
	}
	inode_touch(i, SETATTR_MTIME);
	rwlock_write_unlock(&i->lock);
}

static int
tmpfs_allocate(struct file *f, int mode, s64 off, s64 len)
{
	if (off < 0 || len <= 0)
		return -EINVAL;
	if (off + len > SIZE_MAX_BYTES || off + len < off)
		return -EFBIG;
	if (mode == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)) {
		punch_range(f->inode, off, off + len);
		return 0;
	}
	if (mode & ~FALLOC_FL_KEEP_SIZE)
		return -EOPNOTSUPP;
	return allocate_range(f->inode, mode, off, len);
}

const struct file_ops tmpfs_file_ops = {
	.name = "tmpfs",
	.seekable = true,
	.bound = {
		[FOP_READ] = BOUND_tmpfs_read, [FOP_WRITE] = BOUND_tmpfs_write,
		[FOP_MMAP] = BOUND_tmpfs_mmap,
		[FOP_SETATTR] = BOUND_tmpfs_setattr,
	},
	.read = tmpfs_read,
	.write = tmpfs_write,
	.seek = tmpfs_seek,
	.mmap = tmpfs_mmap,
	.sync = tmpfs_sync,
	.truncate = tmpfs_truncate,
	.allocate = tmpfs_allocate,
};

/* ---- the pager ---- */

static inline struct inode *
inode_of_pager(struct pager *p)
{
	return CONTAINER_OF(p, struct inode, pager);
}

static void
pager_get(struct pager *p)
{
	inode_get(inode_of_pager(p));
}

static void
pager_put(struct pager *p)
{
	inode_put_later(inode_of_pager(p));
}

static struct frame *
pager_find(struct pager *p, u64 index)
{
	struct inode *i = inode_of_pager(p);
	struct frame *f = NULL;

	rcu_read_lock();
	if (index < DIV_UP((u64)READ_ONCE(i->size), PAGE_SIZE))
		f = pagetree_find(&tnode_of(i)->tree, index);
	if (f != NULL)
		frame_ref(f);
	rcu_read_unlock();
	return f;
}

static int
pager_get_page(struct pager *p, u64 index, bool writable, struct frame **out)
{
	struct inode *i = inode_of_pager(p);
	int err;

	(void)writable;			/* RAM: no one keeps track */
	*out = pager_find(p, index);
	if (*out != NULL)
		return 0;
	rwlock_write_lock(&i->lock);
	err = index < DIV_UP((u64)i->size, PAGE_SIZE) ?
	    page_make_locked(i, index, false, out) : -EFAULT;
	if (err == 0)
		frame_ref(*out);
	rwlock_write_unlock(&i->lock);
	return err;
}

static int
pager_path(struct pager *p, char *buf, usize len)
{
	return inode_string(inode_of_pager(p), buf, len);
}

static void
pager_identity(struct pager *p, u64 *dev, u64 *ino)
{
	*dev = inode_of_pager(p)->sb->dev;
	*ino = inode_of_pager(p)->ino;
}

const struct pager_ops tmpfs_pager_ops = {
	.get = pager_get,
	.put = pager_put,
	.get_page = pager_get_page,
	.find_page = pager_find,
	.path = pager_path,
	.identity = pager_identity,
};
