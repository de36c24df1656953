/*
 * The contents of tmpfs files: frames in a page tree, copied to and from under
 * the inode's lock by copies that never fault. A page that is not in the tree
 * reads as zeros.
 *
 * A write goes in chunks, each the rest of CHUNK_PAGES aligned pages: the
 * charge for a chunk is reserved, then the lock is taken, and the file system's
 * limit is asked for each page before it is taken (-ENOSPC is policy). The
 * chunk's new pages enter the tree together, by one path of nodes. After a
 * chunk, or where a user page is missing, the lock is dropped and the charge
 * renewed.
 *
 * D1 a frame enters the tree only when all its bytes are defined.
 * D2 pages at and beyond the end of the file are not in the tree, unless
 *    fallocate put them there; bytes of the last page behind the end are zero
 *    when size grows over them: truncation clears them.
 */
#include "fs/tmpfs/tmpfs_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/limits.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/vm/reserve.h"

#define CHUNK_PAGES	16u
#define TURN_BYTES	(256ul << 10)	/* read before others may run */
#define FREE_BATCH	32u
#define SIZE_MAX_BYTES	0x7ffffffffffff000l

/* A chunk lies in one lowest node: see tree_insert(). */
_Static_assert(TREE_SLOTS % CHUNK_PAGES == 0, "aligned chunks");

/* ---- pages ---- */

/* New pages of a chunk that are not yet in the tree. */
struct page_run {
	u64		first;		/* page[k] is of index first + k */
	u32		n;		/* page[n - 1] is the last new one */
	u32		npages;		/* those below it that are not NULL */
	void		*page[CHUNK_PAGES];	/* struct frame * */
};

/* first and those that follow lie in one chunk. */
static inline void
run_begin(struct page_run *r, u64 first)
{
	r->first = first;
	r->n = r->npages = 0;
}

static void
run_add(struct page_run *r, u64 index, struct frame *f)
{
	while (r->n < index - r->first)
		r->page[r->n++] = NULL;
	r->page[r->n++] = f;
	r->npages++;
}

/* Up to where the chunk of index goes. */
static inline u64
chunk_end(u64 index)
{
	return ROUND_DOWN(index, CHUNK_PAGES) + CHUNK_PAGES;
}

/* Into the tree with them; lock held for writing. */
static void
run_end(struct page_run *r, struct inode *i)
{
	if (r->n == 0)
		return;
	spin_lock(&i->spin);
	tree_insert(&tmpfs_inode(i)->tree, r->first, r->page, r->n);
	spin_unlock(&i->spin);
	i->blocks += r->npages * (PAGE_SIZE / 512);
}

/* Take pages of [from, to) out and free them. Lock held for writing, or the
 * inode is dying. */
static void
pages_drop(struct inode *i, u64 from, u64 to)
{
	struct tree *t = &tmpfs_inode(i)->tree;
	struct tmpfs_super *s = tmpfs_super(i->sb);
	struct frame *batch[FREE_BATCH];
	u32 n;

	do {
		n = 0;
		spin_lock(&i->spin);
		while (n < FREE_BATCH) {
			from = tree_next(t, from);
			if (from >= to)
				break;
			batch[n++] = tree_remove(t, from++);
		}
		spin_unlock(&i->spin);
		i->blocks -= n * (PAGE_SIZE / 512);
		atomic_sub(&s->used_pages, n);
		for (u32 k = 0; k < n; k++)
			frame_put(batch[k]);
		preempt_point();
	} while (n == FREE_BATCH);
}

void
tmpfs_free_pages(struct inode *i)
{
	pages_drop(i, 0, ~0ul);
}

/* Zero bytes [from, to) where there are pages; lock held for writing. */
static void
bytes_clear(struct inode *i, u64 from, u64 to)
{
	while (from < to) {
		u64 off = from & PAGE_MASK, n = MIN(PAGE_SIZE - off, to - from);
		struct frame *f = tree_find(&tmpfs_inode(i)->tree,
		    from >> PAGE_SHIFT);

		if (f != NULL)
			memset((char *)frame_virt(f) + off, 0, n);
		from += n;
	}
}

int
tmpfs_set_size(struct inode *i, s64 size)
{
	u64 first = PAGE_UP((u64)size) >> PAGE_SHIFT;
	s64 old = i->size;

	if (size < 0 || size > SIZE_MAX_BYTES)
		return -EFBIG;
	WRITE_ONCE(i->size, size);
	if (size < old) {
		/* D2 */
		bytes_clear(i, size, MIN(PAGE_UP((u64)size), (u64)old));
		pages_drop(i, first, ~0ul);
		vm_unmap_pager(&tmpfs_inode(i)->pager, first, ~0ul - first);
	}
	inode_touch(i, SETATTR_MTIME);
	return 0;
}

