/*
 * Bit maps of blocks, and the counts of groups.
 *
 * A bit map is checked when it is first read: its checksum, that the group's
 * own metadata is in use, and that it has as many free blocks as the descriptor
 * says. Groups that mkfs left out (BLOCK_UNINIT) have theirs computed.
 *
 * Their checksums are in the descriptors: a change notes that one is old, and
 * it is computed when the descriptor's block is sealed, once for many changes.
 *
 * Locks: group_lock guards bit maps and descriptors.
 */
#include "fs/ext/balloc.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"

/* ---- groups ---- */

u64
ext_group_first_block(const struct ext_fs *fs, u32 group)
{
	return fs->first_block + (u64)group * fs->blocks_per_group;
}

u32
ext_group_blocks(const struct ext_fs *fs, u32 group)
{
	return (u32)MIN((u64)fs->blocks_per_group,
	    fs->nblocks - ext_group_first_block(fs, group));
}

u32
ext_blocks_in_last_group(const struct ext_fs *fs, u64 block, u32 n)
{
	u64 first = ext_group_first_block(fs, ext_group_of(fs, block + n - 1));

	return block >= first ? n : (u32)(block + n - first);
}

/* ---- bit maps ---- */

static bool
is_power(u32 n, u32 base)
{
	while (n > 1 && n % base == 0)
		n /= base;
	return n == 1;
}

/* Does the group begin with a copy of the superblock? */
static bool
group_has_super(const struct ext_fs *fs, u32 group)
{
	const struct ext_super *s = ext_super(fs);

	if (group == 0)
		return true;
	if (fs->compat & EXT_COMPAT_SPARSE_SUPER2)
		return group == s->backup_bgs[0] || group == s->backup_bgs[1];
	if (!(fs->ro_compat & EXT_RO_SPARSE_SUPER))
		return true;
	return is_power(group, 3) || is_power(group, 5) || is_power(group, 7);
}

/* Blocks at the group's start: superblock, descriptors, room for more. */
static u32
group_head_blocks(const struct ext_fs *fs, u32 group)
{
	const struct ext_super *s = ext_super(fs);
	u32 per = fs->block_bytes / fs->desc_bytes;
	u32 ngdt = DIV_UP(fs->ngroups, per), meta = group / per;
	bool has_super = group_has_super(fs, group);

	if ((fs->incompat & EXT_INCOMPAT_META_BG) && meta >= s->first_meta_bg) {
		/* The first, second and last of a meta group have a block. */
		u32 in = group % per;

		return has_super + (in == 0 || in == 1 || in == per - 1);
	}
	if (fs->incompat & EXT_INCOMPAT_META_BG)
		ngdt = s->first_meta_bg;
	return has_super ? 1 + ngdt + s->reserved_gdt_blocks : 0;
}

/* What a descriptor names: bit maps and the inode table. */
struct parts {
	u64	block[3];
	u32	n[3];
};

static struct parts
parts_of(const struct ext_fs *fs, const struct ext_group_desc *d)
{
	return (struct parts){
		{ ext_desc_block_bitmap(d, fs->desc_bytes),
		  ext_desc_inode_bitmap(d, fs->desc_bytes),
		  ext_desc_inode_table(d, fs->desc_bytes) },
		{ 1, 1, DIV_UP(fs->inodes_per_group, fs->inodes_per_block) } };
}

void
ext_bits_set(u64 *map, u32 from, u32 n)
{
	for (u32 k = from; k < from + n; k++)
		bitmap_set(map, k);
}

/* The bit map of a group that mkfs has not written: nothing is in use but its
 * own metadata. Other groups' would have made it write it. */
static void
map_make(const struct ext_fs *fs, u32 group, const struct ext_group_desc *d,
    u64 *map)
{
	u32 n = ext_group_blocks(fs, group);
	u64 first = ext_group_first_block(fs, group);
	struct parts p = parts_of(fs, d);

	memset(map, 0, fs->block_bytes);
	ext_bits_set(map, 0, MIN(group_head_blocks(fs, group), n));
	for (u32 k = 0; k < ARRAY_LEN(p.n); k++)
		for (u32 j = 0; j < p.n[k]; j++) {
			u64 bit = p.block[k] + j - first;

			if (p.block[k] + j >= first && bit < n)
				bitmap_set(map, bit);
		}
	ext_bits_set(map, n, fs->block_bytes * 8 - n);
}

static u32
map_csum(const struct ext_fs *fs, const u8 *map, u32 bytes)
{
	u32 sum = ext_crc32c(fs->csum_seed, map, bytes);

	return fs->desc_bytes >= EXT_DESC_BYTES_64BIT ? sum : sum & 0xffff;
}

static u32
blocks_csum(const struct ext_fs *fs, const u8 *map)
{
	return map_csum(fs, map, fs->blocks_per_group / 8);
}

static bool
map_is_sound(const struct ext_fs *fs, u32 group, const struct ext_group_desc *d,
    const u64 *map)
{
	u32 n = ext_group_blocks(fs, group);
	u64 first = ext_group_first_block(fs, group);
	struct parts p = parts_of(fs, d);

	if (!(d->flags & EXT_GROUP_BLOCK_UNINIT) &&
	    (fs->ro_compat & EXT_RO_METADATA_CSUM) &&
	    blocks_csum(fs, (const u8 *)map) !=
	    ext_desc_block_bitmap_csum(d, fs->desc_bytes))
		return false;
	for (u32 k = 0; k < ARRAY_LEN(p.n); k++)
		for (u32 j = 0; j < p.n[k]; j++) {
			u64 bit = p.block[k] + j - first;

			if (p.block[k] + j >= first && bit < n &&
			    !bitmap_test(map, bit))
				return false;
		}
	return n - bitmap_weight(map, n) ==
	    ext_desc_free_blocks(d, fs->desc_bytes);
}

