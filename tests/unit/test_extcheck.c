/*
 * ext4's checksums against those that mke2fs computed, and the checks of a
 * superblock: each field that others are computed from, with values that a
 * hostile disk may have.
 */
#include "tests/unit/unit.h"

#include <string.h>

#include "fs/ext/check.h"
#include "fs/ext/csum.h"
#include "tests/unit/ext_samples.inc"

#define DEV_BYTES	(16ul << 20)

static void
test_super(void)
{
	struct ext_super s;

	memcpy(&s, csum_super, sizeof(s));
	CHECK_EQ(ext_super_csum(&s), s.checksum);
	s.mnt_count ^= 1;
	CHECK(ext_super_csum(&s) != s.checksum);
}

static void
test_descriptor(void)
{
	struct ext_super s;
	struct ext_group_desc d;

	memcpy(&s, csum_super, sizeof(s));
	memcpy(&d, csum_desc, sizeof(csum_desc));
	CHECK_EQ(ext_desc_csum(ext_csum_seed(&s), 0, &d, sizeof(csum_desc)),
	    d.checksum);
	CHECK(ext_desc_csum(ext_csum_seed(&s), 1, &d, sizeof(csum_desc)) !=
	    d.checksum);
	memcpy(&s, gdt_super, sizeof(s));
	memset(&d, 0, sizeof(d));
	memcpy(&d, gdt_desc, sizeof(gdt_desc));
	CHECK_EQ(ext_desc_csum16(s.uuid, 0, &d, sizeof(gdt_desc)), d.checksum);
	CHECK(ext_desc_csum16(s.uuid, 1, &d, sizeof(gdt_desc)) != d.checksum);
	/* CRC-16/ARC has 0xbb3d for this, begun with 0. */
	CHECK_EQ(ext_crc16(0, "123456789", 9), 0xbb3d);
}

static void
test_inode(void)
{
	struct ext_super s;
	u8 raw[sizeof(csum_inode)];
	struct ext_raw_inode *r = (void *)raw;
	u32 seed;

	memcpy(&s, csum_super, sizeof(s));
	memcpy(raw, csum_inode, sizeof(raw));
	seed = ext_owner_seed(ext_csum_seed(&s), EXT_ROOT_INO, r->generation);
	CHECK_EQ(ext_raw_inode_csum(seed, raw, sizeof(raw)),
	    r->checksum_lo | (u32)r->checksum_hi << 16);
	raw[sizeof(raw) - 1] ^= 1;
	CHECK(ext_raw_inode_csum(seed, raw, sizeof(raw)) !=
	    (r->checksum_lo | (u32)r->checksum_hi << 16));
}

static const char *
check(struct ext_super *s, u64 dev_bytes, struct ext_geometry *g)
{
	s->checksum = ext_super_csum(s);
	return ext_super_check(s, dev_bytes, g);
}

static void
test_geometry(void)
{
	struct ext_super s;
	struct ext_geometry g;

	memcpy(&s, csum_super, sizeof(s));
	CHECK(ext_super_check(&s, DEV_BYTES, &g) == NULL);
	CHECK_EQ(g.block_bytes, 1024);
	CHECK_EQ(g.nblocks, 16384);
	CHECK_EQ(g.first_block, 1);
	CHECK_EQ(g.ngroups, 2);
	CHECK_EQ(g.desc_bytes, 64);
	CHECK_EQ(g.inode_bytes, 256);
	CHECK_EQ(g.table_blocks, g.inodes_per_group / 4);
	CHECK_EQ(ext_desc_block(&g, 0, 0), 2);
	CHECK(ext_super_check(&s, DEV_BYTES - 1, &g) != NULL);
	s.checksum ^= 1;
	CHECK(ext_super_check(&s, DEV_BYTES, &g) != NULL);
	CHECK(ext_group_has_super(&g, 0) && ext_group_has_super(&g, 1));
	CHECK(!ext_group_has_super(&g, 2) && ext_group_has_super(&g, 3));
	CHECK(!ext_group_has_super(&g, 4) && ext_group_has_super(&g, 49));
	CHECK(!ext_group_has_super(&g, 0xffffffff));
}

/* One number of a field of 2 or 4 bytes is put in its place. */
static void
refuse(u32 at, u32 bytes, u32 value)
{
	struct ext_geometry g;
	struct ext_super s;

	memcpy(&s, csum_super, sizeof(s));
	memcpy((u8 *)&s + at, &value, bytes);
	CHECK(check(&s, DEV_BYTES, &g) != NULL);
}

#define REFUSE(field, value) \
	refuse(offsetof(struct ext_super, field), \
	    sizeof(((struct ext_super *)0)->field), (value))

static void
test_hostile(void)
{
	REFUSE(magic, 0x1234);
	REFUSE(rev_level, 2);
	REFUSE(log_block_size, 3);
	REFUSE(log_block_size, 0xffffffff);
	REFUSE(inode_size, 0);
	REFUSE(inode_size, 127);
	REFUSE(inode_size, 192);
	REFUSE(inode_size, 2048);
	REFUSE(desc_size, 0);
	REFUSE(desc_size, 32);
	REFUSE(desc_size, 65);
	REFUSE(desc_size, 2048);
	REFUSE(first_data_block, 0);
	REFUSE(first_data_block, 0xffffffff);
	REFUSE(blocks_count_lo, 0);
	REFUSE(blocks_count_lo, 2);
	REFUSE(blocks_count_lo, 16385);
	REFUSE(blocks_count_hi, 1);
	REFUSE(blocks_per_group, 0);
	REFUSE(blocks_per_group, 8191);
	REFUSE(blocks_per_group, 8193 * 8);
	REFUSE(inodes_per_group, 0);
	REFUSE(inodes_per_group, 0xffffffff);
	REFUSE(inodes_count, 0);
	REFUSE(inodes_count, 0xffffffff);
	REFUSE(first_ino, 0);
	REFUSE(first_ino, 0xffffffff);
	REFUSE(checksum_type, 2);
}

/* Whatever is in it: an answer, without a division by zero or a shift too far;
 * and a sound one's numbers keep to the device. */
static void
test_random(void)
{
	struct ext_geometry g;
	struct ext_super s;

	for (u32 n = 0; n < 200000; n++) {
		memcpy(&s, n & 1 ? csum_super : gdt_super, sizeof(s));
		for (u32 k = unit_random() % 4 + 1; k > 0; k--)
			((u8 *)&s)[unit_random() % 0x180] =
			    (u8)unit_random();
		if (check(&s, DEV_BYTES, &g) != NULL)
			continue;
		CHECK(g.nblocks << g.block_shift <= DEV_BYTES);
		for (u32 k = 0; k < g.desc_blocks; k++)
			CHECK(ext_desc_block(&g, s.first_meta_bg, k) <
			    g.nblocks);
	}
}

UNIT_MAIN("extcheck", { "super", test_super },
    { "descriptor", test_descriptor }, { "inode", test_inode },
    { "geometry", test_geometry }, { "hostile", test_hostile },
    { "random", test_random })
