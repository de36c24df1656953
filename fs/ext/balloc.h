/*
 * Between balloc.c, claim.c and bitmap.c: blocks.
 */
#pragma once

#include "fs/ext/ext_priv.h"
#include "kernel/lib/bitmap.h"

static inline u32
ext_group_of(const struct ext_fs *fs, u64 block)
{
	return (u32)((block - fs->first_block) / fs->blocks_per_group);
}

/* Groups that mkfs left out are marked, which needs checksums. */
static inline bool
ext_has_bg_csum(const struct ext_fs *fs)
{
	return fs->ro_compat & (EXT_RO_GDT_CSUM | EXT_RO_METADATA_CSUM);
}

/* ---- bitmap.c ---- */

/* The bit map of a group, checked; group_lock held. Draws a buffer. 0, -EIO,
 * -EUCLEAN. */
int	ext_map_get(struct ext_fs *fs, u32 group, struct buffer **out);
/* The same if it is in memory, or NULL. */
struct buffer *ext_map_find(struct ext_fs *fs, u32 group);
/* n blocks of a group are free again, or not: its counts and the file system's;
 * in a handle. */
void	ext_count_free(struct ext_fs *fs, u32 group, s64 n);
void	ext_bits_set(u64 *map, u32 from, u32 n);
/* No part of [block, +n) is the group's own metadata. */
bool	ext_is_data(struct ext_fs *fs, u32 group, u64 block, u32 n);

/* ---- claim.c: "locked" is fs->spin ---- */

struct ext_claim *ext_claim_create(void);	/* draws it */
void	ext_claim_free(struct ext_claim *c);	/* it is in no tree */
/* The first claim that ends behind block, or NULL. */
struct ext_claim *ext_claim_after_locked(struct ext_fs *fs, u64 block);
void	ext_claim_link_locked(struct ext_fs *fs, struct ext_claim *c);
/* n blocks of block's group can be had again, or not. C3 */
void	ext_count_avail_locked(struct ext_fs *fs, u64 block, s64 n);
/* Space is short: what files have ahead goes back until want blocks have. */
void	ext_aheads_recall(struct ext_fs *fs, u64 want);
/* May current have what is kept for root? */
bool	ext_may_use_root(const struct ext_fs *fs);
/* How many blocks may still be promised. */
u64	ext_space_locked(const struct ext_fs *fs, bool for_root);
