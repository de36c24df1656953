/*
 * Replay: what is committed in the log is written home.
 *
 * Three walks along the log, as JBD2 does it. The first (scan) finds where the
 * log ends: at the first block that is not the next one of a transaction, or
 * whose checksum is wrong; transactions without a commit block do not count.
 * The second collects revoke records. The third writes each copy home, unless
 * it is revoked, in the order of transactions.
 *
 * The log is read in pieces as large as the journal's image frames, and what
 * is in a piece is written home, sorted, the newest copy of each block, before
 * the next piece is read. So replay takes no frames but for revoke records.
 *
 * Nothing is believed: every walk is as long as the log at most, each number
 * is checked, a tag may not name a block of the journal (replay would destroy
 * what it reads). A transaction whose commit block is good but whose copies are
 * not (with checksums) is no torn end: -EUCLEAN, before anything is written.
 *
 * The disk is only written with what is committed, and the log is marked empty
 * after all that is durable. So it may be interrupted and begun again. The next
 * transaction's number leaves one out, as JBD2's does: leftovers of a torn one
 * have a number that is not used again, even where a disk has lied about a
 * FLUSH and they include its commit block.
 *
 * LIMIT: logs that were written with ASYNC_COMMIT, or with fast commits, are
 * not replayed (-EOPNOTSUPP, open.c): e2fsck does it.
 */
#include "fs/journal/journal_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/sort.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/trace/log.h"

enum pass { PASS_SCAN, PASS_REVOKE, PASS_REPLAY };

/* The walk ends here; nothing is wrong. */
#define WALK_END	1

struct walk {
	struct journal	*j;
	const struct journal_format *f;
	enum pass	pass;
	u32		at;		/* the next block */
	u32		left;		/* blocks that the walk may still go */
	u32		tid;		/* the transaction at at */
	u32		end_tid;	/* the first that is not committed */
	bool		is_bad;		/* it has a copy that is not sound */
	u32		piece_at, piece; /* in the image: from, blocks */
	struct replay	*list;		/* to be written home, in a frame */
	u32		nlist;
};

/* A copy to be written home. */
struct replay {
	u64		block;
	u32		index;		/* in the image */
	u32		order;		/* of walking: the log may go round */
};
#define REPLAYS		(PAGE_SIZE / sizeof(struct replay))

struct tag {
	u64		block;
	u32		flags;
	u32		csum;
};

/* ---- writing home ---- */

