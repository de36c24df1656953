/*
 * Inodes: from the disk, back to it, and their end.
 *
 * Those in memory stand in one hash table, by file system and number. A look-up
 * takes a reference under RCU by trying. Who finds none reads the block of
 * inodes, makes one of its record, and puts it into the table unless another
 * was first; if one was evicted meanwhile (it may have been newer than what was
 * read) he fills it again.
 *
 * I1  An inode without references and with a name is clean: being dirty, or
 *     having dirty pages, holds a reference. So it leaves memory without a
 *     write and may be read again at once.
 * I2  One without references and names is in the table until it is retired:
 *     nobody may read it meanwhile (-ESTALE), and its number is free only then.
 * I3  The record of an inode is filled under fs->spin, so that one store of it
 *     follows the other, and a reader sees no half of one.
 */
#include "fs/ext/record.h"
#include "fs/cache/table.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/mount.h"
#include "kernel/dev/random.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"
#include "kernel/trace/log.h"
#include "kernel/vm/reserve.h"

#define GET_TRIES	16u	/* times that an eviction may come between */
#define FL_UNKNOWN	(EXT_FL_ENCRYPT | EXT_FL_EA_INODE | \
	EXT_FL_INLINE_DATA | EXT_FL_CASEFOLD)

static KMEM_CACHE(ext_inode_cache, "ext_inode", struct ext_inode);
static BOUND_ROW(ext_store);		/* one inode, in a change of its own */
static struct cache_table table = CACHE_TABLE_INIT;

void
ext_inodes_init(void)
{
	cache_table_init(&table);
}

/* ---- where it is ---- */

static u64
record_block(const struct ext_fs *fs, u32 ino, u32 *off)
{
	u32 n = ino - 1, group = n / fs->inodes_per_group;
	struct buffer *b;
	struct ext_group_desc *d = ext_desc((struct ext_fs *)fs, group, &b);

	n %= fs->inodes_per_group;
	*off = n % fs->inodes_per_block * fs->inode_bytes;
	return ext_desc_inode_table(d, fs->desc_bytes) +
	    n / fs->inodes_per_block;
}

static int
record_read(struct ext_fs *fs, u32 ino, struct buffer **b, u32 *off)
{
	return ext_read_block(fs, record_block(fs, ino, off),
	    EXT_BLOCK_INODES, NULL, NULL, b);
}

int
ext_table_read(struct ext_fs *fs, u32 ino, struct buffer **out)
{
	u32 off;

	return record_read(fs, ino, out, &off);
}

int
ext_table_peek(struct ext_fs *fs, u32 ino, struct buffer **out)
{
	u32 off;

	*out = ext_peek_block(fs, record_block(fs, ino, &off),
	    EXT_BLOCK_INODES);
	return *out != NULL ? 0 : ext_want(EXT_WANT_INODE, NULL, ino);
}

/* ---- is it sound? ---- */

static bool
type_is_known(u32 mode)
{
	return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) ||
	    S_ISCHR(mode) || S_ISBLK(mode) || S_ISFIFO(mode) ||
	    S_ISSOCK(mode);
}

/* The root of a tree of extents is in the inode (4.3). */
static bool
extent_root_is_sound(const struct ext_inode *e)
{
	const struct ext_extent_header *h = &e->root;

	return h->magic == EXT_EXTENT_MAGIC && h->max == 4 &&
	    h->entries <= h->max && h->depth <= EXT_EXTENT_DEPTH_MAX;
}

static const char *
size_check(const struct ext_inode *e)
{
	const struct ext_fs *fs = e->fs;
	const struct inode *i = &e->i;
	u64 size = (u64)i->size;

	if (S_ISREG(i->mode)) {
		if (size >> 63 != 0 ||
		    DIV_UP(size, (u64)fs->block_bytes) > ext_map_max(e))
			return "its size";
	} else if (S_ISDIR(i->mode)) {
		if (size == 0 || size % fs->block_bytes != 0 ||
		    size >> 32 != 0)
			return "its size";
	} else if (S_ISLNK(i->mode)) {
		if (size == 0 || size >= MIN(fs->block_bytes, (u32)PATH_MAX))
			return "its size";
	}
	return NULL;
}

