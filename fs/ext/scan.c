/*
 * Reading long unindexed directories.
 *
 * A look-up in a directory without a tree reads all of its blocks, with the
 * directory's lock held, so in one segment, whose bound is fixed. It cannot
 * bring them all into the buffer cache. So it takes frames of its own, one for
 * the directory's block and one for each level of the file's map, and reads
 * what is not in the cache into these, again and again: any length costs the
 * same memory. The cache has what is newer than the disk, always: a buffer goes
 * only when it is clean, and the directory's lock keeps others from changing
 * one meanwhile. So that directories that are used get into the cache, each
 * scan begins with a few blocks through it (WARM), those it lacks first.
 *
 * Changes to a directory, and its tree, go through the cache only: dir.c.
 */
#include "fs/ext/dir_priv.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/sched/sched.h"

#define WARM	4u
#define LEVELS	(EXT_EXTENT_DEPTH_MAX + 1)

/* s the scan's own */
struct scan {
	struct ext_inode *dir;
	const struct ext_name *name;	/* NULL: any name */
	struct ext_scan_result *out;
	u32		nblocks;
	u32		at;		/* the next block of the directory */
	u32		warmed;		/* read through the cache */
	u8		*copy[LEVELS];	/* frames: the map's levels, the last
					 * is the directory's block */
	u64		held[LEVELS];	/* whose copies they are; 0: none */
};

/* A copy of a block, from the cache or from the disk. */
static int
block_copy(struct scan *s, u32 slot, u64 block, const u8 **out)
{
	struct ext_fs *fs = s->dir->fs;
	struct block_seg seg = { virt_to_phys(s->copy[slot]),
	    fs->block_bytes };
	struct buffer *b;
	bool have = false;
	int rc;

	*out = s->copy[slot];
	if (s->held[slot] == block)
		return 0;
	if (!ext_block_is_sound(fs, block, 1))
		return ext_error(fs, "inode %lu: block %lu is not one",
		    s->dir->i.ino, block);
	s->held[slot] = 0;
	b = buffer_find(&fs->cache, block);
	if (b != NULL) {
		have = READ_ONCE(b->state) & BUF_UPTODATE;
		if (have)
			memcpy(s->copy[slot], b->data, fs->block_bytes);
		buffer_put(b);
	}
	if (!have) {
		rc = block_io(fs->dev, BLOCK_READ, BLOCK_META,
		    block << (fs->block_shift - SECTOR_SHIFT), &seg, 1);
		if (rc != 0)
			return rc;
	}
	s->held[slot] = block;
	return 0;
}

/* ---- where the directory's blocks are ---- */

/* A node of the extent tree, in bytes of room: its entries, checked. */
static int
extents_find(const u8 *node, u32 bytes, u32 lblock, u32 *depth, u64 *block)
{
	const struct ext_extent_header *h = (const void *)node;
	const struct ext_extent_index *x = (const void *)(h + 1);
	const struct ext_extent *e = (const void *)(h + 1);
	u32 n = h->entries, k = 0;

	if (h->magic != EXT_EXTENT_MAGIC || h->depth != *depth ||
	    n > h->max || h->max > (bytes - sizeof(*h)) / sizeof(*e) || n == 0)
		return -EUCLEAN;
	/* both kinds of entries begin with the first block they cover */
	while (k + 1 < n && x[k + 1].block <= lblock)
		k++;
	if (*depth > 0) {
		*block = ext_index_leaf(&x[k]);
		(*depth)--;
		return 0;
	}
	if (lblock < e[k].block || lblock - e[k].block >=
	    ext_extent_len(&e[k]) || ext_extent_is_unwritten(&e[k]))
		return -EUCLEAN;
	*block = ext_extent_start(&e[k]) + (lblock - e[k].block);
	return 1;
}

static int
map_extents(struct scan *s, u32 lblock, u64 *block)
{
	const u8 *node = (const u8 *)s->dir->block;
	u32 depth = ((const struct ext_extent_header *)(const void *)node)->
	    depth, bytes = sizeof(s->dir->block);
	int rc;

	if (depth > EXT_EXTENT_DEPTH_MAX)
		return -EUCLEAN;
	for (u32 slot = 0; slot < LEVELS; slot++) {
		rc = extents_find(node, bytes, lblock, &depth, block);
		if (rc != 0)
			return rc == 1 ? 0 : rc;
		rc = block_copy(s, slot, *block, &node);
		if (rc != 0)
			return rc;
		bytes = s->dir->fs->block_bytes;
	}
	return -EUCLEAN;
}

static int
map_pointers(struct scan *s, u32 lblock, u64 *block)
{
	u32 bits = s->dir->fs->block_shift - 2, levels = 0;
	u64 n = lblock;
	const u8 *data;
	int rc;

	if (n < EXT_DIRECT_SLOTS) {
		*block = s->dir->block[n];
		return 0;
	}
	n -= EXT_DIRECT_SLOTS;
	for (levels = 1; levels < 3 && n >> (bits * levels) != 0; levels++)
		n -= BIT(bits * levels);
	if (n >> (bits * levels) != 0)
		return -EUCLEAN;
	*block = s->dir->block[EXT_IND_SLOT + levels - 1];
	for (u32 slot = 0; slot < levels; slot++) {
		if (*block == 0)
			return 0;
		rc = block_copy(s, slot, *block, &data);
		if (rc != 0)
			return rc;
		*block = ((const u32 *)(const void *)data)
		    [n >> (bits * (levels - 1 - slot)) & (BIT(bits) - 1)];
	}
	return 0;
}

