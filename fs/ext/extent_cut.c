/*
 * Extents are cut: from a file's end, or in the middle (a hole is punched).
 * extent.c has the theory.
 *
 * One call frees one piece, within one group, at the end of the range, and what
 * nodes that empties: a change of constant size. The tree is whole after each,
 * so a range is cut by calling again; it remembers nothing. All bit maps that
 * it will change are in memory and pinned before it begins.
 */
#include "fs/ext/extent.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"

_Static_assert(1 + EXT_EXTENT_DEPTH_MAX == EXT_CUT_FREES, "frees");
_Static_assert(EXT_CUT_FREES <= EXT_PINS, "a bit map each");

/* What is cut of one extent. */
struct cut {
	u64		block;		/* on disk */
	u32		left;		/* blocks that stay before it */
	u32		n;
	u32		right;		/* and behind */
};

/* The last piece of x in [first, end) within one group; they do overlap. */
static struct cut
cut_of(const struct ext_inode *e, const struct ext_extent *x, u64 first,
    u64 end)
{
	u32 len = ext_extent_len(x);
	u64 to = MIN(end, (u64)x->block + len), from = MAX(first, x->block);
	u32 n = (u32)(to - from);

	n = ext_cut_most(e, ext_blocks_in_last_group(e->fs,
	    ext_extent_start(x) + (from - x->block), n));
	from = to - n;
	return (struct cut){ .left = (u32)(from - x->block), .n = n,
	    .right = (u32)(x->block + (u64)len - to),
	    .block = ext_extent_start(x) + (from - x->block) };
}

static void
extent_trim(struct ext_extent *x, u32 off, u32 n)
{
	bool unwritten = ext_extent_is_unwritten(x);

	x->block += off;
	ext_extent_set_start(x, ext_extent_start(x) + off);
	x->len = (u16)(unwritten ? n + EXT_EXTENT_LEN_MAX : n);
}

/* Will what is freed find its bit maps in memory? Nodes go with the last of
 * their entries. Pins, or -EAGAIN. */
static int
path_pin(struct ext_path *p, const struct cut *c, struct ext_pins *pins)
{
	int rc = ext_bitmap_pin(p->e->fs, c->block, pins);

	if (c->left > 0 || c->right > 0)
		return rc;
	for (u32 k = p->depth; k > 0 && rc == 0; k--) {
		if (ext_level_count(p, &p->level[k]) > 1)
			break;
		rc = ext_bitmap_pin(p->e->fs, p->level[k].b->block, pins);
	}
	return rc;
}

/* The leaf has lost all its entries: it goes, and so may its parent. X3 */
static int
path_prune(struct ext_path *p)
{
	struct ext_fs *fs = p->e->fs;
	u32 k = p->depth;
	int rc = 0;

	for_bound(EXT_EXTENT_DEPTH_MAX, ; k > 0 && rc == 0; k--) {
		struct ext_level *l = &p->level[k], *up = l - 1;
		u64 block;

		if (ext_level_count(p, l) > 0)
			break;
		block = l->b->block;
		buffer_put(l->b);
		l->b = NULL;
		p->depth = k - 1;
		ext_level_close(p, k - 1, (u32)up->pos, 1);
		ext_forget_block(fs, block);
		ext_count_blocks(p->e, -1);
		rc = ext_blocks_free_pinned(fs, block, 1);
	}
	if (p->level[0].h->entries == 0)
		p->level[0].h->depth = 0;
	else if (p->level[k].pos == 0)
		ext_path_fix_keys(p, k);
	return rc;
}

/* The extent at pos goes but for its two ends. */
static int
leaf_cut(struct ext_path *p, const struct cut *c, struct ext_spares *sp)
{
	struct ext_level *l = ext_leaf(p);
	struct ext_extent *x = ext_path_extent(p);
	int rc;

	if (c->left > 0 && c->right > 0) {
		struct ext_extent right = *x;

		rc = ext_path_make_room(p, x->block, 1, sp);
		if (rc != 0)
			return rc;
		l = ext_leaf(p);
		ext_level_open(p, p->depth, (u32)l->pos + 1, 1);
		x = ext_path_extent(p);
		extent_trim(&right, c->left + c->n, c->right);
		x[1] = right;
		extent_trim(x, 0, c->left);
		return 0;
	}
	ext_level_write(p, p->depth);
	if (c->left > 0) {
		extent_trim(x, 0, c->left);
	} else if (c->right > 0) {
		extent_trim(x, c->n, c->right);
		if (l->pos == 0)
			ext_path_fix_keys(p, p->depth);
	} else {
		ext_level_close(p, p->depth, (u32)l->pos, 1);
		if (l->pos == 0 && ext_level_count(p, l) > 0)
			ext_path_fix_keys(p, p->depth);
		l->pos--;
	}
	return 0;
}

/*
 * Nothing of this leaf is before the end. 0: nor of another; 1: look again, to
 * the left, where the key above now leads.
 */
static int
path_go_left(struct ext_path *p)
{
	for (u32 k = 0; k < p->depth; k++) {
		if (p->level[k].pos > 0) {
			ext_path_fix_keys(p, p->depth);
			return 1;
		}
	}
	return 0;
}

/* One piece less: 1; 0: there is none. */
static int
path_cut(struct ext_path *p, u64 first, u64 end, struct ext_spares *sp)
{
	struct ext_extent *x = ext_path_extent(p);
	struct cut c;
	int rc;

	if ((u64)x->block + ext_extent_len(x) <= first)
		return 0;
	c = cut_of(p->e, x, first, MAX(end, (u64)x->block + 1));
	rc = path_pin(p, &c, &sp->pins);
	if (rc == 0)
		rc = leaf_cut(p, &c, sp);
	if (rc != 0)
		return rc;
	ext_count_blocks(p->e, -(s64)c.n);
	ext_cut_forget(p->e, c.block, c.n);
	rc = ext_blocks_free_pinned(p->e->fs, c.block, c.n);
	if (rc == 0 && p->depth > 0 && ext_level_count(p, ext_leaf(p)) == 0)
		rc = path_prune(p);
	return rc != 0 ? rc : 1;
}

int
ext_extent_cut(struct ext_inode *e, u64 first, u64 end, struct ext_spares *sp)
{
	struct ext_path p;
	int rc;

	end = MIN(end, EXT_LBLOCKS);
	if (first >= end)
		return 0;
	rc = ext_path_find(e, (u32)(end - 1), &sp->pins, &p);
	if (rc != 0)
		return rc;
	rc = ext_leaf(&p)->pos < 0 ? path_go_left(&p) :
	    path_cut(&p, first, end, sp);
	ext_path_put(&p);
	return rc;
}
