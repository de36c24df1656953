/*
 * ext2, ext3 and ext4 on disk. Names and offsets as in the Linux kernel's
 * documentation, "ext4 Data Structures and Algorithms" (docs.kernel.org,
 * filesystems/ext4), cited by chapter below.
 *
 * All numbers are little-endian, as this machine's: fields are read as they
 * stand (in structs of natural alignment; records that may lie at any multiple
 * of 4 have no field longer than that). Numbers in two halves have accessors.
 */
#pragma once

#include "kernel/lib/types.h"

/* ---- the superblock (3.1) ---- */

#define EXT_SUPER_OFFSET	1024u	/* bytes from the device's start */
#define EXT_SUPER_BYTES		1024u
#define EXT_MAGIC		0xef53u
#define EXT_REV_OLD		0u	/* inodes of 128 bytes, no features */
#define EXT_REV_DYNAMIC		1u
#define EXT_OLD_FIRST_INO	11u

struct ext_super {
	u32	inodes_count;		/* 0x00 */
	u32	blocks_count_lo;
	u32	r_blocks_count_lo;
	u32	free_blocks_count_lo;
	u32	free_inodes_count;	/* 0x10 */
	u32	first_data_block;
	u32	log_block_size;
	u32	log_cluster_size;
	u32	blocks_per_group;	/* 0x20 */
	u32	clusters_per_group;
	u32	inodes_per_group;
	u32	mtime;			/* of the last mount */
	u32	wtime;			/* 0x30: of the last change */
	u16	mnt_count;
	u16	max_mnt_count;
	u16	magic;
	u16	state;			/* EXT_STATE_* */
	u16	errors;			/* EXT_ERRORS_* */
	u16	minor_rev_level;
	u32	lastcheck;		/* 0x40 */
	u32	checkinterval;
	u32	creator_os;
	u32	rev_level;
	u16	def_resuid;		/* 0x50 */
	u16	def_resgid;
	/* EXT_REV_DYNAMIC: */
	u32	first_ino;
	u16	inode_size;
	u16	block_group_nr;
	u32	feature_compat;
	u32	feature_incompat;	/* 0x60 */
	u32	feature_ro_compat;
	u8	uuid[16];
	u8	volume_name[16];	/* 0x78 */
	u8	last_mounted[64];	/* 0x88 */
	u32	algorithm_usage_bitmap;
	u8	prealloc_blocks;
	u8	prealloc_dir_blocks;
	u16	reserved_gdt_blocks;
	u8	journal_uuid[16];	/* 0xd0 */
	u32	journal_inum;		/* 0xe0 */
	u32	journal_dev;
	u32	last_orphan;
	u32	hash_seed[4];		/* 0xec */
	u8	def_hash_version;	/* EXT_HASH_* */
	u8	jnl_backup_type;
	u16	desc_size;		/* of a group descriptor: 64bit */
	u32	default_mount_opts;	/* 0x100: EXT_DEFM_* */
	u32	first_meta_bg;
	u32	mkfs_time;
	u32	jnl_blocks[17];
	u32	blocks_count_hi;	/* 0x150 */
	u32	r_blocks_count_hi;
	u32	free_blocks_count_hi;
	u16	min_extra_isize;
	u16	want_extra_isize;
	u32	flags;			/* 0x160: EXT_SUPER_* */
	u16	raid_stride;
	u16	mmp_interval;
	u64	mmp_block;
	u32	raid_stripe_width;	/* 0x170 */
	u8	log_groups_per_flex;
	u8	checksum_type;		/* EXT_CSUM_CRC32C */
	u16	reserved_pad;
	u64	kbytes_written;
	u32	snapshot_inum;		/* 0x180 */
	u32	snapshot_id;
	u64	snapshot_r_blocks_count;
	u32	snapshot_list;		/* 0x190 */
	u32	error_count;
	u32	first_error_time;
	u32	first_error_ino;
	u64	first_error_block;	/* 0x1a0 */
	u8	first_error_func[32];
	u32	first_error_line;
	u32	last_error_time;
	u32	last_error_ino;		/* 0x1d0 */
	u32	last_error_line;
	u64	last_error_block;
	u8	last_error_func[32];	/* 0x1e0 */
	u8	mount_opts[64];		/* 0x200 */
	u32	usr_quota_inum;		/* 0x240 */
	u32	grp_quota_inum;
	u32	overhead_blocks;
	u32	backup_bgs[2];
	u8	encrypt_algos[4];
	u8	encrypt_pw_salt[16];
	u32	lpf_ino;		/* 0x268 */
	u32	prj_quota_inum;
	u32	checksum_seed;		/* 0x270 */
	u8	wtime_hi;
	u8	mtime_hi;
	u8	mkfs_time_hi;
	u8	lastcheck_hi;
	u8	first_error_time_hi;
	u8	last_error_time_hi;
	u8	first_error_errcode;
	u8	last_error_errcode;
	u16	encoding;
	u16	encoding_flags;
	u32	orphan_file_inum;	/* 0x280 */
	u16	def_resuid_hi;
	u16	def_resgid_hi;
	u32	reserved[93];
	u32	checksum;		/* 0x3fc */
};

