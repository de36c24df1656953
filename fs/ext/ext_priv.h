/*
 * What the files of fs/ext share. docs/storage.md has the picture, format.h the
 * structures on disk.
 *
 * E1  A change takes, in this order: frames (the call's segment), credits
 *     (ext_begin() by super_ops.begin, or by fs/ext itself where it holds
 *     nothing), VFS locks, map locks, the group lock.
 * E2  Data first: blocks for data are claimed in memory, written, and only then
 *     taken in the bitmap and named by the inode, in one transaction. So no
 *     file ever shows blocks that were not written, and a commit waits for no
 *     data.
 * E3  Blocks that a transaction frees stay claimed until it is durable.
 * E4  An inode that is to lose blocks in more than one transaction is on the
 *     orphan list, on disk, from the first to the last.
 * E5  Nothing that a disk says is believed: numbers are checked where they are
 *     read from a buffer that is not BUF_CHECKED; an unsound structure is
 *     ext_error(): the file system goes read-only (errors=remount-ro), the
 *     call gets -EUCLEAN.
 */
#pragma once

#include "fs/cache/buffer.h"
#include "fs/cache/page.h"
#include "fs/ext/check.h"
#include "fs/ext/csum.h"
#include "fs/ext/format.h"
#include "fs/journal/journal.h"
#include "fs/vfs/vfs.h"
#include "kernel/lib/rbtree.h"

/* buffer.kind: which check and checksum a block has. */
enum ext_kind {
	EXT_BLOCK_NONE,		/* no checksum: indirect, old images */
	EXT_BLOCK_SUPER, EXT_BLOCK_GROUPS, EXT_BLOCK_BITMAP, EXT_INODE_BITMAP,
	EXT_BLOCK_INODES,	/* each inode's checksum is its own */
	EXT_BLOCK_EXTENTS, EXT_BLOCK_DIR, EXT_BLOCK_HTREE, EXT_BLOCK_LINK,
	EXT_BLOCK_XATTR,
};

/* Mount options. */
#define EXT_OPT_ERRORS_CONTINUE	BIT(0)
#define EXT_OPT_ERRORS_PANIC	BIT(1)	/* neither: read-only */
#define EXT_OPT_NOLOAD		BIT(2)	/* the journal is left alone */
#define EXT_OPT_NOBARRIER	BIT(3)
#define EXT_COMMIT_SECONDS	5u

/* ext_fs.error, atomic bits. */
#define EXT_FS_ERROR		BIT(0)	/* unsound: ext_error() was called */
#define EXT_FS_ERROR_NEW	BIT(1)	/* the superblock does not say so yet */
#define EXT_FS_DEAD		BIT(2)	/* the journal is: nothing is written */

/* Of the newest error, for the superblock. s fs->spin */
struct ext_error_note {
	u32		count;		/* [s] since it was stored */
	u64		first_s, last_s;	/* [s] since 1970 */
	char		first[32], last[32];	/* [s] what it was */
};

/* Credits of a change, each a constant below this file's helpers. */
#define EXT_CREDITS_INODE	3u	/* store an inode: table, and super */