/* What is wrong with it, or NULL. */
static const char *
inode_check(const struct ext_inode *e)
{
	const struct ext_fs *fs = e->fs;

	if (e->flags & FL_UNKNOWN)
		return "flags that are not supported";
	if (e->extra_bytes % 4 != 0 ||
	    e->extra_bytes > fs->inode_bytes - EXT_INODE_BYTES_MIN)
		return "extra size";
	if (e->i.nlink > EXT_LINKS_MAX)
		return "links";
	if (e->file_acl != 0 && !ext_block_is_sound(fs, e->file_acl, 1))
		return "its block of attributes";
	if ((e->flags & EXT_FL_EXTENTS) && ext_has_blocks(e) &&
	    (!(fs->incompat & EXT_INCOMPAT_EXTENTS) ||
	    !extent_root_is_sound(e)))
		return "its extents";
	return size_check(e);
}

/* ---- making one in memory ---- */

static u64
rdev_get(const struct ext_inode *e)
{
	u32 old = e->block[0], now = e->block[1];

	if (old != 0)
		return LX_MAKEDEV(old >> 8 & 0xff, old & 0xff);
	return LX_MAKEDEV(now >> 8 & 0xfff,
	    (now & 0xff) | (now >> 12 & 0xfff00));
}

static void
ops_set(struct ext_inode *e)
{
	struct inode *i = &e->i;

	switch (i->mode & S_IFMT) {
	case S_IFREG:
		i->ops = &ext_file_inode_ops;
		i->fops = &ext_file_ops;
		mapping_init(&e->map, &ext_mapping_ops, e->fs->dev,
		    e->fs->block_shift, &i->size);
		e->map.flusher = e->fs->flusher;
		break;
	case S_IFDIR:
		i->ops = &ext_dir_inode_ops;
		i->fops = &ext_dir_file_ops;
		break;
	case S_IFLNK:
		i->ops = &ext_link_inode_ops;
		break;
	default:
		i->ops = &ext_node_inode_ops;
	}
}

/* e is zeros, or was undone; seen by nobody yet. */
static void
inode_make(struct ext_inode *e, struct ext_fs *fs, u32 ino, u32 mode,
    u32 generation)
{
	inode_init(&e->i, fs->sb, mode);
	e->i.ino = ino;
	e->fs = fs;
	e->group = (ino - 1) / fs->inodes_per_group;
	e->generation = generation;
	e->csum_seed = ext_owner_seed(fs->csum_seed, ino, generation);
	e->cut_from = ~0ul;
	e->goal = ext_group_first_block(fs, e->group);
	rwlock_init(&e->map_lock, LOCK_BLOCK_MAP);
	list_init(&e->dirty_node);
	list_init(&e->orphan_node);
	waitq_init(&e->cut_done);
	ops_set(e);
}

/* It was seen by nobody: zeros again. */
static void
inode_undo(struct ext_inode *e)
{
	if (S_ISREG(e->i.mode))
		mapping_fini(&e->map);
	atomic_sub(&e->fs->sb->ninodes, 1);
	memset(e, 0, sizeof(*e));
}

/* The one of a number, under RCU or fs->inodes_lock; without a reference. */
static struct ext_inode *
table_find(struct ext_fs *fs, u32 ino)
{
	struct ext_inode *e;

	hlist_for_each(e, cache_chain_of(&table, fs, ino), hash_node)
		if (e->i.ino == ino && e->fs == fs)
			return e;
	return NULL;
}

/* *out: the one in memory, with a reference, or NULL. -ESTALE: I2.
 * fs->inodes_lock is held. */
static int
memory_find_locked(struct ext_fs *fs, u32 ino, struct ext_inode **out)
{
	struct ext_inode *e = table_find(fs, ino);

	*out = NULL;
	if (e == NULL)
		return 0;
	if (ref_get_unless_zero(&e->i.refs)) {
		*out = e;
		return 0;
	}
	return READ_ONCE(e->i.nlink) == 0 ? -ESTALE : 0;
}