/* The bit map of a group, checked; group_lock held. Draws a buffer. */
int
ext_map_get(struct ext_fs *fs, u32 group, struct buffer **out)
{
	struct buffer *desc, *b;
	struct ext_group_desc *d = ext_desc(fs, group, &desc);
	u64 block = ext_desc_block_bitmap(d, fs->desc_bytes);
	bool is_made = ext_has_bg_csum(fs) &&
	    (d->flags & EXT_GROUP_BLOCK_UNINIT);
	int rc = 0;

	if (!ext_block_is_sound(fs, block, 1))
		return ext_error(fs, "group %u: bad bit map", group);
	if (is_made)
		b = buffer_get(&fs->cache, block);
	else
		rc = buffer_read(&fs->cache, block, &b);
	if (rc != 0)
		return rc;
	if (!(atomic_load_acquire(&b->state) & BUF_CHECKED)) {
		if (is_made)
			map_make(fs, group, d, (u64 *)b->data);
		if (!map_is_sound(fs, group, d, (u64 *)b->data)) {
			buffer_put(b);
			return ext_error(fs, "group %u: bad bit map of blocks",
			    group);
		}
		b->kind = EXT_BLOCK_BITMAP;
		atomic_or(&b->state, BUF_UPTODATE | BUF_CHECKED);
	}
	if (b->kind != EXT_BLOCK_BITMAP) {
		buffer_put(b);
		return ext_error(fs, "group %u: its bit map is something else",
		    group);
	}
	*out = b;
	return 0;
}

struct buffer *
ext_map_find(struct ext_fs *fs, u32 group)
{
	struct buffer *desc, *b;
	u64 block = ext_desc_block_bitmap(ext_desc(fs, group, &desc),
	    fs->desc_bytes);

	b = ext_block_is_sound(fs, block, 1) ?
	    buffer_find(&fs->cache, block) : NULL;
	if (b != NULL && (!(atomic_load_acquire(&b->state) & BUF_CHECKED) ||
	    b->kind != EXT_BLOCK_BITMAP)) {
		buffer_put(b);
		b = NULL;
	}
	return b;
}

bool
ext_is_data(struct ext_fs *fs, u32 group, u64 block, u32 n)
{
	struct buffer *b;
	struct parts p = parts_of(fs, ext_desc(fs, group, &b));

	for (u32 k = 0; k < ARRAY_LEN(p.n); k++)
		if (block < p.block[k] + p.n[k] && p.block[k] < block + n)
			return false;
	return true;
}

/* A group's counts and flags change, and the file system's; in a handle. */
void
ext_count_free(struct ext_fs *fs, u32 group, s64 n)
{
	struct buffer *b;
	struct ext_group_desc *d = ext_desc(fs, group, &b);
	struct ext_super *s = ext_super(fs);
	u64 all = s->free_blocks_count_lo |
	    (fs->incompat & EXT_INCOMPAT_64BIT ?
	    (u64)s->free_blocks_count_hi << 32 : 0);

	ext_write_buffer(fs, b);
	ext_desc_set_free_blocks(d, fs->desc_bytes, (u32)
	    (ext_desc_free_blocks(d, fs->desc_bytes) + n));
	d->flags &= (u16)~EXT_GROUP_BLOCK_UNINIT;
	ext_group(fs, group)->flags |= EXT_SEAL_BLOCKS;
	ext_write_buffer(fs, fs->super);
	all += (u64)n;
	s->free_blocks_count_lo = (u32)all;
	if (fs->incompat & EXT_INCOMPAT_64BIT)
		s->free_blocks_count_hi = (u32)(all >> 32);
}

static bool
map_csum_find(struct ext_fs *fs, u64 block, u32 bytes, u32 *sum)
{
	struct buffer *b = buffer_find(&fs->cache, block);

	if (b == NULL)
		return false;
	*sum = map_csum(fs, b->data, bytes);
	buffer_put(b);
	return true;
}

void
ext_bitmaps_seal(struct ext_fs *fs, u32 group)
{
	struct ext_group *g = ext_group(fs, group);
	struct buffer *b;
	struct ext_group_desc *d = ext_desc(fs, group, &b);
	u32 flags = g->flags, sum;

	g->flags = 0;
	if (!(fs->ro_compat & EXT_RO_METADATA_CSUM))
		return;
	if ((flags & EXT_SEAL_BLOCKS) &&
	    map_csum_find(fs, ext_desc_block_bitmap(d, fs->desc_bytes),
	    fs->blocks_per_group / 8, &sum))
		ext_desc_set_block_bitmap_csum(d, fs->desc_bytes, sum);
	if ((flags & EXT_SEAL_INODES) &&
	    map_csum_find(fs, ext_desc_inode_bitmap(d, fs->desc_bytes),
	    fs->inodes_per_group / 8, &sum))
		ext_desc_set_inode_bitmap_csum(d, fs->desc_bytes, sum);
}