#define EXT_EVICTIONS	64u
/* I immutable after mount; g group_lock; a atomic; s spin */
struct ext_fs {
	struct superblock *sb;		/* [I] */
	struct block_dev *dev;		/* [I] claimed */
	struct buffer_cache cache;
	struct journal	*journal;	/* [I] NULL: none, or ext2 */
	struct flusher	*flusher;	/* [I] */
	struct buffer	*super;		/* [I] pinned; contents [g] */
	u32		super_off;	/* [I] of the superblock in its block */
	u32		block_bytes, block_shift;	/* [I] */
	u64		nblocks, first_block;	/* [I] */
	u32		ngroups;	/* [I] */
	u32		blocks_per_group, inodes_per_group;	/* [I] */
	u32		inode_bytes, desc_bytes;	/* [I] */
	u32		inodes_per_block;	/* [I] */
	u32		ninodes;	/* [I] */
	u32		first_ino;	/* [I] lower numbers are reserved */
	u32		compat, incompat, ro_compat;	/* [I] features */
	u32		csum_seed;	/* [I] of metadata_csum */
	u32		hash_seed[4], hash_version;	/* [I] of htrees */
	bool		hash_unsigned;	/* [I] */
	struct ext_geometry geo;	/* [I] what the superblock said */
	struct buffer	***desc;	/* [I] descriptor blocks, pinned: a
					 * frame of pointers to frames of
					 * pointers to them; ext_desc() */
	u32		ndesc;		/* [I] of them, that are read */
	u32		want_extra;	/* [I] extra_isize of new inodes */
	u32		log_blocks;	/* [I] of the journal, or 0 */
	u64		overhead;	/* [I] blocks that no file can have */
	u16		mount_state;	/* [I] EXT_STATE_* at the mount */
	u32		commit_s;	/* [I] age of a transaction */
	struct mutex	group_lock;	/* LOCK_GROUP: bitmaps, descriptors,
					 * counts, orphans */
	struct spinlock	spin;		/* LOCK_LEAF: what follows */
	struct rb_root	claims;		/* [s] by first block: balloc.c */
	u64		free_blocks;	/* [s] on disk, less what is claimed */
	u64		reserved_blocks; /* [s] promised to dirty pages */
	u64		root_blocks;	/* [s] kept for the superuser */
	u32		root_uid, root_gid;	/* [I] who else may have them */
	u64		meta_blocks;	/* [I] kept for metadata */
	u64		pending_blocks;	/* [s] freed, not yet durable */
	u64		ahead_blocks;	/* [s] claimed ahead of growing files */
	struct list	freed;		/* [s] claims of freed blocks, by tid */
	struct list	aheads;		/* [s] claims that inodes have ahead */
	struct ext_group **group;	/* [I] a frame of frames of them */
	struct list	orphans;	/* [g] ext_inode.orphan_node */
	struct list	dirty_inodes;	/* [s] ext_inode.dirty_node */
	struct spinlock	inodes_lock;	/* LOCK_PCACHE: the file system's
					 * inodes in the table, and */
	u32		evictions[EXT_EVICTIONS];	/* how many were taken
					 * out so far, by number */
	struct ext_error_note note;	/* [s] */
	u32		error;		/* [a] EXT_FS_*: what went wrong */
	bool		is_marked;	/* [I] the disk says it is mounted;
					 * changes with remount only */
	u32		opt;		/* [a] EXT_OPT_* mount options */
	/* Changes that are under way, with a journal or without; none begins
	 * while the gate is shut (meta.c). */
	u32		nchanges;	/* [a] */
	u32		gate_shut;	/* [a] */
	struct waitq	gate_wait;
};

/* I immutable; b map_lock; s fs->spin; a atomic; l i.lock */
struct ext_inode {
	struct inode	i;		/* first */
	struct hlist_node hash_node;	/* [fs->inodes_lock, r under RCU] */
	struct mapping	map;		/* regular files' pages */
	struct ext_fs	*fs;		/* [I] */
	struct rwlock	map_lock;	/* LOCK_BLOCK_MAP: block[], the tree */
	union {
		u32	block[15];	/* [b] i_block as on disk: pointers,
					 * a link's text, rdev */
		struct ext_extent_header root;	/* [b] or extents */
	};
	u32		flags;		/* [l] EXT_FL_* (extents, index, ...) */
	u32		generation;	/* [I] */
	u32		csum_seed;	/* [I] of what is its own on disk */
	u32		extra_bytes;	/* [I] extra_isize */
	u32		dtime;		/* [s] i_dtime: the next orphan, or when
					 * it was deleted */
	bool		is_fresh;	/* [s] nothing of it is on disk yet */
	u32		group;		/* [I] its own */
	u64		crtime_ns;	/* [I] */
	u64		file_acl;	/* [l] xattr block or 0 */
	s64		disk_size;	/* [b] i_size as the disk shall have it:
					 * no byte below it is unwritten */
	s64		stored_size;	/* [s] as the inode's block has it */
	u64		cut_from;	/* [a] blocks from here on are being
					 * freed: they are holes; ~0: none */
	u64		cut_end;	/* [a] up to here; ~0: the file's end */
	u32		tid;		/* [a] last transaction with it */
	u32		data_tid;	/* [a] the same, for fdatasync */
	u32		is_dirty;	/* [a] newer than its block */
	struct list	dirty_node;	/* [s] */
	struct list	orphan_node;	/* [g] */
	struct waitq	cut_done;	/* cut_from is ~0 again */
	struct ext_claim *claim;	/* [s] set aside ahead, or NULL */
	u64		goal;		/* [b] where its next block is best */
	u64		entry_changes;	/* [l] of a directory: counted */
};