static struct ext_inode *
memory_find(struct ext_fs *fs, u32 ino)
{
	struct ext_inode *e;

	rcu_read_lock();
	e = table_find(fs, ino);
	if (e != NULL && !ref_get_unless_zero(&e->i.refs))
		e = NULL;
	rcu_read_unlock();
	return e;
}

/* In the place of a dying one, if there is. fs->inodes_lock is held. */
static void
memory_add_locked(struct ext_fs *fs, struct ext_inode *e)
{
	struct ext_inode *old = table_find(fs, (u32)e->i.ino);

	if (old != NULL)
		cache_table_remove(&table, &old->hash_node);
	cache_table_add(&table, cache_chain_of(&table, fs, e->i.ino),
	    &e->hash_node);
}

static bool
number_is_file(const struct ext_fs *fs, u32 ino, u32 how)
{
	if (ino == 0 || ino > fs->ninodes)
		return false;
	return ino == EXT_ROOT_INO || ino >= fs->first_ino ||
	    (how & EXT_GET_OWN);
}

/* Fill e, new, from its record; what is wrong with it. */
static const char *
inode_load(struct ext_inode *e, const struct ext_raw_inode *r)
{
	const char *why;

	spin_lock(&e->fs->spin);		/* I3 */
	if (e->fs->inode_bytes > EXT_INODE_BYTES_MIN)
		e->extra_bytes = MIN((u32)r->extra_isize,
		    e->fs->inode_bytes - EXT_INODE_BYTES_MIN);
	ext_record_get(e, r);
	why = ext_record_csum_is_good(e, r) ? NULL : "checksum";
	spin_unlock(&e->fs->spin);
	if (why == NULL)
		why = inode_check(e);
	if (why == NULL && (S_ISCHR(e->i.mode) || S_ISBLK(e->i.mode)))
		e->i.rdev = rdev_get(e);
	return why;
}

static inline bool
record_is_used(const struct ext_raw_inode *r, u32 how)
{
	if (READ_ONCE(r->mode) == 0)
		return false;
	return READ_ONCE(r->links_count) != 0 || (how & EXT_GET_ORPHAN);
}

/*
 * One try: 0, -EAGAIN (it, or another at that number, has been in memory
 * meanwhile), -ESTALE, -EUCLEAN. *out: e, or the one that is there already.
 */
static int
inode_enter(struct ext_inode *e, const char *why, u32 evictions,
    struct ext_inode **out)
{
	struct ext_fs *fs = e->fs;
	int rc;

	spin_lock(&fs->inodes_lock);
	rc = memory_find_locked(fs, (u32)e->i.ino, out);
	if (rc == 0 && *out == NULL) {
		if (fs->evictions[e->i.ino % EXT_EVICTIONS] != evictions) {
			rc = -EAGAIN;
		} else if (why != NULL) {
			rc = -EUCLEAN;
		} else {
			memory_add_locked(fs, e);
			*out = e;
		}
	}
	spin_unlock(&fs->inodes_lock);
	return rc;
}

/* Fill e, zeros, from the record, and enter it: -EAGAIN as above. Unless *out
 * is e, it is zeros again. */
static int
inode_try(struct ext_fs *fs, struct ext_inode *e, u32 ino, u32 how,
    const struct ext_raw_inode *r, struct ext_inode **out)
{
	const char *why;
	u32 evictions = atomic_load(&fs->evictions[ino % EXT_EVICTIONS]);
	u32 mode = READ_ONCE(r->mode);
	int rc;

	if (!record_is_used(r, how))
		return -ESTALE;
	if (!type_is_known(mode))
		return ext_error(fs, "inode %u: mode %#o", ino, mode);
	inode_make(e, fs, ino, mode, READ_ONCE(r->generation));
	why = inode_load(e, r);
	rc = inode_enter(e, why, evictions, out);
	if (rc != 0 || *out != e)
		inode_undo(e);
	return rc != -EUCLEAN ? rc :
	    ext_error(fs, "inode %u is not sound: %s", ino, why);
}