_Static_assert(sizeof(struct ext_super) == EXT_SUPER_BYTES, "3.1");
_Static_assert(offsetof(struct ext_super, feature_compat) == 0x5c, "3.1");
_Static_assert(offsetof(struct ext_super, hash_seed) == 0xec, "3.1");
_Static_assert(offsetof(struct ext_super, blocks_count_hi) == 0x150, "3.1");
_Static_assert(offsetof(struct ext_super, error_count) == 0x194, "3.1");
_Static_assert(offsetof(struct ext_super, mount_opts) == 0x200, "3.1");
_Static_assert(offsetof(struct ext_super, checksum_seed) == 0x270, "3.1");
_Static_assert(offsetof(struct ext_super, orphan_file_inum) == 0x280, "3.1");

#define EXT_STATE_VALID		0x1u	/* cleanly unmounted */
#define EXT_STATE_ERROR		0x2u	/* errors were found */
#define EXT_STATE_ORPHAN	0x4u	/* orphans are being recovered */

#define EXT_ERRORS_CONTINUE	1u
#define EXT_ERRORS_RO		2u
#define EXT_ERRORS_PANIC	3u

#define EXT_SUPER_SIGNED_HASH	0x1u	/* super.flags */
#define EXT_SUPER_UNSIGNED_HASH	0x2u

#define EXT_HASH_LEGACY		0u	/* hash versions, 4.5 */
#define EXT_HASH_HALF_MD4	1u
#define EXT_HASH_TEA		2u
#define EXT_HASH_LEGACY_U	3u	/* of unsigned characters */
#define EXT_HASH_HALF_MD4_U	4u
#define EXT_HASH_TEA_U		5u
#define EXT_HASH_SIPHASH	6u	/* encrypted, casefolded directories */

#define EXT_CSUM_CRC32C		1u

#define EXT_COMPAT_DIR_PREALLOC	0x1u
#define EXT_COMPAT_IMAGIC	0x2u
#define EXT_COMPAT_HAS_JOURNAL	0x4u
#define EXT_COMPAT_EXT_ATTR	0x8u
#define EXT_COMPAT_RESIZE_INODE	0x10u
#define EXT_COMPAT_DIR_INDEX	0x20u
#define EXT_COMPAT_LAZY_BG	0x40u
#define EXT_COMPAT_EXCLUDE_INODE 0x80u
#define EXT_COMPAT_EXCLUDE_BITMAP 0x100u
#define EXT_COMPAT_SPARSE_SUPER2 0x200u
#define EXT_COMPAT_FAST_COMMIT	0x400u
#define EXT_COMPAT_STABLE_INODES 0x800u
#define EXT_COMPAT_ORPHAN_FILE	0x1000u

#define EXT_INCOMPAT_COMPRESSION 0x1u
#define EXT_INCOMPAT_FILETYPE	0x2u
#define EXT_INCOMPAT_RECOVER	0x4u	/* the journal must be replayed */
#define EXT_INCOMPAT_JOURNAL_DEV 0x8u
#define EXT_INCOMPAT_META_BG	0x10u
#define EXT_INCOMPAT_EXTENTS	0x40u
#define EXT_INCOMPAT_64BIT	0x80u
#define EXT_INCOMPAT_MMP	0x100u
#define EXT_INCOMPAT_FLEX_BG	0x200u
#define EXT_INCOMPAT_EA_INODE	0x400u
#define EXT_INCOMPAT_DIRDATA	0x1000u
#define EXT_INCOMPAT_CSUM_SEED	0x2000u
#define EXT_INCOMPAT_LARGEDIR	0x4000u
#define EXT_INCOMPAT_INLINE_DATA 0x8000u
#define EXT_INCOMPAT_ENCRYPT	0x10000u
#define EXT_INCOMPAT_CASEFOLD	0x20000u