/* ---- reading ---- */

enum copy_stop {
	STOP_DONE,		/* all is copied, or the file ends */
	STOP_TURN,		/* much is copied: let others run */
	STOP_FAULT,		/* a user page is missing */
	STOP_SPACE,		/* the file system is full */
};

/* Bytes copied until *why. Lock held for reading. */
static usize
read_locked(struct inode *i, struct uio *to, s64 pos, enum copy_stop *why)
{
	struct tree *t = &tmpfs_inode(i)->tree;
	usize done = 0;

	*why = STOP_DONE;
	while (to->left > 0 && pos < i->size) {
		u64 off = pos & PAGE_MASK;
		usize n = MIN(MIN(PAGE_SIZE - off, (u64)(i->size - pos)),
		    to->left), got;
		struct frame *f = tree_find(t, (u64)pos >> PAGE_SHIFT);

		got = f == NULL ? uio_zero(to, n) :
		    uio_put(to, (char *)frame_virt(f) + off, n);
		done += got;
		pos += got;
		if (unlikely(got < n)) {
			*why = STOP_FAULT;
			break;
		}
		if (unlikely(done >= TURN_BYTES)) {
			*why = STOP_TURN;
			break;
		}
	}
	return done;
}

/* As relatime does: only when it says something new. */
static void
note_read(struct file *f, struct inode *i)
{
	if (unlikely(i->atime_ns <= i->mtime_ns) && !(f->flags & O_NOATIME))
		inode_touch(i, SETATTR_ATIME);
}

/* Holding nothing, between two turns; 0: go on. */
static int
copy_pause(struct uio *u, enum copy_stop why, enum user_access how)
{
	switch (why) {
	case STOP_TURN:
		preempt_point();
		return thread_is_killed(current) ? -EINTR : 0;
	case STOP_FAULT:
		return uio_fault_in(u, how);
	default:
		return -ENOSPC;
	}
}

static isize
tmpfs_read(struct file *f, struct uio *to, s64 *pos)
{
	struct inode *i = f->inode;
	isize done = 0;
	enum copy_stop why;
	int rc = 0;

	do {
		usize n;

		rwlock_read_lock(&i->lock);
		n = read_locked(i, to, *pos, &why);
		rwlock_read_unlock(&i->lock);
		*pos += n;
		done += n;
		if (likely(why == STOP_DONE))
			break;
		rc = copy_pause(to, why, USER_WRITE);
	} while (rc == 0);
	if (likely(done > 0))
		note_read(f, i);
	return done > 0 ? done : rc;
}

/* ---- writing ---- */

/* A new page of n bytes at off, *out; 0 bytes: none, see *why. */
static usize
write_new_page(struct inode *i, struct uio *from, u32 off, usize n,
    struct frame **out, enum copy_stop *why)
{
	struct tmpfs_super *s = tmpfs_super(i->sb);
	struct frame *f;
	char *va;
	usize got;

	if (unlikely(!tmpfs_take(&s->used_pages, &s->max_pages, 1))) {
		*why = STOP_SPACE;
		return 0;
	}
	f = frame_get(FRAME_FILE);
	va = frame_virt(f);
	got = uio_get(from, va + off, n);
	if (got == 0) {
		frame_put(f);
		atomic_sub(&s->used_pages, 1);
		*why = STOP_FAULT;
		return 0;
	}
	memset(va, 0, off);				/* D1 */
	memset(va + off + got, 0, PAGE_SIZE - off - got);
	*out = f;
	return got;
}

/* Bytes of a chunk written at pos, until *why; lock held for writing. */
static usize
write_locked(struct inode *i, struct uio *from, s64 pos, enum copy_stop *why)
{
	struct tree *t = &tmpfs_inode(i)->tree;
	u64 index = (u64)pos >> PAGE_SHIFT, end = chunk_end(index);
	struct page_run fresh;
	usize done = 0;

	*why = STOP_DONE;
	run_begin(&fresh, index);
	/* Each turn but the last ends a page. */
	for_bound(CHUNK_PAGES, ; index < end && from->left > 0; index++) {
		u32 off = pos & PAGE_MASK;
		usize n = MIN(PAGE_SIZE - off, from->left), got;
		struct frame *f = tree_find(t, index), *made = NULL;

		got = f != NULL ?
		    uio_get(from, (char *)frame_virt(f) + off, n) :
		    write_new_page(i, from, off, n, &made, why);
		if (made != NULL)
			run_add(&fresh, index, made);
		done += got;
		pos += got;
		if (unlikely(got < n)) {
			if (*why == STOP_DONE)
				*why = STOP_FAULT;
			break;
		}
	}
	run_end(&fresh, i);
	if (from->left > 0 && *why == STOP_DONE)
		*why = STOP_TURN;
	if (pos > i->size)
		WRITE_ONCE(i->size, pos);
	return done;
}

