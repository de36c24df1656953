/*
 * Disks as files: /dev/sda is one mapping, whose blocks lie where they are
 * asked for and whose size does not change.
 *
 * Each device that is known at boot has one here, for ever. All pages are
 * written in place, by one flusher for all raw disks. A file system that is
 * mounted on the disk has caches of its own: who writes under it does so on his
 * own account, as on Linux.
 *
 * Writers of one disk take turns (write_lock): page_write_locked() wants that.
 *
 * LIMIT: an error of a write behind is told to the first fsync(2) of any open
 * file of the disk, not once to each; and read-ahead knows STREAMS readers.
 */
#include "fs/cache/page_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/ioctl.h"
#include "kernel/file/file.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/vm/uaccess.h"

#define IOS_AT_ONCE	8u	/* requests of a segment, FILL_PAGES each */
#define STREAMS		4u	/* readers in sequence that are known */

/* I immutable; o racy, only speed depends on it */
struct bdev {
	struct mapping	m;
	struct block_dev *dev;		/* [I] */
	s64		size;		/* [I] bytes */
	struct rwlock	write_lock;	/* LOCK_INODE: one writer at a time */
	u32		error_seq;	/* [a] errors that a sync has told */
	struct readahead ra[STREAMS];	/* [o] by file */
	struct bdev	*next;		/* [I] */
};

static KMEM_CACHE(bdev_cache, "bdev", struct bdev);
static struct bdev *bdevs;		/* [I] after boot */
struct flusher *bdev_flusher;

static struct bdev *
bdev_of(const struct file *f)
{
	struct bdev *b;

	for (b = bdevs; b != NULL; b = b->next)
		if (b->dev == f->priv)
			return b;
	return NULL;
}

/* ---- where its blocks are ---- */

static int
bdev_map(struct mapping *m, u64 lblock, u32 max, struct map_run *out)
{
	*out = (struct map_run){ MAP_BLOCKS, max, lblock };
	return block_is_gone(m->dev) ? -EIO : 0;
}

static int
bdev_reserve(struct mapping *m, u64 index)
{
	(void)index;
	return block_is_gone(m->dev) ? -EIO : 0;
}

static void
bdev_unreserve(struct mapping *m, u32 npages)
{
	(void)m, (void)npages;
}

/* Pages [k, ...) of the batch, those in a row, become a request of io. */
static u32
write_request(struct page_batch *b, u32 k, struct page_io *io)
{
	struct mapping *m = b->mapping;
	u64 at = b->page[k]->fc_index << PAGE_SHIFT;
	u32 n = 0;

	while (n < FILL_PAGES && k + n < b->npages &&
	    b->page[k + n]->fc_index == b->page[k]->fc_index + n) {
		io->page[n] = b->page[k + n];
		n++;
	}
	io->npages = n;
	page_io_request(io, 0, m->dev, BLOCK_WRITE, at >> SECTOR_SHIFT, 0,
	    page_io_segs(io, MIN((u64)n << PAGE_SHIFT,
	    (u64)*m->size - at)));
	return n;
}

/* Write some of the batch's pages, from k on; returns where to go on. */
static u32
write_some(struct page_batch *b, u32 k)
{
	struct page_io_wait w = { 0 };
	struct block_request *chain = NULL, **end = &chain;

	for_bound(IOS_AT_ONCE, ; k < b->npages && w.left < IOS_AT_ONCE; ) {
		struct page_io *io = page_io_get();

		io->wait = &w;
		k += write_request(b, k, io);
		*end = &io->rq[0];
		end = &io->rq[0].next;
		w.left++;
	}
	block_submit(chain);
	if (page_io_wait(&w) != 0)
		b->error[0] = -EIO;
	return k;
}

/* In place. Each turn is a segment of the caller's row. */
static int
bdev_write_batch(struct mapping *m, struct page_batch *b)
{
	u32 k = 0;
	int rc;

	(void)m;
	while (k < b->npages) {
		rc = reserve_renew();
		if (rc != 0)
			return rc;
		k = write_some(b, k);
	}
	return 0;
}

