/*
 * Directories: their blocks, and their entries.
 *
 * A directory is a file of blocks of records (dirblock.c knows their bytes).
 * Its entries stand in any order, and are found by reading everything
 * (linear), or its first block is the root of a tree over hashes of names
 * (htree.c, dxblock.c), which programs that know no trees read as a linear one.
 * With dir_index a directory gets its tree when its one block is full; so long
 * linear ones come from elsewhere, and are read by scan.c.
 *
 * D1  Entries change with the directory's lock held for writing, in a handle,
 *     and only in blocks that the buffer cache has.
 * D2  A block's checks are made once, when it is read (BUF_CHECKED): all
 *     records from its start to its end, the dots in the first one, the tail.
 *     Since an image may show one block twice, no function believes that they
 *     still hold: see dirblock.h.
 * D3  Each step of a change (a node split, a leaf split, a name put in) leaves
 *     a directory that is whole, so one that finds no space has broken nothing.
 * D4  A directory that moves gets its new ".." without its lock (its parents'
 *     are held): one store, beside which names may come and go. So checksums
 *     are made one at a time, each behind what it is about: the last one
 *     covers all.
 *
 * D5  A name goes in in two parts: first there is room for it, which may take
 *     steps (D3), each in a try of its own; then, where it has room, nothing
 *     can fail any more. The directory stays locked from the last step on.
 *
 * Locks: the directory's; map_lock for writing around checksums.
 */
#include "fs/ext/dir_priv.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"

/* ---- blocks ---- */

static inline struct ext_dir_tail *
leaf_tail(const struct ext_inode *dir, const u8 *data)
{
	return (struct ext_dir_tail *)(void *)(data + ext_dir_end(dir->fs));
}

static inline struct ext_dx_tail *
index_tail(const struct ext_inode *dir, const u8 *data)
{
	return (struct ext_dx_tail *)(void *)(data +
	    ext_dx_tail_at(data, dir->fs->block_bytes));
}

u32
ext_dir_csum(const struct ext_inode *dir, const u8 *data)
{
	return ext_block_csum(dir, data, ext_dir_end(dir->fs));
}

/* An index block's covers the entries in use, and the tail with zeros in the
 * checksum's place: kernel.org, 4.4.2. */
u32
ext_dx_csum(const struct ext_inode *dir, const u8 *data)
{
	static const u32 zero[2];
	u32 crc = ext_block_csum(dir, data, ext_dx_used_bytes(data,
	    dir->fs->block_bytes));

	return ext_crc32c(crc, zero, sizeof(zero));
}

static bool
leaf_is_sound(struct ext_inode *dir, const u8 *data)
{
	const struct ext_fs *fs = dir->fs;

	return ext_dirblock_check(data, fs->block_bytes, ext_has_csum(fs),
	    fs->ninodes) && (!ext_has_csum(fs) || ext_dir_csum(dir, data) ==
	    leaf_tail(dir, data)->checksum);
}

static bool
first_is_sound(struct ext_inode *dir, const u8 *data)
{
	return leaf_is_sound(dir, data) &&
	    ext_dirblock_has_dots(data, ext_dir_end(dir->fs), dir->i.ino);
}

/* The root's or a node's counts are checked at each use (dxblock.h). */
static bool
index_is_sound(struct ext_inode *dir, const u8 *data)
{
	return !ext_has_csum(dir->fs) ||
	    ext_dx_csum(dir, data) == index_tail(dir, data)->checksum;
}

static bool
root_is_sound(struct ext_inode *dir, const u8 *data)
{
	return ext_dirblock_has_dots(data, dir->fs->block_bytes,
	    dir->i.ino) && index_is_sound(dir, data);
}

static bool
node_is_sound(struct ext_inode *dir, const u8 *data)
{
	return ext_dx_is_node(data, dir->fs->block_bytes) &&
	    index_is_sound(dir, data);
}

/* Where lblock is on the disk, by what is in memory: else -EAGAIN. */
static int
block_place(struct ext_inode *dir, u32 lblock, u64 *block)
{
	struct map_run run;
	int rc;

	if (lblock >= ext_dir_nblocks(dir))
		return ext_error(dir->fs, "directory %lu: no block %u",
		    dir->i.ino, lblock);
	rc = ext_map_cached(dir, lblock, 1, &run);
	if (rc != 0)
		return rc;
	if (run.kind != MAP_BLOCKS ||
	    !ext_block_is_sound(dir->fs, run.block, 1))
		return ext_error(dir->fs, "directory %lu: block %u has no "
		    "place", dir->i.ino, lblock);
	*block = run.block;
	return 0;
}

