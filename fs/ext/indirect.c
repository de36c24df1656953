/*
 * Block pointers: where a file's blocks are, as ext2 and ext3 have it.
 *
 * The inode has 12 pointers to blocks, then one each to a block of pointers, of
 * those, and of those: trees of depth 1 to 3, without a header. 0 is a hole, at
 * any level. A pointer is checked where it is followed: it may be anything; a
 * loop of pointers ends at the depth.
 *
 * Here a tree is an array of slots from the inode down (struct way). Freeing
 * goes from the file's end: the last slot in use of each level leads there.
 */
#include "fs/ext/extent.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"

#define DEPTH_MAX	3u
_Static_assert(DEPTH_MAX <= EXT_SPARES, "a missing tree of pointers");

/* The slots that lead to a block: [0] in the inode, others in blocks. */
struct way {
	u32		depth;		/* blocks of pointers on it */
	u32		slot[DEPTH_MAX + 1];
	u64		base;		/* the block where its tree starts */
};

/* Pointers of a block, as a shift. */
static inline u32
pointers_shift(const struct ext_fs *fs)
{
	return fs->block_shift - 2;
}

/* Blocks below a slot with depth levels of blocks of pointers under it. */
static inline u64
span_of(const struct ext_fs *fs, u32 depth)
{
	return 1ul << depth * pointers_shift(fs);
}

u64
ext_pointers_max(const struct ext_fs *fs)
{
	return EXT_DIRECT_SLOTS + span_of(fs, 1) + span_of(fs, 2) +
	    span_of(fs, 3);
}

/* False: the format has no such block. */
static bool
way_find(const struct ext_fs *fs, u64 lblock, struct way *w)
{
	u64 off, mask = span_of(fs, 1) - 1;

	w->depth = 0;
	w->base = 0;
	w->slot[0] = (u32)lblock;
	if (lblock < EXT_DIRECT_SLOTS)
		return true;
	w->base = EXT_DIRECT_SLOTS;
	for (u32 d = 1; d <= DEPTH_MAX; d++) {
		off = lblock - w->base;
		if (off < span_of(fs, d)) {
			w->depth = d;
			w->slot[0] = EXT_IND_SLOT + d - 1;
			for (u32 k = 1; k <= d; k++)
				w->slot[k] = (u32)(off >>
				    (d - k) * pointers_shift(fs) & mask);
			return true;
		}
		w->base += span_of(fs, d);
	}
	return false;
}

static int
pointers_unsound(struct ext_inode *e, u64 block)
{
	return ext_error(e->fs, "inode %lu: bad block %lu", e->i.ino, block);
}

static int
pointers_read(struct ext_inode *e, u32 block, struct ext_pins *pins,
    struct buffer **out)
{
	if (!ext_block_is_sound(e->fs, block, 1))
		return pointers_unsound(e, block);
	return ext_node_get(e, block, EXT_BLOCK_NONE, pins, out);
}

/* ---- looking up ---- */

/* Slots in a row from p on: a run on the disk, or a hole. */
static u32
run_length(const u32 *p, u32 max)
{
	u32 n = 1, first = READ_ONCE(p[0]);

	while (n < max && READ_ONCE(p[n]) == (first == 0 ? 0 : first + n))
		n++;
	return n;
}

static int
run_set(struct ext_inode *e, const u32 *p, u32 max, struct map_run *out)
{
	u32 n = run_length(p, max);

	out->n = n;
	out->block = READ_ONCE(p[0]);
	out->kind = out->block == 0 ? MAP_HOLE : MAP_BLOCKS;
	return out->block == 0 || ext_block_is_sound(e->fs, out->block, n) ?
	    0 : pointers_unsound(e, out->block);
}

int
ext_pointers_map(struct ext_inode *e, u64 lblock, u32 max,
    struct ext_pins *pins, struct map_run *out)
{
	struct ext_fs *fs = e->fs;
	struct buffer *b = NULL;
	struct way w;
	const u32 *p;
	u32 fit;
	int rc = 0;

