/*
 * Inode numbers: which are free, and who gets which.
 *
 * A file goes to its directory's group, and so do most directories; those just
 * below the root are spread over groups that have more room than the average
 * (after M. Orlov's allocator for FFS): what belongs together stays together,
 * and what does not has room to grow. LIMIT: groups are looked at one by one,
 * not as flex groups.
 *
 * In a group the lowest free number is taken, so that the part of its inode
 * table that was never used (itable_unused) stays at the end: mkfs need not
 * have cleared it, and e2fsck does not look at it.
 *
 * An inode bit map is checked when it is first read: its checksum, that what
 * lies in the unused part is free, and that as many are free as the descriptor
 * says. One that mkfs left out (INODE_UNINIT) is all free.
 *
 * Locks: group_lock guards bit maps and descriptors.
 */
#include "fs/ext/balloc.h"
#include "fs/ext/ext_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/bitmap.h"
#include "kernel/lib/hash.h"
#include "kernel/lib/string.h"

#define TRIES_MAX	4u		/* bit maps looked at in one call */

/* ---- bit maps ---- */

static bool
has_bg_csum(const struct ext_fs *fs)
{
	return fs->ro_compat & (EXT_RO_GDT_CSUM | EXT_RO_METADATA_CSUM);
}

/* Inodes of the group's table that were never used, behind all others. */
static u32
unused_of(const struct ext_fs *fs, const struct ext_group_desc *d)
{
	return has_bg_csum(fs) ? ext_desc_itable_unused(d, fs->desc_bytes) : 0;
}

static bool
map_is_sound(const struct ext_fs *fs, const struct ext_group_desc *d,
    const u64 *map)
{
	u32 n = fs->inodes_per_group, unused = unused_of(fs, d), sum;

	if (!(d->flags & EXT_GROUP_INODE_UNINIT) &&
	    (fs->ro_compat & EXT_RO_METADATA_CSUM)) {
		sum = ext_crc32c(fs->csum_seed, map, n / 8);
		if (fs->desc_bytes < EXT_DESC_BYTES_64BIT)
			sum &= 0xffff;
		if (sum != ext_desc_inode_bitmap_csum(d, fs->desc_bytes))
			return false;
	}
	if (unused > n || bitmap_find_next(map, n, n - unused) < n)
		return false;
	return n - bitmap_weight(map, n) ==
	    ext_desc_free_inodes(d, fs->desc_bytes);
}

/* All numbers are free; bits that stand for none are set. */
static void
map_make(const struct ext_fs *fs, u64 *map)
{
	memset(map, 0, fs->block_bytes);
	for (u32 k = fs->inodes_per_group; k < fs->block_bytes * 8; k++)
		bitmap_set(map, k);
}

/* The inode bit map of a group, checked; group_lock held. Draws a buffer. */
static int
map_get(struct ext_fs *fs, u32 group, struct buffer **out)
{
	struct buffer *desc, *b;
	struct ext_group_desc *d = ext_desc(fs, group, &desc);
	u64 block = ext_desc_inode_bitmap(d, fs->desc_bytes);
	bool is_made = has_bg_csum(fs) && (d->flags & EXT_GROUP_INODE_UNINIT);
	int rc = 0;

	if (!ext_block_is_sound(fs, block, 1))
		return ext_error(fs, "group %u: bad inode bit map", group);
	if (is_made)
		b = buffer_get(&fs->cache, block);
	else
		rc = buffer_read(&fs->cache, block, &b);
	if (rc != 0)
		return rc;
	if (!(atomic_load_acquire(&b->state) & BUF_CHECKED)) {
		if (is_made)
			map_make(fs, (u64 *)b->data);
		if (!map_is_sound(fs, d, (u64 *)b->data)) {
			buffer_put(b);
			return ext_error(fs, "group %u: bad bit map of inodes",
			    group);
		}
		b->kind = EXT_INODE_BITMAP;
		atomic_or(&b->state, BUF_UPTODATE | BUF_CHECKED);
	}
	if (b->kind != EXT_INODE_BITMAP) {
		buffer_put(b);
		return ext_error(fs, "group %u: its inode bit map is "
		    "something else", group);
	}
	*out = b;
	return 0;
}

/* One inode more is free, or less; and one directory. In a handle. */
static void
count_inode(struct ext_fs *fs, u32 group, s32 n, bool is_dir)
{
	struct buffer *b;
	struct ext_group_desc *d = ext_desc(fs, group, &b);
	struct ext_super *s = (struct ext_super *)(fs->super->data +
	    fs->super_off);
	u32 bytes = fs->desc_bytes, dirs = ext_desc_used_dirs(d, bytes);

	ext_write_buffer(fs, b);
	ext_desc_set_free_inodes(d, bytes,
	    ext_desc_free_inodes(d, bytes) + (u32)n);
	if (is_dir && (n < 0 || dirs > 0))
		ext_desc_set_used_dirs(d, bytes, dirs - (u32)n);
	ext_group(fs, group)->flags |= EXT_SEAL_INODES;
	ext_write_buffer(fs, fs->super);
	s->free_inodes_count += (u32)n;
}