/* From its record in b, at off. -EAGAIN: others of its kind were evicted all
 * the time. */
static int
inode_read(struct ext_fs *fs, u32 ino, u32 how, const struct buffer *b,
    u32 off, struct ext_inode **out)
{
	struct ext_inode *e = kmem_get_zero(&ext_inode_cache);
	int rc = -EAGAIN;

	for (u32 n = 0; n < GET_TRIES && rc == -EAGAIN; n++)
		rc = inode_try(fs, e, ino, how, (const void *)(b->data + off),
		    out);
	if (rc != 0 || *out != e)
		kmem_put(&ext_inode_cache, e);
	return rc;
}

/* e's reference passes. */
static int
inode_found(struct ext_inode *e, u32 how, struct inode **out)
{
	if (READ_ONCE(e->i.nlink) == 0 && !(how & EXT_GET_ORPHAN)) {
		inode_put_later(&e->i);		/* a name that is none */
		return -ESTALE;
	}
	*out = &e->i;
	return 0;
}

int
ext_inode_get_any(struct ext_fs *fs, u32 ino, u32 how, struct inode **out)
{
	struct ext_inode *e;
	struct buffer *b;
	u32 off;
	int rc;

	if (!number_is_file(fs, ino, how))
		return ext_error(fs, "there is no inode %u", ino);
	e = memory_find(fs, ino);
	if (e == NULL) {
		rc = record_read(fs, ino, &b, &off);
		if (rc != 0)
			return rc;
		rc = inode_read(fs, ino, how, b, off, &e);
		buffer_put(b);
		if (rc != 0)
			return rc == -EAGAIN ? -EIO : rc;
	}
	return inode_found(e, how, out);
}

int
ext_inode_get(struct ext_fs *fs, u32 ino, struct inode **out)
{
	return ext_inode_get_any(fs, ino, 0, out);
}

int
ext_inode_peek(struct ext_fs *fs, u32 ino, struct inode **out)
{
	struct ext_inode *e;
	struct buffer *b;
	u32 off;
	int rc;

	if (!number_is_file(fs, ino, 0))
		return ext_error(fs, "there is no inode %u", ino);
	e = memory_find(fs, ino);
	if (e == NULL) {
		rc = ext_table_peek(fs, ino, &b);
		if (rc != 0)
			return rc;
		(void)record_block(fs, ino, &off);
		rc = inode_read(fs, ino, 0, b, off, &e);
		buffer_put(b);
		if (rc != 0)
			return rc == -EAGAIN ?
			    ext_want(EXT_WANT_AGAIN, NULL, 0) : rc;
	}
	return inode_found(e, 0, out);
}

struct ext_inode *
ext_inode_new(struct ext_fs *fs, u32 ino, u32 mode)
{
	struct ext_inode *e = kmem_get_zero(&ext_inode_cache), *old;

	inode_make(e, fs, ino, mode, (u32)random_u64());
	e->is_fresh = true;
	e->extra_bytes = fs->want_extra;
	e->crtime_ns = e->i.ctime_ns;
	spin_lock(&fs->inodes_lock);
	(void)memory_find_locked(fs, ino, &old);
	memory_add_locked(fs, e);
	spin_unlock(&fs->inodes_lock);
	if (old != NULL) {
		(void)ext_error(fs, "inode %u was free, and is in use", ino);
		inode_put_later(&old->i);
	}
	return e;
}

/* ---- storing ---- */

/* It is no longer dirty, as far as it has been changed up to now. */
static void
dirty_clear(struct ext_inode *e)
{
	bool was;

	spin_lock(&e->fs->spin);
	was = e->is_dirty;
	if (was) {
		WRITE_ONCE(e->is_dirty, 0);
		list_remove(&e->dirty_node);
	}
	spin_unlock(&e->fs->spin);
	if (was)
		inode_put_later(&e->i);
}