static inline struct ext_inode *
ext_inode(struct inode *i)
{
	return CONTAINER_OF(i, struct ext_inode, i);
}

/* May it have blocks of its own? */
static inline bool
ext_has_blocks(const struct ext_inode *e)
{
	return S_ISREG(e->i.mode) || S_ISDIR(e->i.mode) ||
	    (S_ISLNK(e->i.mode) && e->i.size >= (s64)EXT_LINK_INLINE);
}

static inline struct ext_fs *
ext_fs(struct superblock *sb)
{
	return sb->priv;
}

static inline struct ext_super *
ext_super(const struct ext_fs *fs)
{
	return (struct ext_super *)(void *)(fs->super->data + fs->super_off);
}

static inline bool
ext_has_metadata_csum(const struct ext_fs *fs)
{
	return fs->ro_compat & EXT_RO_METADATA_CSUM;
}

/* ---- meta.c: blocks of metadata, and changes to them (helper A) ---- */

/* Something on disk is not sound: log it (rate-limited), mark the superblock,
 * go read-only or as errors= says. Any lock. Returns -EUCLEAN. */
int	ext_error(struct ext_fs *fs, const char *fmt, ...) printf_like(2, 3);
/* A change of at most credits blocks begins; no handle without a journal. */
int	ext_begin(struct ext_fs *fs, u32 credits);
void	ext_end(struct ext_fs *fs);
/* Current's handle (or, without a journal, anybody) is about to change b. */
void	ext_write_buffer(struct ext_fs *fs, struct buffer *b);
/* The metadata block is no longer in use: forget, revoke; then ext_free(). */
void	ext_forget_block(struct ext_fs *fs, u64 block);
/* Read a block of a kind, check it once (checksum, and check(), which may be
 * NULL). block is checked to be in range and not the superblock's or a group
 * descriptor's. 0, -EIO, -EUCLEAN. Draws as buffer_read(). */
int	ext_read_block(struct ext_fs *fs, u64 block, enum ext_kind kind,
	    struct ext_inode *owner,
	    bool (*check)(struct ext_inode *owner, const u8 *data),
	    struct buffer **out);
/* The same block if it is in memory and was checked, or NULL. */
struct buffer *ext_peek_block(struct ext_fs *fs, u64 block,
	    enum ext_kind kind);
/* A new block of a kind: zeros, in current's transaction. */
struct buffer *ext_new_block(struct ext_fs *fs, u64 block, enum ext_kind kind);
/*
 * b, new or just read, is owner's: the checksums of extents' blocks, which are
 * brought up to date when a transaction closes, begin with owner's seed.
 * ext_read_block() calls it; who makes a block of extents calls it himself.
 * (Directories' and attributes' checksums are computed when they change.)
 */
void	ext_own_block(struct buffer *b, const struct ext_inode *owner);
struct ext_group_desc *ext_desc(struct ext_fs *fs, u32 group,
	    struct buffer **b);		/* b: borrowed; pinned */
/* In the file system, and not of what is pinned: superblock, descriptors. */
bool	ext_block_is_sound(const struct ext_fs *fs, u64 block, u64 n);
/* Checksums of a block that is about to be written are brought up to date. */
void	ext_seal_block(struct ext_fs *fs, struct buffer *b);
/* No change begins until it is opened; those under way have ended. */
void	ext_gate_close(struct ext_fs *fs);
void	ext_gate_open(struct ext_fs *fs);
/* Without a journal: write all blocks that have changed. 0, -EIO. Sleeps. */
int	ext_write_all(struct ext_fs *fs);
/* Store what ext_error() noted in the superblock, in a change of its own. Holds
 * nothing; takes no frames. */
void	ext_store_errors(struct ext_fs *fs);
extern const struct journal_ops ext_journal_ops;

/* ---- warm.c: what is not in memory ---- */

/*
 * Between super_ops.begin() and end(), and in lookup(), nothing is read: what
 * is missing is noted, and the call ends with -EAGAIN, as fs/vfs/warm.c says.
 * W: functions marked so do that, having changed nothing.
 */