/* Written data takes set-id bits away, from others than root. */
static void
drop_setid(struct inode *i)
{
	if (unlikely(i->mode & (S_ISUID | S_ISGID)) &&
	    current_cred()->fsuid != 0)
		WRITE_ONCE(i->mode, i->mode & ~(u32)(S_ISUID |
		    (i->mode & S_IXGRP ? S_ISGID : 0)));
}

static isize
tmpfs_write(struct file *f, struct uio *from, s64 *pos)
{
	struct inode *i = f->inode;
	isize done = 0;
	enum copy_stop why;
	int rc;

	/* A chunk takes memory: each turn renews. */
	for (;;) {
		usize n;

		rwlock_write_lock(&i->lock);
		if (f->flags & O_APPEND)
			*pos = i->size;
		if (unlikely(*pos > SIZE_MAX_BYTES - RW_COUNT_MAX)) {
			rwlock_write_unlock(&i->lock);
			return done > 0 ? done : -EFBIG;
		}
		n = write_locked(i, from, *pos, &why);
		if (n > 0) {
			drop_setid(i);
			inode_touch(i, SETATTR_MTIME);
		}
		rwlock_write_unlock(&i->lock);
		*pos += n;
		done += n;
		if (why == STOP_DONE)
			return done;
		rc = copy_pause(from, why, USER_READ);
		if (rc != 0)
			break;
		rc = reserve_renew();
		if (rc != 0)
			break;
	}
	return done > 0 ? done : rc;
}

/* ---- the rest ---- */

/* The start of the next data (or hole) at or after off. */
static s64
seek_data(struct inode *i, s64 off, bool hole)
{
	struct tree *t = &tmpfs_inode(i)->tree;
	u64 index = (u64)off >> PAGE_SHIFT, next;
	s64 at;

	if (off < 0 || off >= i->size)
		return -ENXIO;
	rwlock_read_lock(&i->lock);
	next = tree_next(t, index);
	while (hole && next == index)
		next = tree_next(t, ++index);
	if (!hole)
		index = next;
	rwlock_read_unlock(&i->lock);
	at = index > (u64)i->size >> PAGE_SHIFT ? i->size :
	    (s64)(index << PAGE_SHIFT);
	if (!hole && at >= i->size)
		return -ENXIO;
	return MIN(MAX(at, off), i->size);
}