void
ext_inode_dirty(struct ext_inode *e)
{
	struct ext_fs *fs = e->fs;

	if (READ_ONCE(e->is_dirty) || !READ_ONCE(fs->is_marked))
		return;
	spin_lock(&fs->spin);
	if (!e->is_dirty) {
		WRITE_ONCE(e->is_dirty, 1);
		list_push_back(&fs->dirty_inodes, &e->dirty_node);
		inode_get(&e->i);			/* I1 */
	}
	spin_unlock(&fs->spin);
}

void
ext_inode_touched(struct inode *i)
{
	ext_inode_dirty(ext_inode(i));
}

/* What fdatasync must have on the disk. */
static bool
layout_differs(const struct ext_inode *e, const struct ext_raw_inode *r)
{
	return e->is_fresh || ext_raw_size(r) != (u64)e->disk_size ||
	    memcmp(r->block, e->block, sizeof(r->block)) != 0;
}

void
ext_inode_store_in(struct ext_inode *e, struct buffer *table)
{
	struct ext_fs *fs = e->fs;
	struct ext_raw_inode *r;
	bool differs;
	u32 off, tid;

	dirty_clear(e);
	(void)record_block(fs, (u32)e->i.ino, &off);
	ext_write_buffer(fs, table);
	r = (void *)(table->data + off);
	spin_lock(&fs->spin);			/* I3 */
	differs = layout_differs(e, r);
	ext_record_put(e, r);
	spin_unlock(&fs->spin);
	if (fs->journal != NULL) {
		tid = journal_tid(fs->journal);
		WRITE_ONCE(e->tid, tid);
		if (differs)
			WRITE_ONCE(e->data_tid, tid);
	}
}

int
ext_inode_store(struct ext_inode *e)
{
	struct buffer *b;
	int rc = ext_table_read(e->fs, (u32)e->i.ino, &b);

	if (rc != 0) {
		dirty_clear(e);
		return rc;
	}
	ext_inode_store_in(e, b);
	buffer_put(b);
	return 0;
}

/* In a change of its own. */
static int
store_alone(struct ext_inode *e)
{
	int rc = ext_begin(e->fs, EXT_CREDITS_INODE);

	if (rc != 0) {
		dirty_clear(e);		/* it cannot be stored any more */
		return rc;
	}
	rc = ext_inode_store(e);
	ext_end(e->fs);
	return rc;
}

void
ext_size_settle(struct ext_inode *e, s64 size)
{
	bool is_raised;

	rwlock_write_lock(&e->map_lock);
	size = MIN(size, READ_ONCE(e->i.size));
	is_raised = size > e->disk_size;
	if (is_raised)
		e->disk_size = size;
	rwlock_write_unlock(&e->map_lock);
	if (is_raised)
		ext_inode_dirty(e);
}

/* Pages are made dirty before the size says that they are there. What could not
 * be written is clean, too: then only blocks that are named raise the size. */
static void
settle_if_clean(struct ext_inode *e)
{
	s64 size = READ_ONCE(e->i.size);

	smp_mb();
	if (S_ISREG(e->i.mode) && READ_ONCE(e->map.ndirty) == 0 &&
	    READ_ONCE(e->map.nwriteback) == 0 &&
	    READ_ONCE(e->map.error_seq) == 0)
		ext_size_settle(e, size);
}

static struct ext_inode *
dirty_first(struct ext_fs *fs)
{
	struct ext_inode *e = NULL;

	spin_lock(&fs->spin);
	if (!list_is_empty(&fs->dirty_inodes)) {
		e = list_first(&fs->dirty_inodes, struct ext_inode,
		    dirty_node);
		inode_get(&e->i);
	}
	spin_unlock(&fs->spin);
	return e;
}

void
ext_inodes_store(struct ext_fs *fs)
{
	struct ext_inode *e;

	while ((e = dirty_first(fs)) != NULL) {
		int rc = reserve_row(&bound_ext_store);

		settle_if_clean(e);
		if (rc == 0)
			(void)store_alone(e);	/* fsync asks for errors */
		else
			dirty_clear(e);		/* a mount that is killed */
		inode_put_later(&e->i);
	}
}

