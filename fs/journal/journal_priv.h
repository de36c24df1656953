/*
 * What the files of fs/journal share. journal.c has the theory.
 */
#pragma once

#include "fs/journal/format.h"
#include "fs/journal/journal.h"
#include "kernel/lib/annot.h"
#include "kernel/lib/list.h"
#include "kernel/lib/rbtree.h"
#include "kernel/mem/frame.h"
#include "kernel/sched/thread.h"
#include "kernel/sched/wait.h"
#include "kernel/sync/spinlock.h"

/* Transactions' numbers go round. */
static inline bool
tid_after(u32 a, u32 b)
{
	return (s32)(a - b) > 0;
}

/* buffer.j_flags */
#define J_FORGOTTEN	BIT(0)	/* j_node is in transaction.forgotten */
#define J_LEAVING	BIT(1)	/* that one is being committed */
#define J_HOME		BIT(2)	/* on its way home */

/*
 * A revoke record: of a transaction, by a hash chain (charged to who forgets
 * the block), or, while the log is replayed, of all of it, in a tree.
 */
struct journal_revoke {
	union {
		struct hlist_node hash;
		struct rb_node rb;
	};
	u64		block;
	u32		tid;		/* replay: the last that revokes it */
};

#define REVOKE_HEADS_BITS	6
#define REVOKE_HEADS		(1u << REVOKE_HEADS_BITS)

/* l journal.lock; c the commit thread once is_locked and nhandles is 0 */
struct transaction {
	u32		tid;		/* [l] */
	bool		is_locked;	/* [l] no more handles: to be closed */
	u32		nhandles;	/* [l] open ones */
	u32		nbuffers;	/* [l] to be written */
	u32		nrevokes;	/* [l] */
	u32		promised;	/* [l] to handles: buffers */
	u32		promised_revokes; /* [l] */
	u64		since_ns;	/* [l] its first buffer */
	struct list	buffers;	/* [l] by j_node */
	struct list	forgotten;	/* [l] by j_node; a reference each */
	struct hlist	revoked[REVOKE_HEADS];	/* [l] */
};

/*
 * A stretch of the log that cannot be used again yet: some transactions in a
 * row, and the buffers whose newest copy is in it and not yet at home.
 */
struct journal_group {
	u32		tid;		/* [l] of the first of it */
	u32		start;		/* [l] where that one begins */
	u32		nblocks;	/* [l] */
	u32		hold_tid;	/* [l] a buffer left it for this one */
	bool		is_held;	/* [l] hold_tid is set */
	bool		is_committed;	/* [l] else it is being written */
	bool		is_leaving;	/* [l] the superblock goes past it */
	struct list	buffers;	/* [l] by j_check; a reference each */
};

/* As many as fit in a frame. Neighbours that are less than this share of the
 * log together become one, so that they always do. */
#define GROUPS		78u
#define GROUP_SHARE	32u
_Static_assert(sizeof(struct journal_group) * GROUPS <= PAGE_SIZE, "a frame");
_Static_assert(2 * GROUP_SHARE + 2 < GROUPS, "never full");

/* The journal's own requests: many blocks at once. One thread uses it. */
#define IO_REQUESTS	8u
struct journal_io {
	struct block_request rq[IO_REQUESTS];
	struct block_seg *segs[IO_REQUESTS / 2];	/* [I] a frame each */
	u32		n;		/* requests filled */
	u32		pending;	/* [a] */
	int		error;		/* [a] the first */
	struct waitq	done;
};

/* A buffer on its way home. */
struct home_write {
	struct buffer	*b;
	struct journal	*j;
	u64		gen;		/* b->j_gen when it was started */
	bool		is_started;
	int		error;
};
#define HOME_WRITES	128u
_Static_assert(sizeof(struct home_write) * HOME_WRITES <= PAGE_SIZE, "a frame");

