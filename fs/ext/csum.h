/*
 * Checksums of ext4's structures: pure, also for tests on the host.
 */
#pragma once

#include "kernel/lib/types.h"

struct ext_group_desc;
struct ext_super;

/* Extend seed, uninverted. */
u32	ext_crc32c(u32 seed, const void *data, usize len);
u16	ext_crc16(u16 crc, const void *data, usize len);

/* What all others begin with: from the UUID, or as the superblock says. */
u32	ext_csum_seed(const struct ext_super *s);
/* What the checksums of an inode and of its blocks begin with. */
u32	ext_owner_seed(u32 csum_seed, u32 ino, u32 generation);
u32	ext_super_csum(const struct ext_super *s);
/* A descriptor of so many bytes: by metadata_csum, by uninit_bg. */
u16	ext_desc_csum(u32 csum_seed, u32 group,
	    const struct ext_group_desc *d, u32 bytes);
u16	ext_desc_csum16(const u8 uuid[16], u32 group,
	    const struct ext_group_desc *d, u32 bytes);
/* Of a whole inode of len bytes; those of 128 have only the low half. */
u32	ext_raw_inode_csum(u32 owner_seed, const void *raw, u32 len);