static int
sync_without_journal(struct ext_fs *fs)
{
	int rc = ext_write_all(fs);

	return rc != 0 || (fs->opt & EXT_OPT_NOBARRIER) ? rc :
	    block_flush(fs->dev);
}

int
ext_inode_sync(struct ext_inode *e, bool data_only)
{
	struct ext_fs *fs = e->fs;
	u32 tid;
	int rc = 0;

	if (READ_ONCE(e->is_dirty) && (!data_only ||
	    READ_ONCE(e->stored_size) != READ_ONCE(e->disk_size))) {
		rc = reserve_row(&bound_ext_store);
		if (rc != 0)
			return rc;
		rc = store_alone(e);
		if (rc != 0)
			return rc == -EROFS ? 0 : rc;
	}
	if (READ_ONCE(fs->error) & EXT_FS_DEAD)
		return -EIO;
	if (fs->journal == NULL)
		return sync_without_journal(fs);
	tid = data_only ? READ_ONCE(e->data_tid) : READ_ONCE(e->tid);
	if (tid != 0 && !journal_is_committed(fs->journal, tid))
		return journal_commit(fs->journal, tid);
	return fs->opt & EXT_OPT_NOBARRIER ? 0 : block_flush(fs->dev);
}

/* ---- the end of one ---- */

/* Leaves memory; nobody has it. */
void
ext_inode_evict(struct inode *i)
{
	struct ext_inode *e = ext_inode(i);
	struct ext_fs *fs = e->fs;
	struct ext_claim *ahead = ext_ahead_get(e);

	if (ahead != NULL)
		ext_claim_put(fs, ahead);
	if (S_ISREG(i->mode))
		mapping_fini(&e->map);
	if (!list_is_empty(&e->orphan_node)) {
		/* It stays on the disk's list: for the next mount. */
		mutex_lock(&fs->group_lock);
		list_remove(&e->orphan_node);
		mutex_unlock(&fs->group_lock);
	}
	spin_lock(&fs->inodes_lock);
	if (hlist_is_linked(&e->hash_node)) {
		cache_table_remove(&table, &e->hash_node);
		fs->evictions[i->ino % EXT_EVICTIONS]++;
	}
	spin_unlock(&fs->inodes_lock);
}

void
ext_inode_free(struct inode *i)
{
	kmem_put(&ext_inode_cache, ext_inode(i));
}

/*
 * A file that is removed before it was written need not be. Who could still
 * reach it has a reference (a look-up by number finds that it has no name), so
 * if there are only those of I1, and the caller's, nobody does.
 */
void
ext_inode_forget(struct inode *i)
{
	struct ext_inode *e = ext_inode(i);
	u32 own = 1 + (READ_ONCE(e->is_dirty) != 0);

	if (S_ISREG(i->mode) && READ_ONCE(e->map.ndirty) > 0)
		own++;
	if (own == 1 || atomic_load(&i->refs) != own)
		return;
	if (S_ISREG(i->mode)) {
		rwlock_write_lock(&e->map.lock);
		page_drop(&e->map, 0, ~0ul);
		rwlock_write_unlock(&e->map.lock);
	}
	dirty_clear(e);
}

/* ---- remounting ---- */

static bool
inode_is_busy(const struct ext_inode *e)
{
	return READ_ONCE(e->i.writers) > 0 || READ_ONCE(e->i.nlink) == 0 ||
	    (S_ISREG(e->i.mode) && READ_ONCE(e->map.has_writers));
}

int
ext_inodes_busy(struct ext_fs *fs)
{
	const struct ext_inode *e;
	bool busy = false;

	for (u32 no = 0; no < table.nchains && !busy; no++) {
		rcu_read_lock();
		hlist_for_each(e, cache_table_chain(&table, no), hash_node)
			busy |= e->fs == fs && inode_is_busy(e);
		rcu_read_unlock();
		preempt_point();
	}
	return busy ? -EBUSY : 0;
}