static int
block_in_memory(struct ext_look *l, u32 lblock, enum ext_kind kind,
    struct buffer **out)
{
	const u32 ready = BUF_UPTODATE | BUF_CHECKED;
	struct buffer *b = NULL;
	u64 block;
	int rc = block_place(l->dir, lblock, &block);

	if (rc == 0)
		b = buffer_find(&l->dir->fs->cache, block);
	if (b != NULL && (atomic_load_acquire(&b->state) & ready) == ready &&
	    b->kind == kind) {
		*out = b;
		return 0;
	}
	if (b != NULL)
		buffer_put(b);
	l->lblock = lblock;
	l->kind = kind;
	return rc == 0 ? -EAGAIN : rc;
}

int
ext_dir_leaf(struct ext_look *l, u32 lblock, struct buffer **out)
{
	return block_in_memory(l, lblock, EXT_BLOCK_DIR, out);
}

int
ext_dir_index(struct ext_look *l, u32 lblock, struct buffer **out)
{
	return block_in_memory(l, lblock, EXT_BLOCK_HTREE, out);
}

static int
block_read(struct ext_inode *dir, u64 block, u32 lblock, enum ext_kind kind,
    struct buffer **out)
{
	int rc = ext_read_block(dir->fs, block, kind, dir,
	    kind == EXT_BLOCK_HTREE ? lblock == 0 ? root_is_sound :
	    node_is_sound : lblock == 0 ? first_is_sound : leaf_is_sound, out);

	if (rc == 0 && (*out)->kind != (u32)kind) {
		buffer_put(*out);
		rc = ext_error(dir->fs, "directory %lu: block %u is not its "
		    "own", dir->i.ino, lblock);
	}
	return rc;
}

int
ext_look_fetch(struct ext_look *l)
{
	struct buffer *b = NULL;
	u64 block;
	int rc = block_place(l->dir, l->lblock, &block);

	if (rc == -EAGAIN)
		rc = ext_map_fetch(l->dir, l->lblock, &b);
	else if (rc == 0)
		rc = block_read(l->dir, block, l->lblock, l->kind, &b);
	if (rc != 0 && rc != -EAGAIN)
		return rc;
	if (b == NULL)
		return -EAGAIN;
	if (l->n < EXT_LOOK_MISSES)
		l->pinned[l->n++] = b;
	else
		buffer_put(b);
	return -EAGAIN;
}

void
ext_look_put(struct ext_look *l)
{
	while (l->n > 0)
		buffer_put(l->pinned[--l->n]);
}

int
ext_look_want(struct ext_look *l, int rc)
{
	return rc != -EAGAIN ? rc : ext_want(l->kind == EXT_BLOCK_HTREE ?
	    EXT_WANT_INDEX : EXT_WANT_DIR, l->dir, l->lblock);
}

static int
block_peek(struct ext_inode *dir, u32 lblock, enum ext_kind kind,
    struct buffer **out)
{
	struct ext_look l = { .dir = dir };

	return ext_look_want(&l, block_in_memory(&l, lblock, kind, out));
}

int
ext_dir_append(struct ext_inode *dir, enum ext_kind kind, u32 *lblock,
    struct buffer **out)
{
	struct ext_fs *fs = dir->fs;
	struct buffer *table;
	u64 block;
	int rc;

	*lblock = ext_dir_nblocks(dir);
	if (*lblock >= EXT_DIR_BLOCKS_MAX)
		return -EFBIG;
	rc = ext_table_peek(fs, (u32)dir->i.ino, &table);
	if (rc != 0)
		return rc;
	rc = ext_map_append(dir, *lblock, &block);
	if (rc == 0) {
		rwlock_write_lock(&dir->map_lock);
		dir->disk_size = (s64)(*lblock + 1ul) << fs->block_shift;
		WRITE_ONCE(dir->i.size, dir->disk_size);
		rwlock_write_unlock(&dir->map_lock);
		*out = ext_new_block(fs, block, kind);
		ext_inode_store_in(dir, table);
	}
	buffer_put(table);
	return rc;
}

void
ext_dir_begin(struct ext_inode *dir, struct buffer *b)
{
	dir->entry_changes++;
	ext_write_buffer(dir->fs, b);
}