#define EXT_RO_SPARSE_SUPER	0x1u
#define EXT_RO_LARGE_FILE	0x2u
#define EXT_RO_BTREE_DIR	0x4u
#define EXT_RO_HUGE_FILE	0x8u
#define EXT_RO_GDT_CSUM		0x10u	/* uninit_bg: crc16 */
#define EXT_RO_DIR_NLINK	0x20u
#define EXT_RO_EXTRA_ISIZE	0x40u
#define EXT_RO_HAS_SNAPSHOT	0x80u
#define EXT_RO_QUOTA		0x100u
#define EXT_RO_BIGALLOC		0x200u
#define EXT_RO_METADATA_CSUM	0x400u
#define EXT_RO_REPLICA		0x800u
#define EXT_RO_READONLY		0x1000u
#define EXT_RO_PROJECT		0x2000u
#define EXT_RO_SHARED_BLOCKS	0x4000u
#define EXT_RO_VERITY		0x8000u
#define EXT_RO_ORPHAN_PRESENT	0x10000u

static inline u64
ext_super_blocks(const struct ext_super *s, bool is_64bit)
{
	return s->blocks_count_lo |
	    (is_64bit ? (u64)s->blocks_count_hi << 32 : 0);
}

/* ---- special inodes (2.8) ---- */

#define EXT_BAD_INO		1u
#define EXT_ROOT_INO		2u
#define EXT_USR_QUOTA_INO	3u
#define EXT_GRP_QUOTA_INO	4u
#define EXT_BOOT_INO		5u
#define EXT_UNDEL_INO		6u
#define EXT_RESIZE_INO		7u
#define EXT_JOURNAL_INO		8u

/* ---- group descriptors (3.2) ---- */

#define EXT_DESC_BYTES		32u	/* without 64bit */
#define EXT_DESC_BYTES_64BIT	64u	/* the least with it */

struct ext_group_desc {
	u32	block_bitmap_lo;
	u32	inode_bitmap_lo;
	u32	inode_table_lo;
	u16	free_blocks_count_lo;
	u16	free_inodes_count_lo;
	u16	used_dirs_count_lo;	/* 0x10 */
	u16	flags;			/* EXT_GROUP_* */
	u32	exclude_bitmap_lo;
	u16	block_bitmap_csum_lo;
	u16	inode_bitmap_csum_lo;
	u16	itable_unused_lo;
	u16	checksum;		/* 0x1e */
	/* 64bit and desc_size of 64 or more only: */
	u32	block_bitmap_hi;
	u32	inode_bitmap_hi;
	u32	inode_table_hi;
	u16	free_blocks_count_hi;
	u16	free_inodes_count_hi;
	u16	used_dirs_count_hi;	/* 0x30 */
	u16	itable_unused_hi;
	u32	exclude_bitmap_hi;
	u16	block_bitmap_csum_hi;
	u16	inode_bitmap_csum_hi;
	u32	reserved;
};

_Static_assert(sizeof(struct ext_group_desc) == EXT_DESC_BYTES_64BIT, "3.2");
_Static_assert(offsetof(struct ext_group_desc, block_bitmap_hi) ==
    EXT_DESC_BYTES, "3.2");

#define EXT_GROUP_INODE_UNINIT	0x1u	/* inode bitmap, table: not written */
#define EXT_GROUP_BLOCK_UNINIT	0x2u	/* block bitmap: to be computed */
#define EXT_GROUP_ITABLE_ZEROED	0x4u

/*
 * Numbers of a descriptor in two halves: bytes is the file system's desc_bytes.
 * ext_desc_NAME() gets, ext_desc_set_NAME() sets.
 */
#define EXT_DESC_HALVES(name, lo_field, hi_field, type, shift) \
static inline type \
ext_desc_##name(const struct ext_group_desc *d, u32 bytes) \
{ \
	return (type)(d->lo_field | (bytes >= EXT_DESC_BYTES_64BIT ? \
	    (type)d->hi_field << (shift) : 0)); \
} \
static inline void \
ext_desc_set_##name(struct ext_group_desc *d, u32 bytes, type v) \
{ \
	d->lo_field = (__typeof__(d->lo_field))v; \
	if (bytes >= EXT_DESC_BYTES_64BIT) \
		d->hi_field = (__typeof__(d->hi_field))(v >> (shift)); \
}
EXT_DESC_HALVES(block_bitmap, block_bitmap_lo, block_bitmap_hi, u64, 32)
EXT_DESC_HALVES(inode_bitmap, inode_bitmap_lo, inode_bitmap_hi, u64, 32)
EXT_DESC_HALVES(inode_table, inode_table_lo, inode_table_hi, u64, 32)
EXT_DESC_HALVES(free_blocks, free_blocks_count_lo, free_blocks_count_hi, u32,
    16)
