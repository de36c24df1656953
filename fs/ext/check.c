/*
 * Is a superblock sound? Every field that anything is computed from is checked
 * here once, before anything is computed from it; what passes can neither
 * divide by zero, nor shift too far, nor lead out of the device.
 */
#include "fs/ext/check.h"
#include "fs/ext/csum.h"
#include "kernel/lib/fmt.h"

#define LOG_BLOCK_MIN	10u
#define LOG_BLOCK_MAX	12u
#define GROUPS_MAX	(1u << 22)	/* 512 TiB in groups of 128 MiB */

static inline bool
is_power_of_2(u32 n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

static const char *
check_sizes(const struct ext_super *s, struct ext_geometry *g)
{
	bool dynamic = s->rev_level >= EXT_REV_DYNAMIC;

	if (s->magic != EXT_MAGIC)
		return "no ext file system";
	if (s->rev_level > EXT_REV_DYNAMIC)
		return "unknown revision";
	if (s->log_block_size > LOG_BLOCK_MAX - LOG_BLOCK_MIN)
		return "blocks larger than 4096 bytes";
	g->block_shift = LOG_BLOCK_MIN + s->log_block_size;
	g->block_bytes = 1u << g->block_shift;
	g->compat = dynamic ? s->feature_compat : 0;
	g->incompat = dynamic ? s->feature_incompat : 0;
	g->ro_compat = dynamic ? s->feature_ro_compat : 0;
	g->inode_bytes = dynamic ? s->inode_size : EXT_INODE_BYTES_MIN;
	g->first_ino = dynamic ? s->first_ino : EXT_OLD_FIRST_INO;
	if (!is_power_of_2(g->inode_bytes) ||
	    g->inode_bytes < EXT_INODE_BYTES_MIN ||
	    g->inode_bytes > g->block_bytes)
		return "inode size";
	g->desc_bytes = EXT_DESC_BYTES;
	if (g->incompat & EXT_INCOMPAT_64BIT)
		g->desc_bytes = s->desc_size;
	if (!is_power_of_2(g->desc_bytes) || g->desc_bytes > g->block_bytes ||
	    ((g->incompat & EXT_INCOMPAT_64BIT) &&
	    g->desc_bytes < EXT_DESC_BYTES_64BIT))
		return "descriptor size";
	return NULL;
}

static const char *
check_groups(const struct ext_super *s, u64 dev_bytes, struct ext_geometry *g)
{
	u32 bits = 8 * g->block_bytes;

	g->nblocks = ext_super_blocks(s, g->incompat & EXT_INCOMPAT_64BIT);
	g->first_block = s->first_data_block;
	if (g->first_block != (g->block_bytes == 1024 ? 1u : 0u))
		return "first data block";
	if (g->nblocks > dev_bytes >> g->block_shift)
		return "it is larger than the device";
	if (g->nblocks <= g->first_block + 1)
		return "no blocks";
	g->blocks_per_group = s->blocks_per_group;
	if (g->blocks_per_group == 0 || g->blocks_per_group > bits ||
	    g->blocks_per_group % 8 != 0)
		return "blocks per group";
	g->inodes_per_group = s->inodes_per_group;
	if (g->inodes_per_group == 0 || g->inodes_per_group > bits ||
	    g->inodes_per_group % 8 != 0)
		return "inodes per group";
	if ((g->nblocks - g->first_block - 1) / g->blocks_per_group >=
	    GROUPS_MAX)
		return "too many groups";
	g->ngroups = (u32)DIV_UP(g->nblocks - g->first_block,
	    (u64)g->blocks_per_group);
	return NULL;
}

static const char *
check_tables(const struct ext_super *s, struct ext_geometry *g)
{
	g->ninodes = s->inodes_count;
	if ((u64)g->ngroups * g->inodes_per_group != g->ninodes)
		return "number of inodes";
	if (g->first_ino < EXT_OLD_FIRST_INO || g->first_ino > g->ninodes)
		return "first inode";
	g->inodes_per_block = g->block_bytes / g->inode_bytes;
	g->table_blocks = DIV_UP(g->inodes_per_group, g->inodes_per_block);
	if (g->table_blocks >= g->blocks_per_group)
		return "inode tables";
	g->descs_per_block = g->block_bytes / g->desc_bytes;
	g->desc_blocks = DIV_UP(g->ngroups, g->descs_per_block);
	if (!(g->incompat & EXT_INCOMPAT_META_BG) &&
	    g->first_block + g->desc_blocks + 1 >= g->nblocks)
		return "descriptors";
	if (ext_desc_block(g, s->first_meta_bg, g->desc_blocks - 1) >=
	    g->nblocks)
		return "descriptors";
	if ((g->ro_compat & EXT_RO_METADATA_CSUM) &&
	    (s->checksum_type != EXT_CSUM_CRC32C ||
	    s->checksum != ext_super_csum(s)))
		return "checksum";
	return NULL;
}

const char *
ext_super_check(const struct ext_super *s, u64 dev_bytes,
    struct ext_geometry *g)
{
	const char *why = check_sizes(s, g);

	if (why == NULL)
		why = check_groups(s, dev_bytes, g);
	if (why == NULL)
		why = check_tables(s, g);
	return why;
}

/* sparse_super: in groups 0, 1 and powers of 3, 5 and 7 (3.1). */
bool
ext_group_has_super(const struct ext_geometry *g, u32 group)
{
	static const u32 base[] = { 3, 5, 7 };
	u64 power;

	if (group <= 1 || !(g->ro_compat & EXT_RO_SPARSE_SUPER))
		return true;
	for (u32 i = 0; i < ARRAY_LEN(base); i++) {
		for (power = base[i]; power < group; power *= base[i])
			;
		if (power == group)
			return true;
	}
	return false;
}

/* Behind the superblock; with meta_bg from some one on each in the first of the
 * groups that it describes (2.4). */
u64
ext_desc_block(const struct ext_geometry *g, u32 first_meta_bg, u32 k)
{
	u32 group = k * g->descs_per_block;

	if (!(g->incompat & EXT_INCOMPAT_META_BG) || k < first_meta_bg)
		return g->first_block + 1 + k;
	return g->first_block + (u64)group * g->blocks_per_group +
	    (ext_group_has_super(g, group) ? 1 : 0);
}

void
ext_feature_names(u32 bits, char *buf, usize len)
{
	static const struct {
		u32		bit;
		const char	*name;
	} known[] = {
		{ EXT_INCOMPAT_COMPRESSION, "compression" },
		{ EXT_INCOMPAT_JOURNAL_DEV, "journal_dev" },
		{ EXT_INCOMPAT_MMP, "mmp" },
		{ EXT_INCOMPAT_EA_INODE, "ea_inode" },
		{ EXT_INCOMPAT_DIRDATA, "dirdata" },
		{ EXT_INCOMPAT_LARGEDIR, "large_dir" },
		{ EXT_INCOMPAT_INLINE_DATA, "inline_data" },
		{ EXT_INCOMPAT_ENCRYPT, "encrypt" },
		{ EXT_INCOMPAT_CASEFOLD, "casefold" },
	};
	usize at = 0;

	buf[0] = '\0';
	for (u32 i = 0; i < ARRAY_LEN(known); i++) {
		if (!(bits & known[i].bit))
			continue;
		at += (usize)kscnprintf(buf + at, len - at, " %s",
		    known[i].name);
		bits &= ~known[i].bit;
	}
	if (bits != 0)
		(void)kscnprintf(buf + at, len - at, " %#x", bits);
}
