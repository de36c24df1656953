/*
 * What the files on directories share: dir.c has the theory.
 */
#pragma once

#include "fs/ext/dxblock.h"
#include "fs/ext/ext_priv.h"

/* Where an entry is: a reference to its block, and its record. */
struct ext_place {
	struct buffer	*b;
	u32		off;
	u32		ino;
	u8		type;
};

/*
 * A look at a directory, in turns: blocks are looked for in memory only, and
 * the first that is missing ends the turn (-EAGAIN), is fetched, and stays
 * pinned. So a look pays for EXT_LOOK_MISSES readings, whatever way it takes.
 * Map blocks count as well, though they are not pinned.
 */
#define EXT_LOOK_MISSES	16u
struct ext_look {
	struct ext_inode *dir;
	u32		lblock;		/* missing */
	enum ext_kind	kind;
	u32		n;
	struct buffer	*pinned[EXT_LOOK_MISSES];
};
/* Fetch what is missing: -EAGAIN: look again; -EIO, -EUCLEAN. One reading. */
int	ext_look_fetch(struct ext_look *l);
void	ext_look_put(struct ext_look *l);
/* A turn that is a look's only one said rc: what it misses is noted. W */
int	ext_look_want(struct ext_look *l, int rc);

/* A name, with what its hash is where there is a tree. */
struct ext_name {
	const u8	*s;
	u32		len;
	struct ext_hash	hash;
};

/* The most blocks of a directory: more is -EFBIG. A tree of two levels of
 * blocks of 4 KiB has 260 thousand. */
#define EXT_DIR_BLOCKS_MAX	(1u << 20)

static inline bool
ext_has_csum(const struct ext_fs *fs)
{
	return fs->ro_compat & EXT_RO_METADATA_CSUM;
}

static inline u32
ext_dir_end(const struct ext_fs *fs)
{
	return ext_dirblock_end(fs->block_bytes, ext_has_csum(fs));
}

static inline u32
ext_dir_nblocks(const struct ext_inode *dir)
{
	u64 n = (u64)READ_ONCE(dir->i.size) >> dir->fs->block_shift;

	return n > ~0u ? ~0u : (u32)n;
}

static inline bool
ext_dir_is_indexed(const struct ext_inode *dir)
{
	return (dir->flags & EXT_FL_INDEX) &&
	    (dir->fs->compat & EXT_COMPAT_DIR_INDEX);
}

/* A block in memory: 0, -EAGAIN, -EIO, -EUCLEAN (logged): dir.c. Draws
 * nothing. A leaf (or a linear directory's), an index block. */
int	ext_dir_leaf(struct ext_look *l, u32 lblock, struct buffer **out);
int	ext_dir_index(struct ext_look *l, u32 lblock, struct buffer **out);
/* A new block at the end, in a handle; kind: leaf or index. W; draws it, and
 * as ext_map_append(). */
int	ext_dir_append(struct ext_inode *dir, enum ext_kind kind, u32 *lblock,
	    struct buffer **out);
/* dir's block b is about to be changed, dir locked for writing; was changed. */
void	ext_dir_begin(struct ext_inode *dir, struct buffer *b);
void	ext_dir_changed(struct ext_inode *dir, struct buffer *b);
/* Checksums as they should be: ext_read_block() compares. */
u32	ext_dir_csum(const struct ext_inode *dir, const u8 *data);
u32	ext_dx_csum(const struct ext_inode *dir, const u8 *data);

/*
 * Entries, with dir's lock held; W. find: -ENOENT, or *out with a reference to
 * its block, which the caller puts. room: the name is not there; in a handle;
 * *out is where it fits. A step that makes room ends with -EAGAIN, too;
 * -ENOSPC.
 */
int	ext_dir_find(struct ext_inode *dir, const char *name, usize len,
	    struct ext_place *out);
int	ext_dir_room(struct ext_inode *dir, const char *name, usize len,
	    struct ext_place *out);
/* 0, or -ENOTEMPTY. */
int	ext_dir_check_empty(struct ext_inode *dir);
/* Where ".." is, and what it names. */
int	ext_dir_dotdot(struct ext_inode *dir, struct ext_place *out);
/* Those change it, in a handle, and draw nothing; -EUCLEAN. */
int	ext_dir_insert(struct ext_inode *dir, struct ext_place *p,
	    const char *name, usize len, const struct ext_inode *target);
int	ext_dir_remove(struct ext_inode *dir, struct ext_place *p);
int	ext_dir_replace(struct ext_inode *dir, struct ext_place *p,
	    const struct ext_inode *target);
void	ext_dir_set_parent(struct ext_inode *dir, struct ext_place *p,
	    const struct ext_inode *parent);
/* The first block of a new directory, in a handle: draws it. */
int	ext_dir_make(struct ext_inode *dir, struct ext_claim *first,
	    const struct ext_inode *parent);

/* The text of a new link, in a handle: link.c. A long one has a block. */
bool	ext_link_has_block(const char *target);
/* Read that block. -EAGAIN: where it is is not in memory. */
int	ext_link_fetch(struct ext_inode *e, struct buffer **out);
int	ext_link_make(struct ext_inode *e, const char *target, usize len,
	    struct ext_claim *first);
/* setattr() of all but regular files: no size. */
int	ext_setattr(struct inode *i, const struct setattr *sa);

/* Long linear directories: scan.c; W. The block where name is (found), or the
 * first with room for it (room; EXT_DIR_NONE: none). name NULL: any name but
 * the dots. */
struct ext_scan_result {
	u32		found, room;	/* blocks of the directory */
};
int	ext_scan(struct ext_inode *dir, const struct ext_name *name,
	    struct ext_scan_result *out);

/* Trees: htree.c. find is a turn of a look; room is as ext_dir_room(). */
int	ext_htree_find(struct ext_look *l, struct ext_name *name,
	    struct ext_place *out);
int	ext_htree_room(struct ext_inode *dir, struct ext_name *name,
	    struct ext_place *out);
/* Make a tree of a directory of one block, in a handle: a step. W */
int	ext_htree_convert(struct ext_inode *dir);

/* The way to a leaf: index blocks from the root, and where they lead. */
struct ext_dx_path {
	u32		levels;		/* of nodes below the root */
	u32		version;	/* of hashes, for ext_name_hash() */
	struct buffer	*b[EXT_DX_LEVELS];
	struct ext_dx	x[EXT_DX_LEVELS];
	u32		k[EXT_DX_LEVELS];
};
/* Open the root (the version is known then); go to the leaf of hash; put. */
int	ext_dx_path_open(struct ext_look *l, struct ext_dx_path *p);
int	ext_dx_path_seek(struct ext_look *l, struct ext_dx_path *p, u32 hash);
u32	ext_dx_path_leaf(const struct ext_dx_path *p);
/* To the next leaf, whose first hash is *hash; 1: there is none. */
int	ext_dx_path_next(struct ext_look *l, struct ext_dx_path *p, u32 *hash);
void	ext_dx_path_put(struct ext_dx_path *p);
/* The most leaves that share one hash: more is -EFBIG. */
#define EXT_DX_CHAIN	4u