EXT_DESC_HALVES(free_inodes, free_inodes_count_lo, free_inodes_count_hi, u32,
    16)
EXT_DESC_HALVES(used_dirs, used_dirs_count_lo, used_dirs_count_hi, u32, 16)
EXT_DESC_HALVES(itable_unused, itable_unused_lo, itable_unused_hi, u32, 16)
EXT_DESC_HALVES(block_bitmap_csum, block_bitmap_csum_lo, block_bitmap_csum_hi,
    u32, 16)
EXT_DESC_HALVES(inode_bitmap_csum, inode_bitmap_csum_lo, inode_bitmap_csum_hi,
    u32, 16)
#undef EXT_DESC_HALVES

/* ---- inodes (4.1) ---- */

#define EXT_INODE_BYTES_MIN	128u	/* "good old" */
#define EXT_INODE_BYTES_MAX	4096u	/* at most a block */
#define EXT_BLOCK_SLOTS		15u	/* of i_block */
#define EXT_DIRECT_SLOTS	12u
#define EXT_IND_SLOT		12u
#define EXT_DIND_SLOT		13u
#define EXT_TIND_SLOT		14u
#define EXT_LINK_INLINE		60u	/* bytes of i_block */
#define EXT_LINKS_MAX		65000u	/* then: -EMLINK; dir_nlink: 1 */

struct ext_raw_inode {
	u16	mode;			/* 0x00 */
	u16	uid_lo;
	u32	size_lo;
	u32	atime;
	u32	ctime;
	u32	mtime;			/* 0x10 */
	u32	dtime;			/* deleted; or the next orphan */
	u16	gid_lo;
	u16	links_count;
	u32	blocks_lo;
	u32	flags;			/* 0x20: EXT_FL_* */
	u32	version;
	u32	block[EXT_BLOCK_SLOTS];	/* 0x28 */
	u32	generation;		/* 0x64 */
	u32	file_acl_lo;
	u32	size_high;
	u32	obso_faddr;		/* 0x70 */
	u16	blocks_high;
	u16	file_acl_high;
	u16	uid_high;
	u16	gid_high;
	u16	checksum_lo;		/* 0x7c */
	u16	reserved;
	/* Of larger inodes, as far as extra_isize bytes go from here: */
	u16	extra_isize;		/* 0x80 */
	u16	checksum_hi;
	u32	ctime_extra;
	u32	mtime_extra;
	u32	atime_extra;
	u32	crtime;			/* 0x90 */
	u32	crtime_extra;
	u32	version_hi;
	u32	projid;
};

_Static_assert(sizeof(struct ext_raw_inode) == 160, "4.1");
_Static_assert(offsetof(struct ext_raw_inode, generation) == 0x64, "4.1");
_Static_assert(offsetof(struct ext_raw_inode, checksum_lo) == 0x7c, "4.1");
_Static_assert(offsetof(struct ext_raw_inode, extra_isize) ==
    EXT_INODE_BYTES_MIN, "4.1");

/* What extra_isize must be at least for field to be there. */
#define EXT_EXTRA_END(field) \
	((u32)(offsetof(struct ext_raw_inode, field) + 4 - EXT_INODE_BYTES_MIN))
#define EXT_EXTRA_CSUM		4u	/* extra_isize, checksum_hi */
#define EXT_EXTRA_WANT		32u	/* all above */

