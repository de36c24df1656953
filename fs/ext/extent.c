/*
 * Extents: where a file's blocks are, as ext4 has it.
 *
 * A file's blocks are named by a B+ tree: the root, four entries, lies in the
 * inode; other nodes fill a block. Leaves hold extents (a run of the file that
 * is a run on the disk), inner nodes the first block below each child. A tree
 * is at most 5 levels deep below the root, so that a path is a small array, and
 * nothing recurses.
 *
 * X1  Entries of a node rise, and do not overlap.
 * X2  The key of a child is the first block that the child names (so e2fsck
 *     wants it), and all of the child lies before the next key.
 * X3  No node below the root is empty.
 * X4  A node has depth one less than its parent; the root says how many.
 *
 * A disk's tree is not believed. A block is checked as a whole when it is first
 * read (node_is_sound: X1, lengths, blocks in range) and against its parent on
 * each way down (X2, X4). A node that two hostile inodes share can change while
 * it is looked at, under the other's lock: so counts are clamped to what a
 * block holds wherever they are used (ext_level_count), and what is read then
 * may be nonsense but lies within the block.
 *
 * A path is looked for among what is in memory. The first block that is missing
 * ends the try (-EAGAIN): it is read (map.c), and the caller begins again, in a
 * segment of its own. So whatever is done to a tree, a segment pays for one
 * block at most.
 *
 * Locks: map_lock, for reading where the tree is looked at, for writing where
 * it changes. Rejected: a copy of the extents in memory (Linux' status tree):
 * the nodes in the buffer cache are found as fast, and it would be one more
 * thing to shrink.
 */
#include "fs/ext/extent.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"

/* ---- checks ---- */

static bool
leaf_is_sound(const struct ext_fs *fs, const struct ext_extent *x, u32 n)
{
	u64 next = 0;

	for (u32 k = 0; k < n; k++) {
		u32 len = ext_extent_len(&x[k]);

		if (len == 0 || x[k].block < next ||	/* X1 */
		    !ext_block_is_sound(fs, ext_extent_start(&x[k]), len))
			return false;
		next = (u64)x[k].block + len;
	}
	return next <= EXT_LBLOCKS;
}

static bool
index_is_sound(const struct ext_fs *fs, const struct ext_extent_index *x, u32 n)
{
	for (u32 k = 0; k < n; k++)
		if ((k > 0 && x[k].block <= x[k - 1].block) ||	/* X1 */
		    !ext_block_is_sound(fs, ext_index_leaf(&x[k]), 1))
			return false;
	return n > 0;
}

/* What can be said of a node of cap entries without its parent. */
static bool
node_is_sound(const struct ext_fs *fs, const void *data, u32 cap)
{
	const struct ext_extent_header *h = data;

	if (h->magic != EXT_EXTENT_MAGIC || h->max == 0 || h->max > cap ||
	    h->entries > h->max || h->depth > EXT_EXTENT_DEPTH_MAX)
		return false;
	return h->depth == 0 ?
	    leaf_is_sound(fs, (const struct ext_extent *)(h + 1), h->entries) :
	    index_is_sound(fs, (const struct ext_extent_index *)(h + 1),
		h->entries);
}

bool
ext_extents_check(struct ext_inode *e, const u8 *data)
{
	return node_is_sound(e->fs, data,
	    (e->fs->block_bytes - EXT_ENTRY_BYTES) / EXT_ENTRY_BYTES);
}

/* Does the child fit where its parent names it? X2, X4 */
static bool
child_fits(const struct ext_path *p, const struct ext_level *l, u32 depth,
    u64 from, u64 end)
{
	u32 n = ext_level_count(p, l);
	const struct ext_extent *x = ext_leaf_entries(l);

	if (l->h->depth != depth || n == 0)		/* X3 */
		return false;
	if (x[0].block < from || x[n - 1].block >= end)
		return false;
	return depth > 0 ||
	    (u64)x[n - 1].block + ext_extent_len(&x[n - 1]) <= end;
}

/* ---- the way down ---- */

/* The last entry that begins at or before lblock, or -1: both kinds of entry
 * begin with the block. */
static s32
level_search(const struct ext_path *p, const struct ext_level *l, u32 lblock)
{
	const struct ext_extent_index *x = ext_index_entries(l);
	s32 low = 0, high = (s32)ext_level_count(p, l);

	/* All below low begin at or before lblock, none from high on. */
	while (low < high) {
		s32 mid = (low + high) / 2;

		if (x[mid].block <= lblock)
			low = mid + 1;
		else
			high = mid;
	}
	return low - 1;
}

static int
path_unsound(struct ext_path *p, u64 block)
{
	ext_path_put(p);
	return ext_error(p->e->fs, "inode %lu: bad extents at block %lu",
	    p->e->i.ino, block);
}