/* It is there for ever. */
static void
bdev_get(struct mapping *m)
{
	(void)m;
}

static int
bdev_path(struct mapping *m, char *buf, usize len)
{
	return ksnprintf(buf, len, "/dev/%s", m->dev->name);
}

static void
bdev_identity(struct mapping *m, u64 *dev, u64 *ino)
{
	*dev = 0;
	*ino = (u64)m->dev->major << 20 | m->dev->minor;
}

static const struct mapping_ops bdev_mapping_ops = {
	.map = bdev_map,
	.reserve = bdev_reserve,
	.unreserve = bdev_unreserve,
	.write = bdev_write_batch,
	.get = bdev_get,
	.put = bdev_get,
	.path = bdev_path,
	.identity = bdev_identity,
};

/* ---- read and write ---- */

/* The state of whoever read last by the same hash: only speed depends on it. */
static struct readahead *
stream_of(struct bdev *b, const struct file *f)
{
	return &b->ra[((u64)f >> 6) % STREAMS];
}

static isize
bdev_read(struct file *f, struct uio *to, s64 *pos)
{
	struct bdev *b = bdev_of(f);

	if (unlikely(b == NULL))
		return -ENXIO;
	if (f->flags & O_DIRECT)
		return page_direct_read(&b->m, to, pos);
	return page_read(&b->m, stream_of(b, f), to, pos);
}

/* Between two chunks, holding nothing: what stopped the last one is seen
 * to. */
static int
write_pause(struct bdev *b, struct uio *from, s64 pos, enum page_stop why,
    int error)
{
	int rc = 0;

	if (why == PAGE_STOP_ERROR)
		return error;
	if (why == PAGE_STOP_FAULT)
		rc = uio_fault_in(from, USER_READ);
	if (rc == 0 && why == PAGE_STOP_FILL) {
		rc = reserve_renew();
		if (rc == 0)
			rc = page_fill(&b->m, (u64)pos >> PAGE_SHIFT);
		if (rc == -EAGAIN)
			rc = 0;
	}
	preempt_point();
	if (rc == 0 && thread_is_killed(current))
		rc = -EINTR;
	return rc != 0 ? rc : page_throttle(&b->m);
}

static isize
write_pages(struct bdev *b, struct uio *from, s64 *pos)
{
	isize done = 0;
	int error, rc;

	rc = page_throttle(&b->m);
	if (rc != 0)
		return rc;
	for (;;) {
		enum page_stop why;
		usize n;

		rwlock_write_lock(&b->write_lock);
		n = page_write_locked(&b->m, from, *pos, &why, &error);
		rwlock_write_unlock(&b->write_lock);
		*pos += n;
		done += n;
		if (why == PAGE_STOP_DONE)
			break;
		rc = write_pause(b, from, *pos, why, error);
		if (rc != 0)
			break;
		rc = reserve_renew();
		if (rc != 0)
			break;
	}
	return done > 0 ? done : rc;
}

static int
bdev_sync_all(struct bdev *b)
{
	int rc = page_sync(&b->m, 0, ~0ul), rc2;

	rc2 = block_flush(b->dev);
	if (rc == 0)
		rc = page_error(&b->m, &b->error_seq);
	return rc != 0 ? rc : rc2;
}

static isize
bdev_write(struct file *f, struct uio *from, s64 *pos)
{
	struct bdev *b = bdev_of(f);
	isize n;
	int rc;

	if (unlikely(b == NULL))
		return -ENXIO;
	if (from->left == 0)
		return 0;
	if (*pos >= b->size)
		return -ENOSPC;
	from->left = MIN(from->left, (usize)(b->size - *pos));
	n = f->flags & O_DIRECT ? page_direct_write(&b->m, from, pos) :
	    write_pages(b, from, pos);
	if (n > 0 && f->flags & O_DSYNC) {
		rc = bdev_sync_all(b);
		if (rc != 0)
			return rc;
	}
	return n;
}