/* ---- which group ---- */

static u32
free_inodes_of(struct ext_fs *fs, u32 group)
{
	struct buffer *b;

	return ext_desc_free_inodes(ext_desc(fs, group, &b), fs->desc_bytes);
}

/* What groups have on the average. */
struct average {
	u32		inodes, blocks, dirs;
};

static bool
suits_dir(struct ext_fs *fs, u32 group, const struct average *a, bool is_top)
{
	struct buffer *b;
	u32 dirs = ext_desc_used_dirs(ext_desc(fs, group, &b), fs->desc_bytes);
	u32 inodes = free_inodes_of(fs, group);
	u32 blocks = READ_ONCE(ext_group(fs, group)->avail);

	if (inodes == 0)
		return false;
	if (is_top)
		return inodes >= a->inodes && blocks >= a->blocks &&
		    dirs <= a->dirs;
	return inodes >= a->inodes / 4 && blocks >= a->blocks / 4 &&
	    dirs <= a->dirs + fs->inodes_per_group / 16;
}

static struct average
average_of(struct ext_fs *fs)
{
	u64 inodes = 0, dirs = 0;
	struct buffer *b;

	for (u32 k = 0; k < fs->ngroups; k++) {
		inodes += free_inodes_of(fs, k);
		dirs += ext_desc_used_dirs(ext_desc(fs, k, &b),
		    fs->desc_bytes);
	}
	return (struct average){ (u32)(inodes / fs->ngroups),
	    (u32)(READ_ONCE(fs->free_blocks) / fs->ngroups),
	    (u32)(dirs / fs->ngroups) };
}

static inline u32
group_at(const struct ext_fs *fs, u32 from, u32 k)
{
	u32 left = fs->ngroups - from;

	return k < left ? from + k : k - left;
}

/* For a directory: where it suits best. False: nowhere. group_lock held. */
static bool
choose_for_dir(struct ext_inode *dir, u64 name, u32 *out)
{
	struct ext_fs *fs = dir->fs;
	struct average a = average_of(fs);
	bool is_top = dir->i.ino == EXT_ROOT_INO ||
	    (dir->flags & EXT_FL_TOPDIR);
	u32 from = dir->group;

	if (is_top)
		from = (u32)(hash_mix(name, HASH_K1) % fs->ngroups);
	for (u32 k = 0; k < fs->ngroups; k++) {
		*out = group_at(fs, from, k);
		if (suits_dir(fs, *out, &a, is_top))
			return true;
	}
	return false;
}

/* The next group from there on with a free number; group_lock held. */
static bool
choose_any(struct ext_fs *fs, u32 from, u32 *out)
{
	for (u32 k = 0; k < fs->ngroups; k++) {
		*out = group_at(fs, from, k);
		if (free_inodes_of(fs, *out) > 0)
			return true;
	}
	return false;
}

/* ---- taking and freeing ---- */

/* The number's part of the table is in use from now on. */
static void
table_use(struct ext_fs *fs, struct ext_group_desc *d, u32 bit)
{
	u32 unused = fs->inodes_per_group - bit - 1;

	if (!has_bg_csum(fs))
		return;
	d->flags &= (u16)~EXT_GROUP_INODE_UNINIT;
	if (unused < unused_of(fs, d))
		ext_desc_set_itable_unused(d, fs->desc_bytes, unused);
}

/* Numbers that no file may have: below the first one, and the last ones. */
static u32
first_bit(const struct ext_fs *fs, u32 group)
{
	return group == 0 ? fs->first_ino - 1 : 0;
}

static u32
bits_of(const struct ext_fs *fs, u32 group)
{
	return MIN(fs->inodes_per_group,
	    fs->ninodes - group * fs->inodes_per_group);
}

/* The choice of a number: all that is needed to take it, in memory. */
struct choice {
	u32		group, bit;
	struct buffer	*map;
	/*
	 * With an inode in use a group's block bit map is to be there, too (as
	 * Linux and e2fsck have it), though nothing in it has changed: NULL, or
	 * that one, which was only computed until now.
	 */
	struct buffer	*blocks;
};

static void
choice_put(struct choice *c)
{
	if (c->map != NULL)
		buffer_put(c->map);
	if (c->blocks != NULL)
		buffer_put(c->blocks);
}

static int
choose_blocks(struct ext_fs *fs, struct choice *c)
{
	struct buffer *desc;
	struct ext_group_desc *d = ext_desc(fs, c->group, &desc);

	if (!has_bg_csum(fs) || !(d->flags & EXT_GROUP_BLOCK_UNINIT))
		return 0;
	c->blocks = ext_map_find(fs, c->group);
	return c->blocks != NULL ? 0 :
	    ext_want(EXT_WANT_BITMAP, NULL, c->group);
}