enum ext_want {
	EXT_WANT_AGAIN,		/* nothing: a step is done, or was disturbed */
	EXT_WANT_INODE,		/* the block of inode at */
	EXT_WANT_INODE_BITMAP,	/* of group at */
	EXT_WANT_BITMAP,	/* the same of blocks */
	EXT_WANT_MAP,		/* owner's way to its block at */
	EXT_WANT_DIR,		/* the directory owner's block at, a leaf, */
	EXT_WANT_INDEX,		/* or of its tree */
	EXT_WANT_LINK,		/* owner's text */
};
/* Note it; -EAGAIN. */
int	ext_want(enum ext_want what, struct ext_inode *owner, u64 at);
/* How many blocks were read for the call so far. */
u32	ext_nwarmed(void);
/* super_ops: */
int	ext_warm(struct superblock *sb, struct warm *w);
void	ext_cool(struct warm *w);

/* ---- load.c: the file system's own blocks in memory (A) ---- */

/* Superblock and descriptors, pinned, checked; renewal points. */
int	ext_load(struct ext_fs *fs);
void	ext_unload(struct ext_fs *fs);
/* Replay, and, unless it is to be read only, be ready for changes. After it
 * what was loaded before is old. Renewal points. */
int	ext_log_open(struct ext_fs *fs, bool readonly);

/* ---- options.c (A) ---- */

/* "errors=panic,commit=5" on top of what *fs has; -EINVAL, logged. */
int	ext_options_parse(struct ext_fs *fs, const char *text);
int	ext_options_show(struct superblock *sb, char *buf, usize len);

/* ---- csum.c (A): pure, also for tests on the host ---- */

/* The checksum of a directory or extent block, of owner. */
static inline u32
ext_block_csum(const struct ext_inode *owner, const void *data, usize len)
{
	return ext_crc32c(owner->csum_seed, data, len);
}

/* ---- inode.c (A) ---- */

/* Boot. */
void	ext_inodes_init(void);
/* The inode of a number, from memory or from disk, with a reference. Draws an
 * inode, a block. -EUCLEAN, -EIO; -ESTALE: it is not in use. */
int	ext_inode_get(struct ext_fs *fs, u32 ino, struct inode **out);
/* The same, W: draws an inode. */
int	ext_inode_peek(struct ext_fs *fs, u32 ino, struct inode **out);
/* The block with the inode's record, with a reference. W */
int	ext_table_peek(struct ext_fs *fs, u32 ino, struct buffer **out);
int	ext_table_read(struct ext_fs *fs, u32 ino, struct buffer **out);
/* The same for one without names (orphans), and for those that are the file
 * system's own (the journal). */
#define EXT_GET_ORPHAN	BIT(0)
#define EXT_GET_OWN	BIT(1)
int	ext_inode_get_any(struct ext_fs *fs, u32 ino, u32 how,
	    struct inode **out);
/* A new one in memory for ialloc's number; ops are set by its mode. */
struct ext_inode *ext_inode_new(struct ext_fs *fs, u32 ino, u32 mode);
/* Store it in its block, inside a handle (EXT_CREDITS_INODE). */
int	ext_inode_store(struct ext_inode *e);
/* The same where that block is at hand: draws nothing. */
void	ext_inode_store_in(struct ext_inode *e, struct buffer *table);
/* It is newer than its block: the flusher stores it. Any lock but fs->spin. */
void	ext_inode_dirty(struct ext_inode *e);
/*
 * Whatever of the file was below size has been written, or is a hole: the disk
 * may have that size. (Blocks that are named raise it as far as they go: this
 * is for holes at the end.)
 */
void	ext_size_settle(struct ext_inode *e, s64 size);
/* File system's fsync: store it if dirty, commit what changed it, or flush the
 * disk. Holds nothing. */
int	ext_inode_sync(struct ext_inode *e, bool data_only);
/* super_ops: */
void	ext_inode_free(struct inode *i);
void	ext_inode_evict(struct inode *i);
int	ext_inode_retire(struct inode *i);
void	ext_inode_forget(struct inode *i);
void	ext_inode_touched(struct inode *i);
/* The flusher: store all that are dirty; on tickets. */
void	ext_inodes_store(struct ext_fs *fs);
/* Is one open for writing, or without a name? -EBUSY: remount,ro. */
int	ext_inodes_busy(struct ext_fs *fs);

/* ---- orphan.c (A) ---- */

/* On the list, inside a handle; the caller stores it. */
void	ext_orphan_link(struct ext_inode *e);
/* On and off the list, inside a handle, and stored: 3 credits each. */
int	ext_orphan_add(struct ext_inode *e);
int	ext_orphan_remove(struct ext_inode *e);
/* After replay: finish what was begun. */
int	ext_orphan_cleanup(struct ext_fs *fs);

