/*
 * Transactions on metadata blocks: a journal in JBD2's format. journal.c has
 * the theory; docs/storage.md the picture.
 *
 * A change to a file system is a handle: journal_begin() takes credits (the
 * most blocks that it will change), before any lock of the file system and
 * after frames were reserved; journal_write() lets it change a buffer;
 * journal_end() says that the change is whole. All handles between two commits
 * form one transaction, which reaches the disk as a whole or not at all.
 *
 * Data goes first: a file's blocks are written before the transaction that
 * names them begins (fs/ext), so a commit waits for no data.
 */
#pragma once

#include "fs/cache/buffer.h"
#include "kernel/lib/types.h"

struct journal;

/* What the file system does for the journal. */
struct journal_ops {
	/* All changes of a transaction are in; nobody changes a buffer. Bring
	 * checksums up to date, in b->data. May journal_write_locked() other
	 * buffers that its handles wrote anyway (asserted). No sleep, no
	 * frames. */
	void	(*seal)(struct journal *j, struct buffer *b);
	/* Transaction tid and all before are durable: what they freed may be
	 * used again. In the commit thread; takes no frames. */
	void	(*committed)(struct journal *j, u32 tid);
	/* The journal is dead (an I/O error): no change reaches the disk any
	 * more. Once. */
	void	(*aborted)(struct journal *j, int error);
};

/* Where the journal's blocks are: runs of the device, in order. */
struct journal_run {
	u64		block;		/* on the device */
	u32		nblocks;
};

#define JOURNAL_RUNS_MAX	340u	/* one frame of them */

struct journal_config {
	struct buffer_cache *cache;	/* of the file system: home blocks */
	struct block_dev *dev;		/* where the journal's blocks are */
	const struct journal_run *runs;	/* copied */
	u32		nruns;
	u8		uuid[16];	/* the file system's */
	bool		has_csum;	/* metadata_csum: checksum v3 */
	bool		is_64bit;
	bool		readonly;	/* replay, if the device can be written;
					 * but begin no transaction */
	u32		commit_ms;	/* at most this old; 5000 usually */
	const struct journal_ops *ops;
	void		*priv;		/* the file system's */
};

/*
 * Check the journal's superblock, replay what is committed, and get ready.
 * -EUCLEAN: it is not sound. -EROFS: it must be replayed and cannot be
 * written. -EOPNOTSUPP: unknown features (logged). -EIO. Renewal points inside:
 * the caller holds nothing.
 */
int	journal_open(const struct journal_config *config, struct journal **out);
/* Commit, write everything home, mark the journal empty. The caller has ended
 * all changes. Renewal points inside. 0, -EIO. */
int	journal_close(struct journal *j);
void	*journal_priv(const struct journal *j);

/* The least and the most credits that a handle of j may ask for. */
u32	journal_credits_max(const struct journal *j);

/*
 * Begin a change of at most credits blocks: current's handle. Waits for room,
 * holding nothing but frames (asserted). 0, -EROFS (opened so, or aborted).
 * Between begin and end, reservations are neither made nor renewed.
 */
int	journal_begin(struct journal *j, u32 credits);
void	journal_end(struct journal *j);
bool	journal_has_handle(const struct journal *j);	/* current */
/* Credits left in current's handle. */
u32	journal_credits(const struct journal *j);

/* Current's handle is about to change b, which is up to date: b is in the
 * transaction, and is pinned. Costs a credit the first time. No frames. */
void	journal_write(struct journal *j, struct buffer *b);
/*
 * Current's handle frees b's block: what older transactions logged of it is not
 * replayed (a revoke record), and it is not written home. The reference passes.
 * The block may be used again after committed(). Costs no credit of its own:
 * begin counts revokes by the credits, one to one. Draws one object on the
 * charge.
 */
void	journal_forget(struct journal *j, u64 block);

/* The running transaction, or, inside a handle, that of the handle. */
u32	journal_tid(const struct journal *j);
/* Is it durable? */
bool	journal_is_committed(const struct journal *j, u32 tid);
/* Have it committed, and wait. Who comes together shares one commit. No lock or
 * handle is held; keeps its charge (the commit stands on its own). 0, -EIO. */
int	journal_commit(struct journal *j, u32 tid);
/* Commit what there is; without waiting. */
void	journal_commit_start(struct journal *j);

/* For /proc/fs: figures. */
struct journal_stats {
	u64	commits, handles, blocks_logged, revokes, checkpoints;
	u64	waits_for_room, replayed_blocks, replayed_transactions;
	u32	free_blocks, blocks, tid, committed_tid;
	u64	longest_commit_ns;
};
void	journal_stats(const struct journal *j, struct journal_stats *out);