	*out = (struct map_run){ .kind = MAP_HOLE, .n = max };
	if (!way_find(fs, lblock, &w))
		return 0;
	p = &e->block[w.slot[0]];
	fit = w.depth == 0 ? EXT_DIRECT_SLOTS - w.slot[0] : 1;
	for (u32 k = 1; k <= w.depth; k++) {
		u32 next = READ_ONCE(*p);
		u64 span = span_of(fs, w.depth - k + 1);

		if (b != NULL)
			buffer_put(b);
		b = NULL;
		if (next == 0) {		/* all below is a hole */
			out->n = (u32)MIN((u64)max,
			    span - ((lblock - w.base) & (span - 1)));
			return 0;
		}
		rc = pointers_read(e, next, pins, &b);
		if (rc != 0)
			return rc;
		p = (const u32 *)b->data + w.slot[k];
		fit = (u32)span_of(fs, 1) - w.slot[k];
	}
	rc = run_set(e, p, MIN(max, fit), out);
	if (b != NULL)
		buffer_put(b);
	return rc;
}

/* ---- adding ---- */

/* A missing block of pointers, named at *p. */
static int
pointers_new(struct ext_inode *e, struct buffer *parent, u32 *p,
    struct ext_spares *sp, struct buffer **out)
{
	int rc = ext_spare_use(e, sp, EXT_BLOCK_NONE, out);

	if (rc != 0)
		return rc;
	if (parent != NULL)
		ext_write_buffer(e->fs, parent);
	*p = (u32)(*out)->block;
	return 0;
}

/* Fill n slots, which are empty. */
static int
slots_fill(struct ext_inode *e, struct buffer *b, u32 *p, u32 block, u32 n)
{
	for (u32 k = 0; k < n; k++)
		if (p[k] != 0)
			return -EEXIST;
	if (b != NULL)
		ext_write_buffer(e->fs, b);
	for (u32 k = 0; k < n; k++)
		p[k] = block + k;
	return 0;
}

int
ext_pointers_insert(struct ext_inode *e, u64 lblock, u64 block, u32 n,
    struct ext_spares *sp)
{
	struct buffer *b = NULL, *next;
	struct way w;
	u32 *p;
	int rc;

	/* The highest 4 billion blocks cannot be named. */
	if (!way_find(e->fs, lblock, &w) || block + n - 1 > ~0u)
		return -EFBIG;
	p = &e->block[w.slot[0]];
	for (u32 k = 1; k <= w.depth; k++) {
		u32 missing = w.depth - k + 1;

		if (*p == 0 && sp->n < missing) {
			/* All above is there, so nothing has changed. */
			sp->want = missing;
			rc = -EAGAIN;
		} else {
			rc = *p == 0 ? pointers_new(e, b, p, sp, &next) :
			    pointers_read(e, *p, &sp->pins, &next);
		}
		if (b != NULL)
			buffer_put(b);
		if (rc != 0)
			return rc;
		b = next;
		p = (u32 *)b->data + w.slot[k];
	}
	rc = slots_fill(e, b, p, (u32)block, n);
	if (b != NULL)
		buffer_put(b);
	return rc;
}

/* ---- cutting ---- */

/* The way to the last slots in use. b[k] has p[k], whose slot is w.slot[k]. */
struct last {
	struct way	w;
	u32		*p[DEPTH_MAX + 1];	/* arrays of slots */
	struct buffer	*b[DEPTH_MAX + 1];	/* [0]: NULL, the inode */
	u32		level;		/* the lowest array that was reached */
	bool		is_empty;	/* no slot of it is in use */
};

static bool
last_in_use(const u32 *p, u32 n, u32 *slot)
{
	while (n > 0)
		if (READ_ONCE(p[--n]) != 0) {
			*slot = n;
			return true;
		}
	return false;
}

static void
last_put(struct last *l)
{
	for (u32 k = 1; k <= l->level; k++)
		if (l->b[k] != NULL)
			buffer_put(l->b[k]);
}

/* 1: found; 0: the file has no block at all. */
static int
last_find(struct ext_inode *e, struct last *l, struct ext_pins *pins)
{
	struct ext_fs *fs = e->fs;
	u32 top;
	int rc;

	l->level = 0;
	l->p[0] = e->block;
	l->b[0] = NULL;
	l->is_empty = false;
	if (!last_in_use(e->block, EXT_BLOCK_SLOTS, &top))
		return 0;
	l->w.slot[0] = top;
	l->w.depth = top < EXT_DIRECT_SLOTS ? 0 : top - EXT_IND_SLOT + 1;
	l->w.base = top < EXT_DIRECT_SLOTS ? 0 : EXT_DIRECT_SLOTS;
	for (u32 d = 1; d < l->w.depth; d++)
		l->w.base += span_of(fs, d);
	for (u32 k = 1; k <= l->w.depth; k++) {
		rc = pointers_read(e, l->p[k - 1][l->w.slot[k - 1]], pins,
		    &l->b[k]);
		if (rc != 0) {
			last_put(l);
			return rc;
		}
		l->level = k;
		l->p[k] = (u32 *)l->b[k]->data;
		if (!last_in_use(l->p[k], (u32)span_of(fs, 1), &l->w.slot[k])) {
			l->is_empty = true;
			break;
		}
	}
	return 1;
}