static s64
tmpfs_seek(struct file *f, s64 off, int whence)
{
	if (whence == SEEK_DATA || whence == SEEK_HOLE) {
		off = seek_data(f->inode, off, whence == SEEK_HOLE);
		if (off < 0)
			return off;
	} else if (whence == SEEK_END) {
		off += READ_ONCE(f->inode->size);
	} else if (whence == SEEK_CUR) {
		off += f->pos;
	} else if (whence != SEEK_SET) {
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
	inode_get(f->inode);
	*out = &tmpfs_inode(f->inode)->pager;
	return 0;
}

/* tmpfs is as durable as it gets. */
static int
tmpfs_sync(struct file *f, bool data_only)
{
	return 0;
}

static int
tmpfs_truncate(struct file *f, s64 length)
{
	int rc;

	rwlock_write_lock(&f->inode->lock);
	rc = tmpfs_set_size(f->inode, length);
	rwlock_write_unlock(&f->inode->lock);
	return rc;
}

/* A page of zeros, or NULL: the file system is full. */
static struct frame *
page_new(struct inode *i)
{
	struct tmpfs_super *s = tmpfs_super(i->sb);

	return tmpfs_take(&s->used_pages, &s->max_pages, 1) ?
	    frame_get_zero(FRAME_FILE) : NULL;
}

/* Pages where there are none in [index, end), in one chunk; lock held, writing.
 * -ENOSPC leaves those that were made. */
static int
pages_make_locked(struct inode *i, u64 index, u64 end)
{
	struct page_run fresh;
	struct frame *f;
	int rc = 0;

	run_begin(&fresh, index);
	for_bound(CHUNK_PAGES, ; index < end; index++) {
		if (tree_find(&tmpfs_inode(i)->tree, index) != NULL)
			continue;
		f = page_new(i);
		if (f == NULL) {
			rc = -ENOSPC;
			break;
		}
		run_add(&fresh, index, f);
	}
	run_end(&fresh, i);
	return rc;
}

static int
punch(struct inode *i, u64 off, u64 end)
{
	u64 first = PAGE_UP(off), last = PAGE_DOWN(end);

	if (first > last) {
		bytes_clear(i, off, end);
		return 0;
	}
	bytes_clear(i, off, first);
	bytes_clear(i, last, end);
	pages_drop(i, first >> PAGE_SHIFT, last >> PAGE_SHIFT);
	vm_unmap_pager(&tmpfs_inode(i)->pager, first >> PAGE_SHIFT,
	    (last - first) >> PAGE_SHIFT);
	return 0;
}

/* Pages for [off, end): -ENOSPC leaves those that were made. */
static int
fill(struct inode *i, u64 off, u64 end)
{
	u64 index = off >> PAGE_SHIFT, last = PAGE_UP(end) >> PAGE_SHIFT, stop;
	int rc;

	for (; index < last; index = stop) {
		stop = MIN(chunk_end(index), last);
		rwlock_write_lock(&i->lock);
		rc = pages_make_locked(i, index, stop);
		rwlock_write_unlock(&i->lock);
		if (rc != 0)
			return rc;
		preempt_point();
		rc = reserve_renew();
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int
tmpfs_allocate(struct file *f, int mode, s64 off, s64 len)
{
	struct inode *i = f->inode;
	bool keep = mode & FALLOC_FL_KEEP_SIZE;
	s64 end = off + len;
	int rc = 0;

	if (end < 0 || end > SIZE_MAX_BYTES)
		return -EFBIG;
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		if (mode != (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
			return -EOPNOTSUPP;
		rwlock_write_lock(&i->lock);
		rc = punch(i, off, end);
		inode_touch(i, SETATTR_MTIME);
		rwlock_write_unlock(&i->lock);
		return rc;
	}
	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_ZERO_RANGE))
		return -EOPNOTSUPP;
	rc = fill(i, off, end);
	if (rc != 0)
		return rc;
	rwlock_write_lock(&i->lock);
	if (mode & FALLOC_FL_ZERO_RANGE)
		bytes_clear(i, off, end);
	if (!keep && end > i->size)
		WRITE_ONCE(i->size, end);
	inode_touch(i, SETATTR_MTIME);
	rwlock_write_unlock(&i->lock);
	return 0;
}

static FILE_BOUNDS(tmpfs);

const struct file_ops tmpfs_file_ops = {
	.name = "tmpfs",
	.bound = tmpfs_bounds,
	.seekable = true,
	.read = tmpfs_read,
	.write = tmpfs_write,
	.seek = tmpfs_seek,
	.mmap = tmpfs_mmap,
	.sync = tmpfs_sync,
	.truncate = tmpfs_truncate,
	.allocate = tmpfs_allocate,
};

/* ---- mappings ---- */

static struct inode *
pager_inode(struct pager *p)
{
	return &CONTAINER_OF(p, struct tmpfs_inode, pager)->i;
}

static void
pager_get(struct pager *p)
{
	inode_get(pager_inode(p));
}

static void
pager_put(struct pager *p)
{
	inode_put_later(pager_inode(p));
}

static struct frame *
pager_find_page(struct pager *p, u64 index)
{
	struct inode *i = pager_inode(p);
	struct frame *f = NULL;

	spin_lock(&i->spin);
	if (index < PAGE_UP((u64)i->size) >> PAGE_SHIFT)
		f = tree_find(&tmpfs_inode(i)->tree, index);
	if (f != NULL)
		frame_ref(f);
	spin_unlock(&i->spin);
	return f;
}

/* The page of index with a reference, made if missing; lock held, writing. */
static int
page_get_locked(struct inode *i, u64 index, struct frame **out)
{
	struct frame *f = tree_find(&tmpfs_inode(i)->tree, index);
	struct page_run fresh;

	if (index >= PAGE_UP((u64)i->size) >> PAGE_SHIFT)
		return -EFAULT;
	if (f == NULL) {
		f = page_new(i);
		if (f == NULL)
			return -EFAULT;
		run_begin(&fresh, index);
		run_add(&fresh, index, f);
		run_end(&fresh, i);
	}
	frame_ref(f);
	*out = f;
	return 0;
}

static int
pager_get_page(struct pager *p, u64 index, bool writable, struct frame **out)
{
	struct inode *i = pager_inode(p);
	int rc;

	*out = pager_find_page(p, index);
	if (*out != NULL)
		return 0;
	rwlock_write_lock(&i->lock);
	rc = page_get_locked(i, index, out);
	rwlock_write_unlock(&i->lock);
	return rc;
}

static int
pager_path(struct pager *p, char *buf, usize len)
{
	return inode_string(pager_inode(p), buf, len);
}

static void
pager_identity(struct pager *p, u64 *dev, u64 *ino)
{
	*dev = pager_inode(p)->sb->dev;
	*ino = pager_inode(p)->ino;
}

const struct pager_ops tmpfs_pager_ops = {
	.get = pager_get,
	.put = pager_put,
	.get_page = pager_get_page,
	.find_page = pager_find_page,
	.path = pager_path,
	.identity = pager_identity,
};