/* Where the log is: run i is blocks [end[i - 1], end[i]) of it. */
struct journal_map {
	u64		block[JOURNAL_RUNS_MAX];
	u32		end[JOURNAL_RUNS_MAX];
};
_Static_assert(sizeof(struct journal_map) <= PAGE_SIZE, "a frame");

/* How blocks of the log are written; of the features. */
struct journal_format {
	u32		incompat;	/* JBD_* */
	bool		has_csum;	/* V2 or V3 */
	u32		csum_seed;
	u32		tag_bytes;
	u32		tags;		/* of a descriptor */
	u32		revokes;	/* of a revoke block */
	u32		tail;		/* bytes of a block before its tail */
};

#define IMAGE_FRAMES_MAX	512u	/* one frame of pointers */

#define NS_PER_MS	1000000ull
#define NS_PER_S	1000000000ull

/* Someone in journal_begin(). l journal.lock */
struct begin_wait {
	struct list	node;		/* [l] */
	u32		credits;	/* [I] */
	bool		is_over;	/* [a] */
	int		result;		/* [l] */
	struct waitq	wake;
};

/* I immutable once opened; l lock; a atomic; c commit thread; h checkpoint
 * thread (both: open and close too, when these do not run) */
struct journal {
	struct spinlock	lock;
	u8		transaction;	/* [l] which of tx is running */
	bool		readonly;	/* [I] */
	bool		has_threads;	/* [I] */
	bool		is_marked;	/* [c] the disk knows of the log */
	bool		want_room;	/* [l] somebody waits for the log */
	bool		want_empty;	/* [l] journal_close() */
	u32		stop;		/* [a] */
	u32		nthreads;	/* [l] running */
	int		error;		/* [a] it is dead, why */
	struct transaction tx[2];
	struct list	line;		/* [l] begin_wait, in order */
	u32		want_tid;	/* [l] somebody wants it durable */
	u32		committed_tid;	/* [l; a for reading] */
	struct list	leaving;	/* [c] forgotten, being committed */

	/* The log. */
	u32		first, last;	/* [I] its blocks: [first, last) */
	u32		nlog;		/* [I] last - first */
	u32		head;		/* [l] where the next goes */
	u32		free;		/* [l] blocks */
	u32		max_tx;		/* [I] buffers of a transaction */
	struct journal_group *group;	/* [l] a ring, oldest at ... */
	u32		first_group;	/* [l] */
	u32		ngroups;	/* [l] */

	struct waitq	commit_wake;	/* the commit thread sleeps here */
	struct waitq	check_wake;	/* the checkpoint thread */
	struct waitq	handles_done;	/* the running one has no handle left */
	struct waitq	committed;	/* committed_tid or error changed */
	struct waitq	emptied;	/* the log is empty; a thread ends */

	struct buffer_cache *cache;	/* [I] */
	struct block_dev *dev;		/* [I] */
	u32		block_bytes;	/* [I] */
	u32		per_frame;	/* [I] blocks */
	u32		nruns;		/* [I] */
	struct journal_map *map;	/* [I] */
	u64		commit_ns;	/* [I] */
	const struct journal_ops *ops;	/* [I] */
	void		*priv;		/* [I] */
	struct journal_format format;	/* [I] as we write */

	/* Frames that the journal owns. */
	u8		**image;	/* [I] pointers to frames */
	u32		nimage;		/* [I] frames */
	u8		*super_block;	/* [h] the block of the superblock */
	u32		super_at;	/* [I] its number in the journal */
	u8		*scratch;	/* [c] replay: the descriptor */
	struct journal_io io;		/* [c] */

	struct home_write *home;	/* [h] */
	u32		home_pending;	/* [a] */
	struct waitq	home_done;	/* home_pending is 0 */
	struct waitq	home_left;	/* buffers are not J_HOME any more */

	struct rb_root	revoked;	/* replay */
	u32		nrevoked;	/* replay */
	struct journal_stats stats;	/* [l] */
};

static inline struct transaction *
tx_running(struct journal *j)
{
	return &j->tx[j->transaction];
}