/* The lowest one of a group that has some; W. */
static int
choose_bit(struct ext_fs *fs, struct choice *c)
{
	struct buffer *desc;
	struct ext_group_desc *d = ext_desc(fs, c->group, &desc);
	u32 n = bits_of(fs, c->group);

	c->map = ext_peek_block(fs, ext_desc_inode_bitmap(d, fs->desc_bytes),
	    EXT_INODE_BITMAP);
	if (c->map == NULL)
		return ext_want(EXT_WANT_INODE_BITMAP, NULL, c->group);
	c->bit = (u32)bitmap_find_next_zero((u64 *)c->map->data, n,
	    first_bit(fs, c->group));
	/* The descriptor's count was held against the bits: they are those
	 * that no file may have. */
	return c->bit < n ? choose_blocks(fs, c) : -ENOSPC;
}

/* The next group, if that one has none after all; W. */
static int
choose(struct ext_inode *dir, u32 mode, u64 name, struct choice *c)
{
	struct ext_fs *fs = dir->fs;
	u32 group = dir->group;
	int rc;

	if ((!S_ISDIR(mode) || !choose_for_dir(dir, name, &group)) &&
	    !choose_any(fs, dir->group, &group))
		return -ENOSPC;
	for (u32 k = 0; k < TRIES_MAX; k++) {
		*c = (struct choice){ .group = group };
		rc = choose_bit(fs, c);
		if (rc != -ENOSPC)
			return rc;
		choice_put(c);
		c->map = NULL;
		if (!choose_any(fs, group_at(fs, group, 1), &group))
			break;
	}
	return -ENOSPC;
}

/* Past this nothing fails. group_lock held. */
static void
choice_take(struct ext_fs *fs, const struct choice *c, bool is_dir)
{
	struct buffer *desc;
	struct ext_group_desc *d = ext_desc(fs, c->group, &desc);

	if (c->blocks != NULL)
		ext_blocks_begin(fs, c->group, c->blocks);
	ext_write_buffer(fs, c->map);
	bitmap_set((u64 *)c->map->data, c->bit);
	count_inode(fs, c->group, -1, is_dir);
	table_use(fs, d, c->bit);
}

static int
alloc_locked(struct ext_inode *dir, u32 mode, u64 name, bool first,
    struct choice *c, struct ext_start *out)
{
	struct ext_fs *fs = dir->fs;
	int rc = choose(dir, mode, name, c);

	if (rc != 0)
		return rc;
	out->ino = c->group * fs->inodes_per_group + c->bit + 1;
	rc = ext_table_peek(fs, out->ino, &out->table);
	if (rc != 0)
		return rc;
	if (first)
		rc = ext_claim_peek_locked(fs,
		    ext_group_first_block(fs, c->group), &out->claim);
	if (rc != 0)
		buffer_put(out->table);
	else
		choice_take(fs, c, S_ISDIR(mode));
	return rc;
}

int
ext_ino_alloc(struct ext_inode *dir, u32 mode, u64 name, bool first,
    struct ext_start *out)
{
	struct choice c = { .map = NULL };
	int rc;

	*out = (struct ext_start){ .claim = NULL };
	mutex_lock(&dir->fs->group_lock);
	rc = alloc_locked(dir, mode, name, first, &c, out);
	choice_put(&c);
	mutex_unlock(&dir->fs->group_lock);
	return rc;
}

int
ext_inode_bitmap_read(struct ext_fs *fs, u32 group, struct buffer **out)
{
	int rc;

	mutex_lock(&fs->group_lock);
	rc = map_get(fs, group, out);
	mutex_unlock(&fs->group_lock);
	return rc;
}

int
ext_ino_free(struct ext_inode *e)
{
	struct ext_fs *fs = e->fs;
	u32 n = (u32)e->i.ino - 1, group = n / fs->inodes_per_group;
	u32 bit = n % fs->inodes_per_group;
	struct buffer *b;
	int rc;

	assert(e->i.ino > 0 && e->i.ino <= fs->ninodes);
	if (e->i.ino < fs->first_ino)
		return ext_error(fs, "inode %lu is not to be freed", e->i.ino);
	mutex_lock(&fs->group_lock);
	rc = map_get(fs, group, &b);
	if (rc == 0) {
		if (!bitmap_test((u64 *)b->data, bit)) {
			rc = ext_error(fs, "inode %lu: freed twice", e->i.ino);
		} else {
			ext_write_buffer(fs, b);
			bitmap_clear((u64 *)b->data, bit);
			count_inode(fs, group, 1, S_ISDIR(e->i.mode));
		}
		buffer_put(b);
	}
	mutex_unlock(&fs->group_lock);
	return rc;
}