void
ext_dir_changed(struct ext_inode *dir, struct buffer *b)
{
	if (!ext_has_csum(dir->fs))
		return;
	rwlock_write_lock(&dir->map_lock);	/* D4 */
	if (b->kind == EXT_BLOCK_HTREE)
		index_tail(dir, b->data)->checksum =
		    ext_dx_csum(dir, b->data);
	else
		leaf_tail(dir, b->data)->checksum =
		    ext_dir_csum(dir, b->data);
	rwlock_write_unlock(&dir->map_lock);
}

/* ---- the parts of a name ---- */

static u8
file_type(const struct ext_fs *fs, u32 mode)
{
	static const u8 types[16] = {
		[S_IFREG >> 12] = EXT_FT_REG, [S_IFDIR >> 12] = EXT_FT_DIR,
		[S_IFCHR >> 12] = EXT_FT_CHR, [S_IFBLK >> 12] = EXT_FT_BLK,
		[S_IFIFO >> 12] = EXT_FT_FIFO, [S_IFSOCK >> 12] = EXT_FT_SOCK,
		[S_IFLNK >> 12] = EXT_FT_LINK,
	};

	return fs->incompat & EXT_INCOMPAT_FILETYPE ? types[mode >> 12 & 15] :
	    EXT_FT_UNKNOWN;
}

/* ---- finding ---- */

static int
place_find(struct ext_inode *dir, u32 lblock, const struct ext_name *n,
    struct ext_place *out)
{
	struct ext_rec r;
	int rc = block_peek(dir, lblock, EXT_BLOCK_DIR, &out->b);

	if (rc != 0)
		return rc;
	out->off = ext_dirblock_find(out->b->data, ext_dir_end(dir->fs), n->s,
	    n->len, &r);
	if (out->off == EXT_DIR_NONE) {
		buffer_put(out->b);
		return -ENOENT;
	}
	out->ino = r.ino;
	out->type = r.type;
	return 0;
}

static int
find_indexed(struct ext_inode *dir, struct ext_name *n, struct ext_place *out)
{
	struct ext_look l = { .dir = dir };

	return ext_look_want(&l, ext_htree_find(&l, n, out));
}

int
ext_dir_find(struct ext_inode *dir, const char *name, usize len,
    struct ext_place *out)
{
	struct ext_name n = { .s = (const u8 *)name, .len = (u32)len };
	struct ext_scan_result where;
	int rc;

	if (len > EXT_NAME_MAX)
		return -ENAMETOOLONG;
	if (ext_dir_is_indexed(dir))
		return find_indexed(dir, &n, out);
	if (ext_dir_nblocks(dir) == 1)
		return place_find(dir, 0, &n, out);
	rc = ext_scan(dir, &n, &where);
	if (rc != 0)
		return rc;
	return where.found == EXT_DIR_NONE ? -ENOENT :
	    place_find(dir, where.found, &n, out);
}

int
ext_dir_check_empty(struct ext_inode *dir)
{
	struct ext_scan_result where;
	int rc = ext_scan(dir, NULL, &where);

	if (rc != 0)
		return rc;
	return where.found == EXT_DIR_NONE ? 0 : -ENOTEMPTY;
}

/* ---- changing ---- */

/* In block lblock: 0, or -ENOSPC. W */
static int
room_in(struct ext_inode *dir, u32 lblock, u32 len, struct ext_place *out)
{
	int rc = block_peek(dir, lblock, EXT_BLOCK_DIR, &out->b);

	if (rc != 0)
		return rc;
	out->off = ext_dirblock_room(out->b->data, ext_dir_end(dir->fs), len);
	if (out->off != EXT_DIR_NONE)
		return 0;
	buffer_put(out->b);
	return -ENOSPC;
}

/* A new block at the end of a linear directory, empty: a step. W */
static int
room_append(struct ext_inode *dir)
{
	struct ext_fs *fs = dir->fs;
	struct buffer *b;
	u32 lblock;
	int rc = ext_dir_append(dir, EXT_BLOCK_DIR, &lblock, &b);

	if (rc != 0)
		return rc;
	ext_dirblock_init(b->data, fs->block_bytes, ext_has_csum(fs));
	ext_dir_changed(dir, b);
	buffer_put(b);
	return ext_want(EXT_WANT_AGAIN, NULL, 0);
}

static int
room_long(struct ext_inode *dir, const struct ext_name *n,
    struct ext_place *out)
{
	struct ext_scan_result where;
	int rc = ext_scan(dir, n, &where);

