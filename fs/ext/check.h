/*
 * The superblock, checked: pure, also for tests on the host.
 */
#pragma once

#include "fs/ext/format.h"

/* What a sound superblock says, in numbers that fit together. */
struct ext_geometry {
	u32	block_bytes, block_shift;
	u64	nblocks, first_block;
	u32	ngroups, blocks_per_group;
	u32	ninodes, inodes_per_group, first_ino;
	u32	inode_bytes, inodes_per_block, table_blocks;
	u32	desc_bytes, descs_per_block, desc_blocks;
	u32	compat, incompat, ro_compat;
};

/* Features that this implementation writes, and those that it only reads. */
#define EXT_INCOMPAT_KNOWN	(EXT_INCOMPAT_FILETYPE | \
	EXT_INCOMPAT_RECOVER | EXT_INCOMPAT_META_BG | EXT_INCOMPAT_EXTENTS | \
	EXT_INCOMPAT_64BIT | EXT_INCOMPAT_FLEX_BG | EXT_INCOMPAT_CSUM_SEED)
#define EXT_RO_KNOWN		(EXT_RO_SPARSE_SUPER | EXT_RO_LARGE_FILE | \
	EXT_RO_BTREE_DIR | EXT_RO_HUGE_FILE | EXT_RO_GDT_CSUM | \
	EXT_RO_DIR_NLINK | EXT_RO_EXTRA_ISIZE | EXT_RO_METADATA_CSUM)

/* NULL: it is sound; or what is not. dev_bytes: the device's size. Features are
 * not asked: ext_feature_names(). */
const char *ext_super_check(const struct ext_super *s, u64 dev_bytes,
	    struct ext_geometry *g);
/* Has group a copy of the superblock and the descriptors? */
bool	ext_group_has_super(const struct ext_geometry *g, u32 group);
/* The block that descriptor block k is in. */
u64	ext_desc_block(const struct ext_geometry *g, u32 first_meta_bg, u32 k);
/* "inline_data encrypt 0x800000" of the incompatible features bits. */
void	ext_feature_names(u32 bits, char *buf, usize len);