static int
replay_compare(const void *a, const void *b)
{
	const struct replay *x = a, *y = b;

	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Write the list home: of each block the last copy. */
static int
replay_write(struct walk *w)
{
	struct journal *j = w->j;

	sort(w->list, w->nlist, sizeof(w->list[0]), replay_compare);
	for (u32 i = 0; i < w->nlist; i++) {
		if (i + 1 < w->nlist && w->list[i].block ==
		    w->list[i + 1].block)
			continue;
		io_add(j, BLOCK_WRITE, j->cache->dev, w->list[i].block,
		    image_block(j, w->list[i].index));
		j->stats.replayed_blocks++;
	}
	w->nlist = 0;
	return io_run(j);
}

/* ---- reading ---- */

/* Block at of the log, by its place in the image. 0, -EIO. */
static int
walk_read(struct walk *w, u32 at, u32 *index)
{
	struct journal *j = w->j;
	u32 n = MIN(j->nimage * j->per_frame, j->last - at);
	int rc;

	if (at - w->piece_at < w->piece) {
		*index = at - w->piece_at;
		return 0;
	}
	rc = replay_write(w);
	if (rc != 0)
		return rc;
	n = MIN(n, (u32)REPLAYS);
	for (u32 i = 0; i < n; i++)
		io_add_log(j, BLOCK_READ, at + i, image_block(j, i));
	rc = io_run(j);
	w->piece_at = at;
	w->piece = rc == 0 ? n : 0;
	*index = 0;
	preempt_point();
	return rc;
}

/* The walk goes past a block. False: that would be further than the log is
 * long. */
static bool
walk_pass_by(struct walk *w)
{
	if (w->left == 0)
		return false;
	w->left--;
	w->at = log_after(w->j, w->at, 1);
	return true;
}

/* ---- descriptors ---- */

static struct tag
tag_read(const struct journal_format *f, const u8 *p)
{
	struct tag t = { .block = be32_load(p + JBD_TAG_BLOCK) };

	if (f->incompat & JBD_CSUM_V3) {
		t.flags = be32_load(p + JBD_TAG3_FLAGS);
		t.csum = be32_load(p + JBD_TAG3_CSUM);
	} else {
		t.flags = be16_load(p + JBD_TAG_FLAGS);
		t.csum = be16_load(p + JBD_TAG_CSUM);
	}
	if (f->incompat & JBD_64BIT)
		t.block |= (u64)be32_load(p + (f->incompat & JBD_CSUM_V3 ?
		    JBD_TAG3_HIGH : JBD_TAG_HIGH)) << 32;
	return t;
}

static bool
tag_is_sound(const struct walk *w, const struct tag *t)
{
	const struct journal *j = w->j;

	return t->block < j->cache->nblocks &&
	    !(j->dev == j->cache->dev && log_has_block(j, t->block));
}

static bool
copy_is_good(const struct walk *w, const struct tag *t, const u8 *data)
{
	u32 csum = csum_copy(w->f, w->tid, data, w->j->block_bytes);

	return t->csum == (w->f->incompat & JBD_CSUM_V3 ? csum :
	    csum & 0xffff);
}

/* One copy, at w->at. 0, WALK_END, an error. */
static int
walk_copy(struct walk *w, const struct tag *t)
{
	struct journal *j = w->j;
	u32 index;
	int rc;

	if (w->left == 0)
		return WALK_END;
	if (w->pass == PASS_SCAN && !tag_is_sound(w, t))
		w->is_bad = true;
	if (w->pass == PASS_SCAN && w->f->has_csum) {
		rc = walk_read(w, w->at, &index);
		if (rc != 0)
			return rc;
		w->is_bad |= !copy_is_good(w, t, image_block(j, index));
	}
	if (w->pass == PASS_REPLAY && !replay_is_revoked(j, t->block,
	    w->tid)) {
		rc = walk_read(w, w->at, &index);
		if (rc != 0)
			return rc;
		if (t->flags & JBD_TAG_ESCAPE)
			be32_store(image_block(j, index), JBD_MAGIC);
		w->list[w->nlist] = (struct replay){ t->block, index,
		    w->nlist };
		w->nlist++;
	}
	(void)walk_pass_by(w);
	return 0;
}

/* A descriptor, which is in j->scratch, and its copies. */
static int
walk_descriptor(struct walk *w)
{
	const struct journal_format *f = w->f;
	u32 at = sizeof(struct jbd_header);
	struct tag t = { .flags = 0 };
	int rc = 0;

	while (rc == 0 && (t.flags & JBD_TAG_LAST) == 0 &&
	    at + f->tag_bytes <= f->tail) {
		t = tag_read(f, w->j->scratch + at);
		at += f->tag_bytes;
		if ((t.flags & JBD_TAG_SAME_UUID) == 0)
			at += JBD_UUID_BYTES;
		rc = walk_copy(w, &t);
	}
	return rc;
}

/* ---- the walk ---- */

/* A commit block: its transaction counts. */
static int
walk_commit(struct walk *w, const u8 *block)
{
	const struct jbd_commit *c = (const struct jbd_commit *)block;

	if (w->f->has_csum && be32_get(c->csum[0]) != commit_csum(w->f, block,
	    w->j->block_bytes)) {
		if (w->pass == PASS_SCAN)
			kwarn("journal: commit %u has a wrong checksum: the "
			    "log ends before it", w->tid);
		return WALK_END;
	}
	if (w->is_bad) {
		kerr("journal: transaction %u is committed, but not sound",
		    w->tid);
		return -EUCLEAN;
	}
	w->tid++;
	if (w->pass == PASS_SCAN)
		w->end_tid = w->tid;
	return 0;
}

static int
walk_revoke(struct walk *w, const u8 *block)
{
	u32 end = be32_load(block + JBD_REVOKE_COUNT);

	if (w->pass == PASS_SCAN && (end < JBD_REVOKE_FIRST ||
	    end > w->f->tail))
		w->is_bad = true;
	if (w->pass != PASS_REVOKE)
		return 0;
	return replay_revoke_block(w->j, w->f, block, w->tid);
}

/* The block at w->at, and what belongs to it. */
static int
walk_block(struct walk *w)
{
	struct journal *j = w->j;
	const struct jbd_header *h = (const struct jbd_header *)j->scratch;
	u32 index, type;
	int rc = walk_read(w, w->at, &index);

	if (rc != 0)
		return rc;
	/* It is used while others are read into the image. */
	memcpy(j->scratch, image_block(j, index), j->block_bytes);
	type = be32_get(h->type);
	if (be32_get(h->magic) != JBD_MAGIC || be32_get(h->sequence) !=
	    w->tid || !walk_pass_by(w))
		return WALK_END;
	if (type == JBD_COMMIT)
		return walk_commit(w, j->scratch);
	if ((type != JBD_DESCRIPTOR && type != JBD_REVOKE) ||
	    !csum_is_good_tail(w->f, j->scratch, j->block_bytes))
		return WALK_END;
	return type == JBD_DESCRIPTOR ? walk_descriptor(w) :
	    walk_revoke(w, j->scratch);
}

static int
walk(struct walk *w, enum pass pass, u32 start, u32 tid)
{
	int rc = 0;

	w->pass = pass;
	w->at = start;
	w->tid = tid;
	w->left = w->j->nlog;
	w->is_bad = false;
	while (rc == 0 && w->left > 0 &&
	    (pass == PASS_SCAN || w->tid != w->end_tid))
		rc = walk_block(w);
	return rc == WALK_END ? 0 : rc;
}

int
journal_recover(struct journal *j, const struct journal_format *f, u32 start,
    u32 sequence, u32 *next)
{
	struct walk w = { .j = j, .f = f, .end_tid = sequence };
	int rc;

	/* The threads' frame of buffers on their way home is not used yet. */
	w.list = (struct replay *)j->home;
	rc = walk(&w, PASS_SCAN, start, sequence);
	if (rc == 0)
		rc = walk(&w, PASS_REVOKE, start, sequence);
	if (rc == 0)
		rc = walk(&w, PASS_REPLAY, start, sequence);
	if (rc == 0)
		rc = replay_write(&w);
	replay_revoke_free(j);
	if (rc == 0)
		rc = block_flush(j->cache->dev);
	j->stats.replayed_transactions = w.end_tid - sequence;
	*next = w.end_tid + 1;
	return rc;
}