/* The file's block that the last slot names. */
static u64
last_lblock(const struct ext_fs *fs, const struct last *l)
{
	u64 lblock = 0;

	if (l->w.depth == 0)
		return l->w.slot[0];
	for (u32 k = 1; k <= l->w.depth; k++)
		lblock = lblock << pointers_shift(fs) | l->w.slot[k];
	return l->w.base + lblock;
}

/* The run that ends with the last slot, down to first, in one group. 0: there
 * is none; 1: *start, *n. */
static int
last_run(struct ext_inode *e, struct last *l, u64 first, u64 *start, u32 *n)
{
	u64 lblock = last_lblock(e->fs, l);
	u32 *p = l->p[l->level], slot = l->w.slot[l->level], k = 1;

	if (lblock < first)
		return 0;
	while (k <= slot && lblock - k >= first && p[slot - k] != 0 &&
	    p[slot - k] == p[slot] - k)
		k++;
	*start = p[slot] - (k - 1);
	if (!ext_block_is_sound(e->fs, *start, k))
		return pointers_unsound(e, *start);
	*n = ext_cut_most(e, ext_blocks_in_last_group(e->fs, *start, k));
	*start += k - *n;
	return 1;
}

/* Will what is freed find its bit maps in memory? n: slots that are emptied in
 * the lowest array. Pins, or -EAGAIN. */
static int
last_pin(struct ext_inode *e, struct last *l, u32 n, struct ext_pins *pins)
{
	int rc = 0;

	for (u32 k = l->level; k > 0 && rc == 0; k--) {
		u32 in_use = 0;

		for (u32 j = 0; j < (u32)span_of(e->fs, 1); j++)
			in_use += l->p[k][j] != 0;
		if (in_use > n)
			break;
		rc = ext_bitmap_pin(e->fs, l->b[k]->block, pins);
		n = 1;
	}
	return rc;
}

static int
last_cut(struct ext_inode *e, struct last *l, u64 start, u32 n)
{
	u32 *p = l->p[l->level], slot = l->w.slot[l->level];

	if (l->b[l->level] != NULL)
		ext_write_buffer(e->fs, l->b[l->level]);
	memset(&p[slot - (n - 1)], 0, n * sizeof(*p));
	ext_count_blocks(e, -(s64)n);
	ext_cut_forget(e, start, n);
	return ext_blocks_free_pinned(e->fs, start, n);
}

/* Blocks of pointers that are empty go. */
static int
last_prune(struct ext_inode *e, struct last *l)
{
	u32 slot;
	int rc = 0;

	for_bound(DEPTH_MAX, ; l->level > 0 && rc == 0; l->level--) {
		u32 k = l->level;
		u64 block = l->b[k]->block;

		if (last_in_use(l->p[k], (u32)span_of(e->fs, 1), &slot))
			break;
		buffer_put(l->b[k]);
		l->b[k] = NULL;
		if (l->b[k - 1] != NULL)
			ext_write_buffer(e->fs, l->b[k - 1]);
		l->p[k - 1][l->w.slot[k - 1]] = 0;
		ext_forget_block(e->fs, block);
		ext_count_blocks(e, -1);
		rc = ext_blocks_free_pinned(e->fs, block, 1);
	}
	return rc;
}

/* LIMIT: no holes are punched into files of pointers. */
int
ext_pointers_cut(struct ext_inode *e, u64 first, struct ext_pins *pins)
{
	struct last l;
	u64 start = 0;
	u32 n = 0;
	int rc = last_find(e, &l, pins), was_found;

	if (rc <= 0)
		return rc;
	was_found = l.is_empty ? 1 : last_run(e, &l, first, &start, &n);
	rc = was_found < 0 ? was_found : 0;
	if (was_found == 1) {
		if (n > 0)
			rc = ext_bitmap_pin(e->fs, start, pins);
		if (rc == 0)
			rc = last_pin(e, &l, n, pins);
		if (rc == 0 && n > 0)
			rc = last_cut(e, &l, start, n);
		if (rc == 0)
			rc = last_prune(e, &l);
	}
	last_put(&l);
	return rc != 0 ? rc : was_found;
}