/* ---- balloc.c, ialloc.c: blocks and inodes (helper B) ---- */

struct ext_pins;

/* A run set aside in memory. Owner: an inode, a batch of writing, or (freed) a
 * transaction. s fs->spin */
struct ext_claim {
	struct rb_node	node;		/* [s] fs.claims */
	u64		block;		/* [s] */
	u32		n;		/* [s] */
	u32		tid;		/* [s] freed by; see is_freed */
	bool		is_freed;	/* [I] else: set aside */
	struct ext_inode *owner;	/* [s] it is owner->claim */
	struct buffer	*bitmap;	/* [I] set aside: its bit map, pinned,
					 * so that taking draws no frame */
	struct list	list;		/* [s] fs.freed or fs.aheads */
};

/* What is known of a group beside its descriptor. s fs->spin; g group_lock */
struct ext_group {
	u32		avail;		/* [s] free blocks, less claims */
	u32		flags;		/* [g] EXT_SEAL_* */
};
#define EXT_SEAL_BLOCKS	BIT(0)		/* the checksum of its bit map of */
#define EXT_SEAL_INODES	BIT(1)		/* blocks, inodes is old */

static inline struct ext_group *
ext_group(const struct ext_fs *fs, u32 group)
{
	const u32 per = PAGE_SIZE / sizeof(struct ext_group);

	return &fs->group[group / per][group % per];
}

/* When a block of descriptors is sealed: bring the checksums of the bit maps of
 * a group of it, which changed, up to date in the descriptor. No sleep. */
void	ext_bitmaps_seal(struct ext_fs *fs, u32 group);
/* The number of blocks of a group; the bit map of what mkfs put there. */
u32	ext_group_blocks(const struct ext_fs *fs, u32 group);

/* Mount: what is free, from the descriptors. Renewal points inside. */
int	ext_alloc_init(struct ext_fs *fs);
void	ext_alloc_fini(struct ext_fs *fs);	/* no claim is left but freed */

/* ENOSPC is decided here, before anything changes: n blocks (data, and metadata
 * for them in meta) are promised. -ENOSPC. */
int	ext_space_reserve(struct ext_fs *fs, u64 n);
void	ext_space_unreserve(struct ext_fs *fs, u64 n);

/* What blocks are for: who may have the last ones. */
enum ext_use {
	EXT_USE_DATA,		/* not promised: -ENOSPC as for a reserve */
	EXT_USE_PROMISED,	/* reserved before: they become claimed */
	EXT_USE_META,		/* metadata of what was promised */
};
struct ext_search {
	u64		goal;		/* best from here on */
	u32		want;		/* at most so many blocks in a row */
	u32		promised;	/* EXT_USE_PROMISED: of them; others are
					 * had only if there is enough */
	u32		tries;		/* 0 at first */
};
/*
 * Set aside up to want blocks in a row, in one group. Looks at one group: draws
 * its bit map and one claim. 0: *out; -EAGAIN: renew and call again; -ENOSPC,
 * -EIO, -EUCLEAN. Takes group_lock.
 */
int	ext_claim_get(struct ext_fs *fs, struct ext_search *s,
	    enum ext_use use, struct ext_claim **out);
/* One block at the goal, for metadata, W: draws a claim. The second has
 * group_lock held. */
int	ext_claim_peek(struct ext_fs *fs, u64 goal, struct ext_claim **out);
int	ext_claim_peek_locked(struct ext_fs *fs, u64 goal,
	    struct ext_claim **out);
void	ext_claim_put(struct ext_fs *fs, struct ext_claim *c);
/* Cut c in two: its first n blocks are *out. Draws a claim. */
struct ext_claim *ext_claim_split(struct ext_fs *fs, struct ext_claim *c,
	    u32 n);
/* Take all of c in the bit map: in a handle, 3 credits; no frames. c is gone.
 * -EUCLEAN: so is it. */
int	ext_claim_take(struct ext_fs *fs, struct ext_claim *c);
/* The inode's claim ahead becomes the caller's; or the caller's the inode's. */
struct ext_claim *ext_ahead_get(struct ext_inode *e);
void	ext_ahead_put(struct ext_inode *e, struct ext_claim *c);
/* Free [block, +n): in a handle, 3 credits; E3. -EUCLEAN: they were free, or
 * are in two groups. Draws one claim and a bit map. */
