/*
 * Reading long unindexed directories.
 *
 * A look-up in a directory without a tree reads all of its blocks, with the
 * directory's lock held, so in one segment, whose bound is fixed. It cannot
 * bring them all into the buffer cache. So it takes two frames of its own, one
 * for the directory's block and one for a node of the file's map, and reads
 * what is not in the cache into these, again and again: any length costs the
 * same memory. Of the map the lowest node is kept, and serves the blocks that
 * it names; behind them the way begins again at the inode. The cache has what
 * is newer than the disk, always: a buffer goes only when it is clean, and the
 * directory's lock keeps others from changing one meanwhile. So that
 * directories that are used get into the cache, each call begins by having a
 * few blocks read into it (WARM), those it lacks first.
 *
 * Changes to a directory, and its tree, go through the cache only: dir.c.
 */
#include "fs/ext/dir_priv.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/sched/sched.h"

/* Blocks of one call, with those of its other look-ups. */
#define WARM	4u

/* A frame, and what is in it. s the scan's own */
struct copy {
	u8		*data;
	u64		held;		/* [s] which block; 0: none */
};

/* s the scan's own */
struct scan {
	struct ext_inode *dir;
	const struct ext_name *name;	/* NULL: any name */
	struct ext_scan_result *out;
	u32		nblocks;
	u32		at;		/* the next block of the directory */
	struct copy	block, node;	/* of the directory; of its map */
	u64		from, end;	/* what the node names, if it is one of
					 * the lowest level; else none */
};

/* A copy of a block, from the cache or from the disk. */
static int
block_copy(struct scan *s, struct copy *c, u64 block)
{
	struct ext_fs *fs = s->dir->fs;
	struct block_seg seg = { virt_to_phys(c->data), fs->block_bytes };
	struct buffer *b;
	bool have = false;
	int rc;

	if (c->held == block)
		return 0;
	if (!ext_block_is_sound(fs, block, 1))
		return ext_error(fs, "inode %lu: block %lu is not one",
		    s->dir->i.ino, block);
	c->held = 0;
	b = buffer_find(&fs->cache, block);
	if (b != NULL) {
		have = READ_ONCE(b->state) & BUF_UPTODATE;
		if (have)
			memcpy(c->data, b->data, fs->block_bytes);
		buffer_put(b);
	}
	if (!have) {
		rc = block_io(fs->dev, BLOCK_READ, BLOCK_META,
		    block << (fs->block_shift - SECTOR_SHIFT), &seg, 1);
		if (rc != 0)
			return rc;
	}
	c->held = block;
	return 0;
}

/* ---- where the directory's blocks are ---- */

/* A node of the extent tree, in bytes of room, checked: the child that leads to
 * lblock, and s->from and end as it says; 1: its block itself. */
static int
extents_find(struct scan *s, const u8 *node, u32 bytes, u32 lblock, u32 depth,
    u64 *block)
{
	const struct ext_extent_header *h = (const void *)node;
	const struct ext_extent_index *x = (const void *)(h + 1);
	const struct ext_extent *e = (const void *)(h + 1);
	u32 n = h->entries, k = 0;

	if (h->magic != EXT_EXTENT_MAGIC || h->depth != depth ||
	    n > h->max || h->max > (bytes - sizeof(*h)) / sizeof(*e) || n == 0)
		return -EUCLEAN;
	/* both kinds of entries begin with the first block they cover */
	while (k + 1 < n && x[k + 1].block <= lblock)
		k++;
	if (depth > 0) {
		*block = ext_index_leaf(&x[k]);
		s->from = x[k].block;
		if (k + 1 < n)
			s->end = MIN(s->end, (u64)x[k + 1].block);
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

	if (s->node.held != 0 && lblock >= s->from && lblock < s->end) {
		rc = extents_find(s, s->node.data, s->dir->fs->block_bytes,
		    lblock, 0, block);
		return MIN(rc, 0);
	}
	s->end = ~0ul;
	for (u32 k = 0; k <= EXT_EXTENT_DEPTH_MAX; k++) {
		rc = extents_find(s, node, bytes, lblock, depth, block);
		if (rc != 0)
			return MIN(rc, 0);
		rc = block_copy(s, &s->node, *block);
		if (rc != 0)
			return rc;
		node = s->node.data;
		bytes = s->dir->fs->block_bytes;
		depth--;
	}
	return -EUCLEAN;
}

static int
map_pointers(struct scan *s, u32 lblock, u64 *block)
{
	u32 bits = s->dir->fs->block_shift - 2, levels = 0;
	u64 n = lblock;
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
	if (s->node.held != 0 && lblock >= s->from && lblock < s->end) {
		*block = s->node.held;
		n &= BIT(bits) - 1;
		levels = 1;
	}
	s->from = lblock - (n & (BIT(bits) - 1));
	s->end = s->from + BIT(bits);
	for (u32 k = 0; k < levels && *block != 0; k++) {
		rc = block_copy(s, &s->node, *block);
		if (rc != 0)
			return rc;
		*block = ((const u32 *)(const void *)s->node.data)
		    [n >> (bits * (levels - 1 - k)) & (BIT(bits) - 1)];
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
	if (rc != 0)
		s->node.held = 0;
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
	int rc = block_copy(s, &s->block, block);

	if (rc != 0)
		return rc;
	if (!copy_is_sound(s, s->block.data))
		return ext_error(s->dir->fs, "directory %lu: block %u is not "
		    "sound", s->dir->i.ino, s->at);
	return look_at(s, s->block.data);
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

/* Through the cache; the first few blocks that it lacks are wanted, the others
 * are copied. Where there is a tree, leaves and nodes are mixed: copied. W */
static int
scan_all(struct scan *s)
{
	int rc = scan_on(s, false);

	if (rc != 0 || s->at == s->nblocks)
		return rc;
	if (!ext_dir_is_indexed(s->dir) && ext_nwarmed() < WARM)
		return ext_want(EXT_WANT_DIR, s->dir, s->at);
	return scan_on(s, true);
}

int
ext_scan(struct ext_inode *dir, const struct ext_name *name,
    struct ext_scan_result *out)
{
	struct scan s = { .dir = dir, .name = name, .out = out,
	    .nblocks = ext_dir_nblocks(dir) };
	struct frame *f[2];
	int rc;

	*out = (struct ext_scan_result){ EXT_DIR_NONE, EXT_DIR_NONE };
	if (s.nblocks > EXT_DIR_BLOCKS_MAX)
		return -EFBIG;
	f[0] = frame_get(FRAME_BUFFER);
	f[1] = frame_get(FRAME_BUFFER);
	s.block.data = frame_virt(f[0]);
	s.node.data = frame_virt(f[1]);
	rc = scan_all(&s);
	frame_put(f[0]);
	frame_put(f[1]);
	return rc < 0 ? rc : 0;
}