	if (rc != 0)
		return rc;
	if (where.found != EXT_DIR_NONE)
		return -EEXIST;
	return where.room != EXT_DIR_NONE ?
	    room_in(dir, where.room, n->len, out) : room_append(dir);
}

int
ext_dir_room(struct ext_inode *dir, const char *name, usize len,
    struct ext_place *out)
{
	struct ext_name n = { .s = (const u8 *)name, .len = (u32)len };
	int rc;

	if (len > EXT_NAME_MAX)
		return -ENAMETOOLONG;
	if (ext_dir_is_indexed(dir))
		return ext_htree_room(dir, &n, out);
	if (ext_dir_nblocks(dir) > 1)
		return room_long(dir, &n, out);
	rc = room_in(dir, 0, n.len, out);
	if (rc != -ENOSPC)
		return rc;
	return dir->fs->compat & EXT_COMPAT_DIR_INDEX ?
	    ext_htree_convert(dir) : room_append(dir);
}

int
ext_dir_insert(struct ext_inode *dir, struct ext_place *p, const char *name,
    usize len, const struct ext_inode *target)
{
	ext_dir_begin(dir, p->b);
	if (!ext_dirblock_insert(p->b->data, ext_dir_end(dir->fs), p->off,
	    (const u8 *)name, (u32)len, (u32)target->i.ino,
	    file_type(dir->fs, target->i.mode)))
		return ext_error(dir->fs, "directory %lu: its room is gone",
		    dir->i.ino);
	ext_dir_changed(dir, p->b);
	return 0;
}

int
ext_dir_remove(struct ext_inode *dir, struct ext_place *p)
{
	ext_dir_begin(dir, p->b);
	if (!ext_dirblock_remove(p->b->data, ext_dir_end(dir->fs), p->off))
		return ext_error(dir->fs, "directory %lu: an entry is gone",
		    dir->i.ino);
	ext_dir_changed(dir, p->b);
	return 0;
}

int
ext_dir_replace(struct ext_inode *dir, struct ext_place *p,
    const struct ext_inode *target)
{
	ext_dir_begin(dir, p->b);
	if (!ext_dirblock_set(p->b->data, ext_dir_end(dir->fs), p->off,
	    (u32)target->i.ino, file_type(dir->fs, target->i.mode)))
		return ext_error(dir->fs, "directory %lu: an entry is gone",
		    dir->i.ino);
	ext_dir_changed(dir, p->b);
	return 0;
}

int
ext_dir_make(struct ext_inode *dir, struct ext_claim *first,
    const struct ext_inode *parent)
{
	struct ext_fs *fs = dir->fs;
	struct buffer *b;
	u64 block;
	int rc = ext_map_first(dir, first, &block);

	if (rc != 0)
		return rc;
	dir->i.size = dir->disk_size = fs->block_bytes;
	b = ext_new_block(fs, block, EXT_BLOCK_DIR);
	ext_dirblock_init(b->data, fs->block_bytes, ext_has_csum(fs));
	ext_dirblock_dots(b->data, ext_dir_end(fs), (u32)dir->i.ino,
	    (u32)parent->i.ino, file_type(fs, S_IFDIR));
	ext_dir_changed(dir, b);
	buffer_put(b);
	return 0;
}

int
ext_dir_dotdot(struct ext_inode *dir, struct ext_place *out)
{
	u32 end = dir->fs->block_bytes;
	struct ext_rec r;
	int rc = block_peek(dir, 0, ext_dir_is_indexed(dir) ?
	    EXT_BLOCK_HTREE : EXT_BLOCK_DIR, &out->b);

	if (rc != 0)
		return rc;
	if (ext_dirblock_rec(out->b->data, end, 0, &r) &&
	    ext_dirblock_rec(out->b->data, end, r.rec_len, &r)) {
		out->off = r.off;
		out->ino = r.ino;
		return 0;
	}
	buffer_put(out->b);
	return ext_error(dir->fs, "directory %lu has no parent", dir->i.ino);
}

void
ext_dir_set_parent(struct ext_inode *dir, struct ext_place *p,
    const struct ext_inode *parent)
{
	ext_write_buffer(dir->fs, p->b);	/* D4: counts as no change */
	(void)ext_dirblock_set(p->b->data, dir->fs->block_bytes, p->off,
	    (u32)parent->i.ino, file_type(dir->fs, S_IFDIR));
	ext_dir_changed(dir, p->b);
}