int	ext_blocks_free(struct ext_fs *fs, u64 block, u32 n);
/* The same where the bit map is in memory (asserted): draws a claim only. */
int	ext_blocks_free_pinned(struct ext_fs *fs, u64 block, u32 n);
/* Have block's bit map pinned; -EAGAIN: it is not in memory, but missing. */
int	ext_bitmap_pin(struct ext_fs *fs, u64 block, struct ext_pins *pins);
/* Read it, pin it: -EAGAIN, or an error. */
int	ext_bitmap_read(struct ext_fs *fs, struct ext_pins *pins);
/* The bit map of a group. Draws a buffer. */
int	ext_bitmap_get(struct ext_fs *fs, u32 group, struct buffer **out);
/* How many of [block, +n), from its end, lie in one group. */
u32	ext_blocks_in_last_group(const struct ext_fs *fs, u64 block, u32 n);
/* One metadata block, taken at once: in a handle, 3 credits. Draws a bit map
 * and a claim. */
int	ext_block_alloc(struct ext_fs *fs, u64 goal, u64 *out);
/* There is no space: commit what frees some, holding nothing. True: look
 * again. */
bool	ext_space_wait(struct ext_fs *fs, u32 tries);
u64	ext_group_first_block(const struct ext_fs *fs, u32 group);
/* A group's bit map of blocks, which was computed, goes to the disk from now
 * on; in a handle, under group_lock: 2 credits. */
void	ext_blocks_begin(struct ext_fs *fs, u32 group, struct buffer *b);
void	ext_claims_committed(struct ext_fs *fs, u32 tid);
u64	ext_blocks_available(struct ext_fs *fs, bool for_root);

/* What a new inode begins with. */
struct ext_start {
	u32		ino;		/* taken */
	struct buffer	*table;		/* its block: a reference */
	struct ext_claim *claim;	/* its first block, if it was wanted */
};
/*
 * A free inode number near dir (Orlov for directories), taken: in a handle, 4
 * credits. name: a number that is the same in each try of a call. first: one
 * that shall have a block at once. -ENOSPC. W: draws a claim.
 */
int	ext_ino_alloc(struct ext_inode *dir, u32 mode, u64 name, bool first,
	    struct ext_start *out);
int	ext_ino_free(struct ext_inode *e);
/* The inode bit map of a group. Draws a buffer. */
int	ext_inode_bitmap_read(struct ext_fs *fs, u32 group,
	    struct buffer **out);

/* ---- extent.c, indirect.c: where a file's blocks are (B) ---- */

/* As mapping_ops.map(), by either format; map_lock is taken for reading. */
int	ext_map(struct ext_inode *e, u64 lblock, u32 max, struct map_run *out);
/*
 * The same, but the first block of metadata that is not in memory is read, and
 * ends it with -EAGAIN: try again in another segment. Draws one such reading.
 */
int	ext_map_try(struct ext_inode *e, u64 lblock, u32 max,
	    struct map_run *out);
/* The same, and what was read is pinned: *pin, or NULL. */
int	ext_map_fetch(struct ext_inode *e, u64 lblock, struct buffer **pin);
/* The same without reading anything: draws nothing. */
int	ext_map_cached(struct ext_inode *e, u64 lblock, u32 max,
	    struct map_run *out);

/* What is kept in memory meanwhile, where one cannot begin a segment. */
#define EXT_PINS	6u
struct ext_pins {
	bool		keep;		/* pin what is found, too */
	u64		missing;	/* a try ended for it */
	enum ext_kind	kind;
	u32		n;
	struct buffer	*b[EXT_PINS];
};
/* b's reference passes; pins are full: it is dropped. */
static inline void
ext_pin(struct ext_pins *pins, struct buffer *b)
{
	if (pins->n < EXT_PINS)
		pins->b[pins->n++] = b;
	else
		buffer_put(b);
}
void	ext_pins_put(struct ext_pins *pins);

/*
 * Metadata blocks set aside before a change, with their buffers, so that the
 * change itself only reads the path to its place.
 */
#define EXT_SPARES		5u	/* extents: split 5 levels, or grow */
struct ext_spares {
	struct ext_pins	pins;
	u32		n;		/* in hand */
	u32		want;		/* a change said -EAGAIN: so many */
	struct ext_claim *claim[EXT_SPARES];	/* a block each */
	struct buffer	*buffer[EXT_SPARES];	/* its buffer */
};
/* One more; draws a bit map, a claim, a buffer; -EAGAIN: renew, try again. */
int	ext_spare_get(struct ext_inode *e, struct ext_spares *sp,
	    struct ext_search *s);