#define EXT_FL_SYNC		0x8u
#define EXT_FL_IMMUTABLE	0x10u
#define EXT_FL_APPEND		0x20u
#define EXT_FL_NODUMP		0x40u
#define EXT_FL_NOATIME		0x80u
#define EXT_FL_ENCRYPT		0x800u
#define EXT_FL_INDEX		0x1000u	/* a directory has an htree */
#define EXT_FL_JOURNAL_DATA	0x4000u
#define EXT_FL_DIRSYNC		0x10000u
#define EXT_FL_TOPDIR		0x20000u
#define EXT_FL_HUGE_FILE	0x40000u	/* i_blocks in blocks */
#define EXT_FL_EXTENTS		0x80000u
#define EXT_FL_VERITY		0x100000u
#define EXT_FL_EA_INODE		0x200000u
#define EXT_FL_INLINE_DATA	0x10000000u
#define EXT_FL_PROJINHERIT	0x20000000u
#define EXT_FL_CASEFOLD		0x40000000u
/* What a new inode takes from its directory. */
#define EXT_FL_INHERITED	(0x1u | 0x2u | 0x4u | EXT_FL_SYNC | \
				 EXT_FL_NODUMP | EXT_FL_NOATIME | 0x400u | \
				 EXT_FL_JOURNAL_DATA | 0x8000u | \
				 EXT_FL_DIRSYNC | EXT_FL_PROJINHERIT)

/* Times: 34 bits of seconds (2 in the extra word's low end), nanoseconds. */
#define EXT_TIME_EPOCH_MASK	0x3u
#define EXT_TIME_NSEC_SHIFT	2

static inline u64
ext_raw_size(const struct ext_raw_inode *r)
{
	return r->size_lo | (u64)r->size_high << 32;
}

static inline u64
ext_raw_file_acl(const struct ext_raw_inode *r)
{
	return r->file_acl_lo | (u64)r->file_acl_high << 32;
}

/* ---- extents (4.3) ---- */

#define EXT_EXTENT_MAGIC	0xf30au
#define EXT_EXTENT_DEPTH_MAX	5u
#define EXT_EXTENT_LEN_MAX	32768u	/* longer: unwritten, less that */
#define EXT_UNWRITTEN_LEN_MAX	32767u

struct ext_extent_header {
	u16	magic;
	u16	entries;
	u16	max;
	u16	depth;			/* 0: leaves follow */
	u32	generation;
};

struct ext_extent_index {
	u32	block;			/* the first that it covers */
	u32	leaf_lo;
	u16	leaf_hi;
	u16	unused;
};

struct ext_extent {
	u32	block;
	u16	len;
	u16	start_hi;
	u32	start_lo;
};

struct ext_extent_tail {		/* behind max entries of a block */
	u32	checksum;
};

_Static_assert(sizeof(struct ext_extent_header) == 12, "4.3");
_Static_assert(sizeof(struct ext_extent_index) == 12, "4.3");
_Static_assert(sizeof(struct ext_extent) == 12, "4.3");

static inline u64
ext_extent_start(const struct ext_extent *x)
{
	return x->start_lo | (u64)x->start_hi << 32;
}

static inline void
ext_extent_set_start(struct ext_extent *x, u64 block)
{
	x->start_lo = (u32)block;
	x->start_hi = (u16)(block >> 32);
}

static inline bool
ext_extent_is_unwritten(const struct ext_extent *x)
{
	return x->len > EXT_EXTENT_LEN_MAX;
}

static inline u32
ext_extent_len(const struct ext_extent *x)
{
	return x->len <= EXT_EXTENT_LEN_MAX ? x->len :
	    x->len - EXT_EXTENT_LEN_MAX;
}

static inline u64
ext_index_leaf(const struct ext_extent_index *x)
{
	return x->leaf_lo | (u64)x->leaf_hi << 32;
}

static inline void
ext_index_set_leaf(struct ext_extent_index *x, u64 block)
{
	x->leaf_lo = (u32)block;
	x->leaf_hi = (u16)(block >> 32);
}

/* ---- directories (4.4) ---- */

#define EXT_NAME_MAX		255u
#define EXT_DIR_ROUND		3u
#define EXT_DIR_HEAD		8u	/* bytes before the name */

/* A record; with filetype the length's upper byte is the type. rec_len: 65535
 * and 0 would be 65536, which no block of 4096 has. */
struct ext_dirent {
	u32	inode;			/* 0: unused */
	u16	rec_len;
	u8	name_len;
	u8	file_type;		/* EXT_FT_* */
	u8	name[];
};

/* Bytes of a record with a name of len. */
#define EXT_DIRENT_BYTES(len) \
	(((u32)(len) + EXT_DIR_HEAD + EXT_DIR_ROUND) & ~EXT_DIR_ROUND)