static int
map_one(struct scan *s, u32 lblock, u64 *block)
{
	int rc;

	rwlock_read_lock(&s->dir->map_lock);
	rc = s->dir->flags & EXT_FL_EXTENTS ? map_extents(s, lblock, block) :
	    map_pointers(s, lblock, block);
	rwlock_read_unlock(&s->dir->map_lock);
	if (rc == -EUCLEAN || (rc == 0 && *block == 0))
		rc = ext_error(s->dir->fs, "directory %lu: block %u has no "
		    "place", s->dir->i.ino, lblock);
	return rc;
}

/* ---- the scan ---- */

/* Look at the records of block s->at. 1: that is all. */
static int
look_at(struct scan *s, const u8 *data)
{
	struct ext_fs *fs = s->dir->fs;
	u32 end = ext_dir_end(fs);
	struct ext_rec r;
	bool found;

	if (ext_dir_is_indexed(s->dir) &&
	    ext_dx_is_node(data, fs->block_bytes))
		return 0;
	if (s->name == NULL)
		found = ext_dirblock_has_names(data, end);
	else
		found = ext_dirblock_find(data, end, s->name->s, s->name->len,
		    &r) != EXT_DIR_NONE;
	if (found) {
		s->out->found = s->at;
		return 1;
	}
	if (s->name != NULL && s->out->room == EXT_DIR_NONE &&
	    ext_dirblock_room(data, end, s->name->len) != EXT_DIR_NONE)
		s->out->room = s->at;
	return 0;
}

/* Is the copy a block of a directory? Buffers in the cache were checked. */
static bool
copy_is_sound(struct scan *s, const u8 *data)
{
	struct ext_fs *fs = s->dir->fs;
	u32 end = ext_dir_end(fs);

	if (ext_dir_is_indexed(s->dir) &&
	    (s->at == 0 || ext_dx_is_node(data, fs->block_bytes)))
		return true;
	if (!ext_dirblock_check(data, fs->block_bytes, ext_has_csum(fs),
	    fs->ninodes))
		return false;
	return !ext_has_csum(fs) || ext_block_csum(s->dir, data, end) ==
	    ((const struct ext_dir_tail *)(const void *)(data + end))->checksum;
}

/* Block s->at, which is not in the cache, by a copy. */
static int
look_at_copy(struct scan *s, u64 block)
{
	const u8 *data;
	int rc = block_copy(s, LEVELS - 1, block, &data);

	if (rc != 0)
		return rc;
	if (!copy_is_sound(s, data))
		return ext_error(s->dir->fs, "directory %lu: block %u is not "
		    "sound", s->dir->i.ino, s->at);
	return look_at(s, data);
}

/*
 * Go on through blocks while they are in the cache, or, by_copy, through all.
 * 1: found; 0: at the end, or, not by_copy, at a block that the cache lacks.
 */
static int
scan_on(struct scan *s, bool by_copy)
{
	struct buffer *b;
	u64 block = 0;
	int rc = 0;

	for (; rc == 0 && s->at < s->nblocks; s->at++) {
		if (thread_is_killed(current))
			return -EINTR;
		rc = map_one(s, s->at, &block);
		if (rc != 0)
			return rc;
		b = ext_block_is_sound(s->dir->fs, block, 1) ?
		    buffer_find(&s->dir->fs->cache, block) : NULL;
		if (b != NULL && (READ_ONCE(b->state) & BUF_CHECKED))
			rc = look_at(s, b->data);
		else if (by_copy)
			rc = look_at_copy(s, block);
		else
			rc = -EAGAIN;
		if (b != NULL)
			buffer_put(b);
		if (rc != 0)
			return rc == -EAGAIN ? 0 : rc;
		preempt_point();
	}
	return rc;
}

static int
scan_warm(struct scan *s)
{
	struct ext_look l = { .dir = s->dir, .kind = EXT_BLOCK_DIR };
	int rc = 0;

	/* Where there is a tree, leaves and nodes are mixed: by copies. */
	if (ext_dir_is_indexed(s->dir))
		return 0;
	for_bound(WARM, u32 k = 0; k < WARM; k++) {
		rc = scan_on(s, false);
		if (rc != 0 || s->at == s->nblocks)
			break;
		l.lblock = s->at;
		rc = ext_look_fetch(&l);
		if (rc != -EAGAIN)
			break;
		rc = 0;
	}
	ext_look_put(&l);
	return rc;
}

int
ext_scan(struct ext_inode *dir, const struct ext_name *name,
    struct ext_scan_result *out)
{
	struct scan s = { .dir = dir, .name = name, .out = out,
	    .nblocks = ext_dir_nblocks(dir) };
	struct frame *f[LEVELS];
	int rc;

	*out = (struct ext_scan_result){ EXT_DIR_NONE, EXT_DIR_NONE };
	if (s.nblocks > EXT_DIR_BLOCKS_MAX)
		return -EFBIG;
	for (u32 k = 0; k < LEVELS; k++) {
		f[k] = frame_get(FRAME_BUFFER);
		s.copy[k] = frame_virt(f[k]);
	}
	rc = scan_warm(&s);
	if (rc == 0)
		rc = scan_on(&s, true);
	for (u32 k = 0; k < LEVELS; k++)
		frame_put(f[k]);
	return rc < 0 ? rc : 0;
}