static inline bool
tx_is_empty(const struct transaction *t)
{
	return t->nbuffers == 0 && t->nrevokes == 0;
}

static inline int
journal_error(const struct journal *j)
{
	return READ_ONCE(j->error);
}

static inline struct journal_group *
group_at(struct journal *j, u32 i)
{
	return &j->group[(j->first_group + i) % GROUPS];
}

/* Block i of what the commit thread's frames hold. */
static inline u8 *
image_block(const struct journal *j, u32 i)
{
	return j->image[i / j->per_frame] +
	    (usize)(i % j->per_frame) * j->block_bytes;
}

/* The block of the log n after block at. */
static inline u32
log_after(const struct journal *j, u32 at, u32 n)
{
	u32 left = j->last - at;

	return n < left ? at + n : j->first + (n - left);
}

/* ---- journal.c ---- */
void	tx_init(struct transaction *t, u32 tid);
void	begin_admit_locked(struct journal *j) REQUIRES(j->lock);
/* The journal is dead; once. Sleeps not. */
void	journal_abort(struct journal *j, int error);
u32	log_blocks(const struct journal_format *f, u32 nbuffers, u32 nrevokes);
/* For ops->seal: b is in the transaction that is being closed (asserted). */
void	journal_write_locked(struct journal *j, struct buffer *b);

/* ---- revoke.c: revoke records of a transaction ---- */
struct journal_revoke *revoke_get(void);	/* draws one object */
void	revoke_put(struct journal_revoke *r);
struct journal_revoke *revoke_find(struct transaction *t, u64 block);
void	revoke_add(struct transaction *t, struct journal_revoke *r, u64 block);
void	revoke_cancel(struct transaction *t, u64 block);
/* Write all records into image blocks from the first, and free them. Returns
 * how many blocks. */
u32	revoke_stage(struct journal *j, struct transaction *t);
void	revoke_free_all(struct transaction *t);
/* Replay's: a tree of all. -EUCLEAN: more than memory should be spent on. */
int	replay_revoke_block(struct journal *j, const struct journal_format *f,
	    const u8 *block, u32 tid);
bool	replay_is_revoked(struct journal *j, u64 block, u32 tid);
void	replay_revoke_free(struct journal *j);

/* ---- io.c ---- */
void	io_init(struct journal_io *io);
/* Add a block; whole pieces go out when there is no room. */
void	io_add(struct journal *j, enum block_op op, struct block_dev *dev,
	    u64 block, u8 *data);
int	io_run(struct journal *j);	/* start what was added, await all */
/* The same for n blocks of the log from at (not round its end). */
void	io_add_log(struct journal *j, enum block_op op, u32 at, u8 *data);
/* Is the device's block one of the journal's? */
bool	log_has_block(const struct journal *j, u64 block);
/* Write the superblock as it is in memory: on the medium when this returns. */
int	super_write(struct journal *j);
/* Fill in checksums, of a block with a tail; check one. */
void	csum_set_tail(const struct journal_format *f, u8 *block, u32 bytes);
bool	csum_is_good_tail(const struct journal_format *f, const u8 *block,
	    u32 bytes);
u32	commit_csum(const struct journal_format *f, const u8 *block, u32 bytes);
u32	csum_copy(const struct journal_format *f, u32 tid, const u8 *data,
	    u32 bytes);

/* ---- commit.c, checkpoint.c: the threads ---- */
void	commit_main(void *journal);
void	check_main(void *journal);
void	journal_thread_done(struct journal *j);	/* nothing of j after it */
u32	group_add_locked(struct journal *j, u32 tid, u32 nblocks)
	    REQUIRES(j->lock);

/* ---- recover.c ---- */
/* Replay the log. *next: the first number that was never used. */
int	journal_recover(struct journal *j, const struct journal_format *f,
	    u32 start, u32 sequence, u32 *next);

/* ---- open.c ---- */
void	format_set(struct journal_format *f, u32 incompat, const u8 *uuid,
	    u32 block_bytes);
