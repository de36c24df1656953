/*
 * Between data.c, writeback.c and truncate.c: the data of regular files.
 */
#pragma once

#include "fs/ext/ext_priv.h"

/* ---- writeback.c ---- */

/* A run of blocks to be named by a file. */
struct ext_naming {
	u64		lblock;
	u64		block;
	u32		n;
	enum map_kind	kind;		/* what is there now */
	bool		unwritten;	/* what there shall be, of a hole */
	struct ext_claim *claim;	/* of a hole: its blocks; taken */
};
/*
 * Name it, in a handle of its own, and raise the size on disk to its end; what
 * is about to be cut is not named. Holds nothing; renews. 0: the claim is gone;
 * else it is the caller's. -EEXIST: something else is there now.
 */
int	ext_name(struct ext_inode *e, struct ext_naming *x);
/* The map of lblock, in segments of its own. */
int	ext_map_renewed(struct ext_inode *e, u64 lblock, u32 max,
	    struct map_run *out);
/* Where the block lblock of e is best, in segments of its own. */
int	ext_goal(struct ext_inode *e, u64 lblock, u64 *goal);
/* As many spares as sp wants, in segments of its own. */
int	ext_spares_fill(struct ext_inode *e, struct ext_spares *sp);

/* ---- truncate.c ---- */

/* Bytes that a file can have. */
s64	ext_max_bytes(const struct ext_inode *e);
/* Bring what is being cut to its end: whoever has to wait for that does it.
 * Holds nothing, renews; has no charge after. 0, -EIO, -EUCLEAN, -EROFS,
 * -EINTR. */
int	ext_cut_finish(struct ext_inode *e);
int	ext_truncate(struct inode *i, s64 size);
int	ext_allocate(struct file *f, int mode, s64 off, s64 len);

static inline bool
ext_is_cutting(const struct ext_inode *e)
{
	return READ_ONCE(e->cut_from) != ~0ul;
}