static s64
bdev_seek(struct file *f, s64 off, int whence)
{
	struct bdev *b = bdev_of(f);

	if (b == NULL)
		return -ENXIO;
	if (whence == SEEK_END)
		off += b->size;
	else if (whence == SEEK_CUR)
		off += f->pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (off < 0 || off > b->size)
		return -EINVAL;
	f->pos = off;
	return off;
}

/* ---- the rest ---- */

static int
bdev_sync(struct file *f, bool data_only)
{
	struct bdev *b = bdev_of(f);

	(void)data_only;
	return b == NULL ? -ENXIO : bdev_sync_all(b);
}

static int
bdev_mmap(struct file *f, u32 prot, u32 flags, struct pager **out)
{
	struct bdev *b = bdev_of(f);

	(void)prot, (void)flags;
	if (b == NULL)
		return -ENODEV;
	b->m.ops->get(&b->m);
	*out = &b->m.pager;
	return 0;
}

int
bdev_flush(struct block_dev *d)
{
	struct bdev *b;
	int rc;

	for (b = bdevs; b != NULL && b->dev != d; b = b->next)
		;
	if (b == NULL)
		return 0;
	rc = page_sync(&b->m, 0, ~0ul);
	rwlock_write_lock(&b->m.lock);
	if (rc == 0)
		(void)page_invalidate(&b->m, 0, ~0ul);
	rwlock_write_unlock(&b->m.lock);
	return rc;
}

static long
put_int(u64 arg, u32 v)
{
	return copy_out_obj(UPTR(arg), &v);
}

static long
put_long(u64 arg, u64 v)
{
	return copy_out_obj(UPTR(arg), &v);
}

static long
bdev_ioctl(struct file *f, u32 cmd, u64 arg)
{
	struct bdev *b = bdev_of(f);

	if (b == NULL)
		return -ENXIO;
	switch (cmd) {
	case BLKGETSIZE64:
		return put_long(arg, b->size);
	case BLKGETSIZE:
		return put_long(arg, b->dev->nsectors);
	case BLKSSZGET:
	case BLKPBSZGET:
		return put_int(arg, block_sector_size(b->dev));
	case BLKBSZGET:
		return put_int(arg, PAGE_SIZE);
	case BLKROGET:
		return put_int(arg, block_is_readonly(b->dev));
	case BLKFLSBUF:
		return bdev_flush(b->dev);
	case BLKRRPART:
		return -EBUSY;
	default:
		return -ENOTTY;
	}
}

/* What is dirty goes soon: nobody may come to sync it. */
static void
bdev_release(struct file *f)
{
	struct block_dev *d = f->priv;
	struct bdev *b = bdev_of(f);

	atomic_dec(&d->openers);
	if (b != NULL)
		page_sync_start(&b->m, 0, ~0ul);
}

static FILE_BOUNDS(block);

static const struct file_ops bdev_file_ops = {
	.name = "block",
	.bound = block_bounds,
	.seekable = true,
	.read = bdev_read,
	.write = bdev_write,
	.seek = bdev_seek,
	.ioctl = bdev_ioctl,
	.mmap = bdev_mmap,
	.sync = bdev_sync,
	.release = bdev_release,
};

void
bdev_init(void)
{
	struct block_dev *d = NULL;

	bdev_flusher = flusher_create("flush-disks", NULL, NULL);
	while ((d = block_next(d)) != NULL) {
		struct bdev *b = kmem_get_zero(&bdev_cache);

		b->dev = d;
		b->size = d->nsectors << SECTOR_SHIFT;
		mapping_init(&b->m, &bdev_mapping_ops, d,
		    b->size & PAGE_MASK ? SECTOR_SHIFT : PAGE_SHIFT, &b->size);
		b->m.flusher = bdev_flusher;
		rwlock_init(&b->write_lock, LOCK_INODE);
		b->next = bdevs;
		bdevs = b;
	}
	block_file_ops = &bdev_file_ops;
}
