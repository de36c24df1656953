/*
 * mmap(2) of files: what the page cache gives to the VM (struct pager_ops).
 *
 * A page is mapped writable only after it was made dirty here: get_page() with
 * writable set aside its blocks, marks it, and returns it; writeback unmaps
 * what it has collected, so that the next store comes here again. If writeback
 * is quicker than the fault that installs the entry, the fault sees by the
 * pager's unmap_seq that it must ask again (kernel/vm/pager.c). For that,
 * has_writers is set before the page is dirty, and never taken back.
 *
 * A fault has one row for all file systems, so each call does one thing that
 * takes memory: it fills the page, or it makes it dirty, and says -EAGAIN in
 * between.
 */
#include "fs/cache/page_priv.h"
#include "kernel/abi/errno.h"

static inline struct mapping *
mapping_of(struct pager *p)
{
	return CONTAINER_OF(p, struct mapping, pager);
}

static void
map_get(struct pager *p)
{
	struct mapping *m = mapping_of(p);

	m->ops->get(m);
}

static void
map_put(struct pager *p)
{
	struct mapping *m = mapping_of(p);

	m->ops->put(m);
}

/* Has the file a page of this index? */
static inline bool
is_within(const struct mapping *m, u64 index)
{
	return index < PAGE_UP((u64)READ_ONCE(*m->size)) >> PAGE_SHIFT;
}

static struct frame *
map_find_page(struct pager *p, u64 index)
{
	struct mapping *m = mapping_of(p);
	struct frame *f = page_find(m, index);

	if (f == NULL)
		return NULL;
	if (unlikely((page_flags(f) & (PAGE_UPTODATE | PAGE_BUSY)) !=
	    PAGE_UPTODATE || !is_within(m, index))) {
		frame_put(f);
		return NULL;
	}
	page_touch(f, true);
	return f;
}

/* Make f, the page of index, dirty. */
static int
make_writable(struct mapping *m, struct frame *f, u64 index)
{
	int space;

	atomic_store(&m->has_writers, 1u);
	rwlock_read_lock(&m->lock);
	if (unlikely(!page_is_at(f, m, index)))
		space = -EAGAIN;
	else if (unlikely(!is_within(m, index)))
		space = -EFAULT;
	else
		space = page_space(m, f);
	if (space >= 0)
		page_dirty(m, f, space > 0);
	rwlock_read_unlock(&m->lock);
	/* A fault cannot wait for less to be dirty: reclaim does. */
	if (unlikely(dirty_above_background()))
		flusher_kick(m->flusher);
	return MIN(space, 0);
}

static int
map_get_page(struct pager *p, u64 index, bool writable, struct frame **out)
{
	struct mapping *m = mapping_of(p);
	struct frame *f = map_find_page(p, index);
	bool is_hole;
	int rc;

	if (unlikely(!is_within(m, index))) {
		if (f != NULL)
			frame_put(f);
		return -EFAULT;
	}
	if (f != NULL && writable) {
		rc = make_writable(m, f, index);
		if (rc != 0) {
			frame_put(f);
			return rc;
		}
	} else if (f == NULL) {
		rc = page_get(m, index, &f, &is_hole);
		if (rc != 0)
			return rc;
		if (writable) {
			frame_put(f);
			return -EAGAIN;
		}
	}
	*out = f;
	return 0;
}

static int
map_path(struct pager *p, char *buf, usize len)
{
	struct mapping *m = mapping_of(p);

	return m->ops->path(m, buf, len);
}

static void
map_identity(struct pager *p, u64 *dev, u64 *ino)
{
	struct mapping *m = mapping_of(p);

	m->ops->identity(m, dev, ino);
}

static int
map_sync(struct pager *p, u64 index, u64 npages)
{
	u64 last = index + npages - 1;

	if (npages == 0)
		return 0;
	return page_sync(mapping_of(p), index, last < index ? ~0ul : last);
}

const struct pager_ops page_pager_ops = {
	.get = map_get,
	.put = map_put,
	.get_page = map_get_page,
	.find_page = map_find_page,
	.path = map_path,
	.identity = map_identity,
	.sync = map_sync,
};