void	ext_spares_put(struct ext_fs *fs, struct ext_spares *sp);
/*
 * Name [lblock, +n) -> block, unwritten or not, where nothing is; map_lock held
 * for writing, in a handle of EXT_CREDITS_MAP, in which the caller also takes
 * the blocks and stores the inode. n is what ext_map_fits() says; no frames.
 * -EEXIST: something is there. -EAGAIN: nothing has changed; end the handle,
 * have sp->want spares, and lblock's path in memory (by ext_map_try()), and try
 * again.
 *
 * Credits: a path of 5 levels below the root, all changed; 5 new blocks, with
 * a bit map and descriptor each; bit map and descriptor of the data; super;
 * the inode's table: 5 + 5 * 3 + 2 + 1 + 1 = 24.
 */
#define EXT_CREDITS_MAP		24u
int	ext_map_insert(struct ext_inode *e, u64 lblock, u64 block, u32 n,
	    bool unwritten, struct ext_spares *sp);
/*
 * One block more, of a directory, which is taken at once. In a handle of
 * EXT_CREDITS_MAP; takes map_lock. W: draws 1 + EXT_SPARES claims, and
 * EXT_SPARES buffers.
 */
int	ext_map_append(struct ext_inode *e, u64 lblock, u64 *block);
/* The first block of an inode that has none: c's. Draws nothing. */
int	ext_map_first(struct ext_inode *e, struct ext_claim *c, u64 *block);
/* What [lblock, +n) has, which lies in one extent, is now written, or not. */
int	ext_map_mark(struct ext_inode *e, u64 lblock, u32 n, bool unwritten,
	    struct ext_spares *sp);
/* How many of n blocks from lblock on one insertion can name. */
u32	ext_map_fits(const struct ext_inode *e, u64 lblock, u32 n);
/* How many blocks a file of e's format can have. */
u64	ext_map_max(const struct ext_inode *e);
/* A new inode has no blocks: an empty root of extents, or pointers. */
void	ext_map_init(struct ext_inode *e);
/*
 * Free blocks in [first, end), from its end down: as many as the handle
 * (EXT_CREDITS_CUT) allows. 1: there are more, call again in another handle; 0:
 * done; -EAGAIN: nothing has changed; end the handle, have sp->want spares, and
 * try again. map_lock is held for writing; the caller stores the inode. Draws
 * one reading, and EXT_CUT_FREES claims.
 *
 * Credits: 5 levels, changed; EXT_CUT_FREES bit maps and descriptors; 5 spares
 * as above; super; the inode's table: 5 + 12 + 15 + 1 + 1 = 34.
 */
#define EXT_CUT_FREES		6u	/* 5 emptied nodes, a piece of data */
/* Blocks of directories and links are in the journal: each that is freed is
 * revoked, so a piece is small. */
#define EXT_CUT_REVOKES		8u
#define EXT_CREDITS_CUT		34u
int	ext_map_cut(struct ext_inode *e, u64 first, u64 end,
	    struct ext_spares *sp);

/* ---- data.c: regular files (B) ---- */

extern const struct file_ops ext_file_ops;
extern const struct mapping_ops ext_mapping_ops;
extern const struct inode_ops ext_file_inode_ops;
/* Finish a truncation or the end of an inode: cuts in handles of its own,
 * renewing. Holds nothing. */
int	ext_truncate_finish(struct ext_inode *e, u64 first);

/* ---- dir.c, htree.c, namei.c, link.c, xattr.c: names (helper C) ---- */

extern const struct file_ops ext_dir_file_ops;
extern const struct inode_ops ext_dir_inode_ops, ext_link_inode_ops,
    ext_node_inode_ops;
/* Credits for the changes of names, by kind (super_ops.begin). */
u32	ext_name_credits(struct ext_fs *fs, u32 what);
/* e has no name any more and loses its block of attributes, or its share of it:
 * in a handle (EXT_CREDITS_XATTR); e->file_acl is 0 then, not stored. Draws the
 * block, a bit map, a claim. xattr.c (C) */
#define EXT_CREDITS_XATTR	11u
int	ext_xattr_free(struct ext_inode *e);