int
ext_node_get(struct ext_inode *e, u64 block, enum ext_kind kind,
    struct ext_pins *pins, struct buffer **out)
{
	const u32 ready = BUF_UPTODATE | BUF_CHECKED;
	struct buffer *b = buffer_find(&e->fs->cache, block);

	if (likely(b != NULL &&
	    (atomic_load_acquire(&b->state) & ready) == ready &&
	    b->kind == kind)) {
		if (pins->keep) {
			buffer_ref(b);
			ext_pin(pins, b);
		}
		*out = b;
		return 0;
	}
	if (b != NULL)
		buffer_put(b);
	pins->missing = block;
	pins->kind = kind;
	return -EAGAIN;
}

/* From level k, an inner one, to the child that may have lblock. */
static int
path_descend(struct ext_path *p, u32 k, u32 lblock, u32 depth,
    struct ext_pins *pins)
{
	struct ext_level *l = &p->level[k], *child = l + 1;
	const struct ext_extent_index *x = ext_index_entries(l);
	u32 n = ext_level_count(p, l);
	u64 block, from;
	int rc;

	if (n == 0)
		return path_unsound(p, 0);
	l->pos = MAX(level_search(p, l, lblock), 0);
	if ((u32)l->pos + 1 < n)
		p->end = MIN(p->end, (u64)x[l->pos + 1].block);
	from = x[l->pos].block;
	block = ext_index_leaf(&x[l->pos]);
	if (!ext_block_is_sound(p->e->fs, block, 1))
		return path_unsound(p, block);
	rc = ext_node_get(p->e, block, EXT_BLOCK_EXTENTS, pins, &child->b);
	if (rc != 0) {
		ext_path_put(p);
		return rc;
	}
	child->h = (struct ext_extent_header *)child->b->data;
	p->depth = k + 1;
	if (!child_fits(p, child, depth - 1, from, p->end))
		return path_unsound(p, block);
	return 0;
}

int
ext_path_find(struct ext_inode *e, u32 lblock, struct ext_pins *pins,
    struct ext_path *p)
{
	u32 depth, k = 0;
	int rc;

	p->e = e;
	p->depth = 0;
	p->end = EXT_LBLOCKS;
	p->level[0].b = NULL;
	p->level[0].h = &e->root;
	if (!node_is_sound(e->fs, &e->root, EXT_ROOT_MAX))
		return path_unsound(p, 0);
	depth = p->level[0].h->depth;
	for (; k < depth; k++) {
		rc = path_descend(p, k, lblock, depth - k, pins);
		if (rc != 0)
			return rc;
	}
	ext_leaf(p)->pos = level_search(p, ext_leaf(p), lblock);
	return 0;
}

void
ext_path_put(struct ext_path *p)
{
	for (u32 k = 1; k <= p->depth; k++)
		if (p->level[k].b != NULL)
			buffer_put(p->level[k].b);
	p->depth = 0;
}

void
ext_level_write(struct ext_path *p, u32 k)
{
	if (p->level[k].b != NULL)
		ext_write_buffer(p->e->fs, p->level[k].b);
}

void
ext_path_fix_keys(struct ext_path *p, u32 k)
{
	for (; k > 0; k--) {
		struct ext_level *up = &p->level[k - 1];
		u32 first = ext_leaf_entries(&p->level[k])[0].block;

		ext_level_write(p, k - 1);
		ext_index_entries(up)[up->pos].block = first;	/* X2 */
		if (up->pos != 0)
			return;
	}
}

/* ---- looking up ---- */

int
ext_extent_map(struct ext_inode *e, u64 lblock, u32 max, struct ext_pins *pins,
    struct map_run *out)
{
	struct ext_path p;
	struct ext_level *l;
	struct ext_extent *x;
	u64 end;
	int rc;

	*out = (struct map_run){ .kind = MAP_HOLE, .n = max };
	if (lblock >= EXT_LBLOCKS)
		return 0;
	rc = ext_path_find(e, (u32)lblock, pins, &p);
	if (rc != 0)
		return rc;
	l = ext_leaf(&p);
	x = ext_path_extent(&p);
	end = p.end;
	if (ext_extent_has(x, lblock)) {
		end = (u64)x->block + ext_extent_len(x);
		out->kind = ext_extent_is_unwritten(x) ? MAP_UNWRITTEN :
		    MAP_BLOCKS;
		out->block = ext_extent_start(x) + (lblock - x->block);
	} else if ((u32)(l->pos + 1) < ext_level_count(&p, l)) {
		end = ext_leaf_entries(l)[l->pos + 1].block;
	}
	/* A node that changes under us could say anything. */
	out->n = end > lblock ? (u32)MIN((u64)max, end - lblock) : 1;
	ext_path_put(&p);
	if (out->kind != MAP_HOLE &&
	    !ext_block_is_sound(e->fs, out->block, out->n))
		return ext_error(e->fs, "inode %lu: bad extents", e->i.ino);
	return 0;
}
