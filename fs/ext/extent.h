/*
 * Trees of extents: between extent.c (finding), extent_add.c and extent_cut.c.
 * extent.c has the theory.
 */
#pragma once

#include "fs/ext/ext_priv.h"
#include "kernel/lib/string.h"

#define EXT_LEVELS	(EXT_EXTENT_DEPTH_MAX + 1u)
#define EXT_ENTRY_BYTES	12u		/* of all: header, index, extent */
#define EXT_ROOT_MAX	4u
#define EXT_LBLOCKS	(1ul << 32)	/* blocks that a file can have */

/* One node of a path. o the caller's, under map_lock */
struct ext_level {
	struct buffer	*b;		/* [o] a reference; NULL: the root */
	struct ext_extent_header *h;	/* [o] */
	s32		pos;		/* [o] entry followed; in the leaf the
					 * last that begins at or before the
					 * block; -1: none does */
};

struct ext_path {
	struct ext_inode *e;
	u32		depth;		/* of the leaf's level */
	struct ext_level level[EXT_LEVELS];
	u64		end;		/* the leaf's extents end before it */
};

static inline struct ext_extent *
ext_leaf_entries(const struct ext_level *l)
{
	return (struct ext_extent *)(l->h + 1);
}

static inline struct ext_extent_index *
ext_index_entries(const struct ext_level *l)
{
	return (struct ext_extent_index *)(l->h + 1);
}

static inline struct ext_level *
ext_leaf(struct ext_path *p)
{
	return &p->level[p->depth];
}

/* How many entries fit; what a header says is checked to be no more. */
static inline u32
ext_level_cap(const struct ext_path *p, const struct ext_level *l)
{
	return l->b == NULL ? EXT_ROOT_MAX :
	    (p->e->fs->block_bytes - EXT_ENTRY_BYTES) / EXT_ENTRY_BYTES;
}

/* Never more than fit, whatever became of the block since it was checked. */
static inline u32
ext_level_count(const struct ext_path *p, const struct ext_level *l)
{
	return MIN((u32)READ_ONCE(l->h->entries), ext_level_cap(p, l));
}

/* The extent at the leaf's pos, and whether it has the block. */
static inline struct ext_extent *
ext_path_extent(struct ext_path *p)
{
	struct ext_level *l = ext_leaf(p);

	return l->pos < 0 ? NULL : &ext_leaf_entries(l)[l->pos];
}

static inline bool
ext_extent_has(const struct ext_extent *x, u64 lblock)
{
	return x != NULL && lblock >= x->block &&
	    lblock < (u64)x->block + ext_extent_len(x);
}

/*
 * A block of metadata, if it is in memory; else -EAGAIN, and pins say which is
 * missing: ext_miss_read(). Draws nothing.
 */
int	ext_node_get(struct ext_inode *e, u64 block, enum ext_kind kind,
	    struct ext_pins *pins, struct buffer **out);
/* Is a block of extents sound, as far as it alone shows? */
bool	ext_extents_check(struct ext_inode *e, const u8 *data);
/* Read what was missing, and pin it: -EAGAIN, or what went wrong. map_lock is
 * held since it was found missing. Draws one reading. */
int	ext_miss_read(struct ext_inode *e, struct ext_pins *pins);
/* The way to lblock. 0: the caller puts it; -EAGAIN as ext_node_get(), -EIO,
 * -EUCLEAN. */
int	ext_path_find(struct ext_inode *e, u32 lblock, struct ext_pins *pins,
	    struct ext_path *p);
void	ext_path_put(struct ext_path *p);
/* Level k is about to change. */
void	ext_level_write(struct ext_path *p, u32 k);
/* The first entry of level k changed: so do the keys above it. */
void	ext_path_fix_keys(struct ext_path *p, u32 k);

/*
 * Room for need entries behind pos in the leaf, splitting and growing with
 * spares. 0, or -EAGAIN: sp->want; -EUCLEAN.
 */
int	ext_path_make_room(struct ext_path *p, u32 lblock, u32 need,
	    struct ext_spares *sp);
/* Put n copies' room at index at of level k, which has it. */
void	ext_level_open(struct ext_path *p, u32 k, u32 at, u32 n);
void	ext_level_close(struct ext_path *p, u32 k, u32 at, u32 n);

int	ext_extent_map(struct ext_inode *e, u64 lblock, u32 max,
	    struct ext_pins *pins, struct map_run *out);
int	ext_extent_insert(struct ext_inode *e, u32 lblock, u64 block, u32 n,
	    bool unwritten, struct ext_spares *sp);
int	ext_extent_mark(struct ext_inode *e, u32 lblock, u32 n, bool unwritten,
	    struct ext_spares *sp);
int	ext_extent_cut(struct ext_inode *e, u64 first, u64 end,
	    struct ext_spares *sp);

/* Of the spares: the next one's block is taken; its buffer, of zeros, in
 * current's transaction. */
int	ext_spare_use(struct ext_inode *e, struct ext_spares *sp,
	    enum ext_kind kind, struct buffer **out);

/* indirect.c, the same for pointers. */
int	ext_pointers_map(struct ext_inode *e, u64 lblock, u32 max,
	    struct ext_pins *pins, struct map_run *out);
int	ext_pointers_insert(struct ext_inode *e, u64 lblock, u64 block, u32 n,
	    struct ext_spares *sp);
/* How many of n blocks of e may go at once; and they go: not to be replayed
 * over what they will be. */
u32	ext_cut_most(const struct ext_inode *e, u32 n);
void	ext_cut_forget(struct ext_inode *e, u64 block, u32 n);
int	ext_pointers_cut(struct ext_inode *e, u64 first,
	    struct ext_pins *pins);
u64	ext_pointers_max(const struct ext_fs *fs);	/* blocks of a file */

static inline bool
ext_has_extents(const struct ext_inode *e)
{
	return e->flags & EXT_FL_EXTENTS;
}

/* i.blocks counts sectors, metadata too. */
static inline void
ext_count_blocks(struct ext_inode *e, s64 n)
{
	atomic_add(&e->i.blocks, (u64)n << (e->fs->block_shift - 9));
}
