/*
 * Checksums.
 *
 * metadata_csum: CRC-32C without the final inversion, begun with a seed of the
 * file system (of its UUID, or csum_seed), and with the number and generation
 * of the inode for what belongs to one. Where a checksum stands inside of what
 * it covers, it counts as zeros. uninit_bg (ext3's successor's first idea): a
 * CRC-16 (reflected 0x8005) of the UUID, the group's number, its descriptor.
 *
 * "ext4 Data Structures and Algorithms" (docs.kernel.org), 2.11 Checksums.
 */
#include "fs/ext/csum.h"
#include "fs/ext/format.h"
#include "kernel/lib/checksum.h"

#define CRC16_POLY	0xa001u		/* reflected */

u32
ext_crc32c(u32 seed, const void *data, usize len)
{
	return crc32c(seed, data, len);
}

/* Bit by bit: a descriptor has 32 bytes, and is summed up once a commit. */
u16
ext_crc16(u16 crc, const void *data, usize len)
{
	const u8 *p = data;

	for (; len > 0; p++, len--) {
		crc ^= *p;
		for (u32 bit = 0; bit < 8; bit++)
			crc = (u16)(crc & 1 ? crc >> 1 ^ CRC16_POLY : crc >> 1);
	}
	return crc;
}

u32
ext_csum_seed(const struct ext_super *s)
{
	if (s->feature_incompat & EXT_INCOMPAT_CSUM_SEED)
		return s->checksum_seed;
	return crc32c(~0u, s->uuid, sizeof(s->uuid));
}

u32
ext_owner_seed(u32 csum_seed, u32 ino, u32 generation)
{
	u32 crc = crc32c(csum_seed, &ino, sizeof(ino));

	return crc32c(crc, &generation, sizeof(generation));
}

u32
ext_super_csum(const struct ext_super *s)
{
	return crc32c(~0u, s, offsetof(struct ext_super, checksum));
}

u16
ext_desc_csum(u32 csum_seed, u32 group, const struct ext_group_desc *d,
    u32 bytes)
{
	const u32 at = offsetof(struct ext_group_desc, checksum);
	u16 zero = 0;
	u32 crc = crc32c(csum_seed, &group, sizeof(group));

	crc = crc32c(crc, d, at);
	crc = crc32c(crc, &zero, sizeof(zero));
	if (bytes > at + sizeof(zero))
		crc = crc32c(crc, (const u8 *)d + at + sizeof(zero),
		    bytes - at - sizeof(zero));
	return (u16)crc;
}

u16
ext_desc_csum16(const u8 uuid[16], u32 group, const struct ext_group_desc *d,
    u32 bytes)
{
	const u32 at = offsetof(struct ext_group_desc, checksum);
	u16 crc = ext_crc16(0xffff, uuid, 16);

	crc = ext_crc16(crc, &group, sizeof(group));
	crc = ext_crc16(crc, d, at);
	if (bytes > at + sizeof(u16))
		crc = ext_crc16(crc, (const u8 *)d + at + sizeof(u16),
		    bytes - at - sizeof(u16));
	return crc;
}

u32
ext_raw_inode_csum(u32 owner_seed, const void *raw, u32 len)
{
	const struct ext_raw_inode *r = raw;
	const u32 lo = offsetof(struct ext_raw_inode, checksum_lo);
	const u32 hi = offsetof(struct ext_raw_inode, checksum_hi);
	const u8 *p = raw;
	u16 zero = 0;
	u32 crc = crc32c(owner_seed, p, lo), at = lo + 2;

	crc = crc32c(crc, &zero, sizeof(zero));
	crc = crc32c(crc, p + at, EXT_INODE_BYTES_MIN - at);
	if (len <= EXT_INODE_BYTES_MIN)
		return crc & 0xffff;
	if (r->extra_isize < EXT_EXTRA_CSUM)
		return crc32c(crc, p + EXT_INODE_BYTES_MIN,
		    len - EXT_INODE_BYTES_MIN) & 0xffff;
	crc = crc32c(crc, p + EXT_INODE_BYTES_MIN, hi - EXT_INODE_BYTES_MIN);
	crc = crc32c(crc, &zero, sizeof(zero));
	return crc32c(crc, p + hi + 2, len - hi - 2);
}