#define EXT_FT_UNKNOWN		0u
#define EXT_FT_REG		1u
#define EXT_FT_DIR		2u
#define EXT_FT_CHR		3u
#define EXT_FT_BLK		4u
#define EXT_FT_FIFO		5u
#define EXT_FT_SOCK		6u
#define EXT_FT_LINK		7u
#define EXT_FT_CSUM		0xdeu	/* the tail's */

/* The last record of a linear block, with metadata_csum. */
struct ext_dir_tail {
	u32	zero;			/* looks like an unused inode */
	u16	rec_len;		/* 12 */
	u8	zero_len;
	u8	file_type;		/* EXT_FT_CSUM */
	u32	checksum;
};

_Static_assert(sizeof(struct ext_dirent) == EXT_DIR_HEAD, "4.4.1");
_Static_assert(sizeof(struct ext_dir_tail) == 12, "4.4.1");

/* Hash trees (4.4.2): the root's block. */
struct ext_dx_info {
	u32	reserved;
	u8	hash_version;		/* EXT_HASH_* but unsigned ones */
	u8	info_length;		/* 8 */
	u8	indirect_levels;	/* at most 1; largedir: 2 */
	u8	unused_flags;
};

struct ext_dx_root {
	u32	dot_inode;		/* "." of 12 bytes */
	u16	dot_rec_len;
	u8	dot_name_len;
	u8	dot_file_type;
	u8	dot_name[4];
	u32	dotdot_inode;		/* "..": the rest of the block */
	u16	dotdot_rec_len;
	u8	dotdot_name_len;
	u8	dotdot_file_type;
	u8	dotdot_name[4];
	struct ext_dx_info info;	/* 0x18 */
	/* at 0x18 + info_length: entries, the first is an ext_dx_limit */
};

struct ext_dx_node {
	u32	fake_inode;		/* 0: one unused record */
	u16	fake_rec_len;		/* the block */
	u8	fake_name_len;
	u8	fake_file_type;
	/* entries, the first is an ext_dx_limit */
};

/* The first entry has no hash (it is 0): limits in its place. */
struct ext_dx_limit {
	u16	limit;			/* entries that fit, this included */
	u16	count;			/* in use, this included */
	u32	block;
};

struct ext_dx_entry {
	u32	hash;			/* bit 0: continues the one before */
	u32	block;			/* of the directory */
};

/* Behind limit entries, with metadata_csum. */
struct ext_dx_tail {
	u32	reserved;
	u32	checksum;
};

_Static_assert(sizeof(struct ext_dx_root) == 0x20, "4.4.2");
_Static_assert(sizeof(struct ext_dx_node) == 8, "4.4.2");
_Static_assert(sizeof(struct ext_dx_limit) == 8, "4.4.2");
_Static_assert(sizeof(struct ext_dx_entry) == 8, "4.4.2");
_Static_assert(sizeof(struct ext_dx_tail) == 8, "4.4.2");

/* ---- extended attributes (4.6) ---- */

#define EXT_XATTR_MAGIC		0xea020000u
#define EXT_XATTR_REFS_MAX	1024u	/* inodes that share a block */

struct ext_xattr_ibody_header {		/* behind extra_isize */
	u32	magic;
};

struct ext_xattr_header {		/* of a block */
	u32	magic;
	u32	refcount;
	u32	blocks;			/* 1 */
	u32	hash;
	u32	checksum;
	u32	reserved[3];
};

struct ext_xattr_entry {
	u8	name_len;
	u8	name_index;		/* EXT_XATTR_* prefix */
	u16	value_offs;
	u32	value_inum;		/* ea_inode: not 0 */
	u32	value_size;
	u32	hash;
	u8	name[];
};

_Static_assert(sizeof(struct ext_xattr_header) == 32, "4.6");
_Static_assert(sizeof(struct ext_xattr_entry) == 16, "4.6");

#define EXT_XATTR_USER		1u
#define EXT_XATTR_POSIX_ACCESS	2u
#define EXT_XATTR_POSIX_DEFAULT	3u
#define EXT_XATTR_TRUSTED	4u
#define EXT_XATTR_SECURITY	6u
#define EXT_XATTR_SYSTEM	7u
#define EXT_XATTR_RICHACL	8u

/* Bytes of an entry with a name of len, and of a value. */
#define EXT_XATTR_ENTRY_BYTES(len)	(((u32)(len) + 16 + 3) & ~3u)
#define EXT_XATTR_VALUE_BYTES(len)	(((u32)(len) + 3) & ~3u)
