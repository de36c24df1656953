/*
 * Commits: the thread that writes the running transaction to the log.
 *
 *	lock it, await its handles | seal, copy to the image | open the next |
 *	checksums | write all but the last block | FLUSH | commit block, FUA
 *
 * The image is the transaction as the log shall have it: revoke blocks,
 * descriptors, each with the copies it has tags of, the commit block. It is in
 * frames of the journal's, so that this thread, which everybody may wait for,
 * waits for nobody but the disk.
 *
 * The first transaction since the log was empty has the superblock say where it
 * is, before its commit block is written.
 */
#include "fs/journal/journal_priv.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/sched/clock.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/clock.h"

/* ---- when ---- */

static u64
commit_deadline(struct journal *j)
{
	u64 since = READ_ONCE(tx_running(j)->since_ns);

	return since == 0 || journal_error(j) != 0 ? CLOCK_NEVER :
	    since + j->commit_ns;
}

static bool
commit_is_due(struct journal *j)
{
	const struct transaction *t = tx_running(j);

	if (atomic_load(&j->stop) != 0)
		return true;
	if (journal_error(j) != 0)
		return false;
	return (!tid_after(t->tid, READ_ONCE(j->want_tid)) &&
	    !tx_is_empty(t)) || clock_now_ns() >= commit_deadline(j);
}

/* Sleep until there is something to commit. Takes no frames: no charge. */
static void
commit_sleep(struct journal *j)
{
	struct waiter w;

	waiter_init(&w, false);
	for (;;) {
		wait_prepare(&j->commit_wake, &w, THREAD_BLOCKED);
		if (commit_is_due(j))
			break;
		(void)schedule_until(commit_deadline(j));
	}
	(void)wait_finish(&j->commit_wake, &w);
}

/* ---- the image ---- */

/* Where the image is being written. */
struct staging {
	u32		at;		/* the next block */
	u8		*tags;		/* the descriptor, or NULL */
	u32		ntags;		/* in it */
	u32		offset;		/* of its next tag */
	u8		*last;		/* its last tag */
};

static void
tag_add_flags(const struct journal_format *f, u8 *tag, u32 flags)
{
	if (f->incompat & JBD_CSUM_V3)
		be32_store(tag + JBD_TAG3_FLAGS,
		    be32_load(tag + JBD_TAG3_FLAGS) | flags);
	else
		tag[JBD_TAG_FLAGS + 1] |= (u8)flags;
}

static void
descriptor_begin(struct journal *j, struct staging *s, u32 tid)
{
	if (s->tags != NULL)
		tag_add_flags(&j->format, s->last, JBD_TAG_LAST);
	s->tags = image_block(j, s->at++);
	memset(s->tags, 0, j->block_bytes);
	*(struct jbd_header *)s->tags = (struct jbd_header){ be32(JBD_MAGIC),
	    be32(JBD_DESCRIPTOR), be32(tid) };
	s->ntags = 0;
	s->offset = sizeof(struct jbd_header);
}

/* Copy b's content, which becomes the image's next block; say if it was
 * escaped. */
static u32
copy_block(struct journal *j, struct staging *s, const struct buffer *b)
{
	u8 *copy = image_block(j, s->at++);

	memcpy(copy, b->data, j->block_bytes);
	if (be32_load(copy) != JBD_MAGIC)
		return 0;
	be32_store(copy, 0);
	return JBD_TAG_ESCAPE;
}

static void
stage_buffer(struct journal *j, struct staging *s, u32 tid,
    const struct buffer *b)
{
	const struct journal_format *f = &j->format;
	u32 flags;
	u8 *tag;

	if (s->tags == NULL || s->ntags == f->tags)
		descriptor_begin(j, s, tid);
	tag = s->tags + s->offset;
	flags = copy_block(j, s, b) | (s->ntags > 0 ? JBD_TAG_SAME_UUID : 0);
	be32_store(tag + JBD_TAG_BLOCK, (u32)b->block);
	if (f->incompat & JBD_64BIT)
		be32_store(tag + (f->incompat & JBD_CSUM_V3 ? JBD_TAG3_HIGH :
		    JBD_TAG_HIGH), (u32)(b->block >> 32));
	tag_add_flags(f, tag, flags);
	s->last = tag;
	s->offset += f->tag_bytes;
	if (s->ntags++ == 0) {
		memcpy(s->tags + s->offset,
		    ((struct jbd_super *)j->super_block)->uuid,
		    JBD_UUID_BYTES);
		s->offset += JBD_UUID_BYTES;
	}
}

/* Copy all of t, which nobody changes. Returns the image's blocks, less the
 * commit block. */
static u32
stage(struct journal *j, struct transaction *t)
{
	struct staging s = { .at = revoke_stage(j, t) };
	struct buffer *b;

	list_for_each(b, &t->buffers, j_node)
		stage_buffer(j, &s, t->tid, b);
	if (s.tags != NULL)
		tag_add_flags(&j->format, s.last, JBD_TAG_LAST);
	return s.at;
}

/* The checksums of descriptor block d's copies, and of itself. Returns the
 * block after the last of them. */
static u32
descriptor_csum(struct journal *j, u32 tid, u32 d)
{
	const struct journal_format *f = &j->format;
	u8 *block = image_block(j, d), *tag;
	u32 at = sizeof(struct jbd_header), flags = 0;

	for (d++; (flags & JBD_TAG_LAST) == 0; d++) {
		tag = block + at;
		be32_store(tag + JBD_TAG3_CSUM,
		    csum_copy(f, tid, image_block(j, d), j->block_bytes));
		flags = be32_load(tag + JBD_TAG3_FLAGS);
		at += f->tag_bytes + (flags & JBD_TAG_SAME_UUID ? 0 :
		    JBD_UUID_BYTES);
	}
	csum_set_tail(f, block, j->block_bytes);
	return d;
}

/* Fill in what the next transaction need not wait for: checksums, and the
 * commit block, the image's last. */
static void
stage_finish(struct journal *j, u32 tid, u32 first, u32 last)
{
	u8 *block = image_block(j, last);
	struct jbd_commit *c = (struct jbd_commit *)block;
	u64 now = clock_realtime_ns();

	if (j->format.has_csum)
		for (u32 d = first; d < last;)
			d = descriptor_csum(j, tid, d);
	memset(block, 0, j->block_bytes);
	c->header = (struct jbd_header){ be32(JBD_MAGIC), be32(JBD_COMMIT),
	    be32(tid) };
	c->sec_high = be32((u32)(now / NS_PER_S >> 32));
	c->sec = be32((u32)(now / NS_PER_S));
	c->nsec = be32((u32)(now % NS_PER_S));
	if (j->format.has_csum)
		c->csum[0] = be32(commit_csum(&j->format, block,
		    j->block_bytes));
}

/* ---- the lists ---- */

/* b leaves the group that had its newest copy so far: T4. */
static void
leave_group_locked(struct buffer *b, u32 tid)
{
	struct journal_group *g = b->j_logged;

	if (g == NULL)
		return;
	list_remove(&b->j_check);
	g->hold_tid = tid;
	g->is_held = true;
	b->j_logged = NULL;
	buffer_put(b);			/* not the last: T3 */
}

/* All of t's buffers become a new group's, those it forgot nobody's. */
static void
tx_hand_over_locked(struct journal *j, struct transaction *t,
    struct journal_group *g)
{
	struct buffer *b;
	struct list *l;

	while ((l = list_pop_front(&t->buffers)) != NULL) {
		b = LIST_ENTRY(l, struct buffer, j_node);
		leave_group_locked(b, t->tid);
		b->j_running = NULL;
		b->j_logged = g;	/* with the transaction's reference */
		list_push_back(&g->buffers, &b->j_check);
	}
	list_for_each(b, &t->forgotten, j_node) {
		leave_group_locked(b, t->tid);
		b->j_running = NULL;
		b->j_flags |= J_LEAVING;
	}
	list_move_all(&t->forgotten, &j->leaving);
}

/* The transaction, all of nblocks, has been copied: the next one opens. Returns
 * where in the log it goes. */
static u32
tx_switch(struct journal *j, struct transaction *t, u32 nblocks)
{
	struct transaction *next;
	u32 at;

	spin_lock(&j->lock);
	at = group_add_locked(j, t->tid, nblocks);
	tx_hand_over_locked(j, t, group_at(j, j->ngroups - 1));
	next = &j->tx[j->transaction ^ 1];
	tx_init(next, t->tid + 1);
	j->transaction ^= 1;
	begin_admit_locked(j);
	spin_unlock(&j->lock);
	return at;
}

/* ---- the disk ---- */

/* The log is not empty any more: it begins at block at. T6 */
static int
super_mark(struct journal *j, u32 tid, u32 at)
{
	struct jbd_super *s = (struct jbd_super *)j->super_block;

	if (j->is_marked)
		return 0;
	s->start = be32(at);
	s->sequence = be32(tid);
	j->is_marked = true;
	return super_write(j);
}

/* T5 */
static int
write_image(struct journal *j, u32 tid, u32 at, u32 last)
{
	int rc = super_mark(j, tid, at);

	if (rc != 0)
		return rc;
	for (u32 i = 0; i < last; i++)
		io_add_log(j, BLOCK_WRITE, log_after(j, at, i),
		    image_block(j, i));
	rc = io_run(j);
	if (rc == 0 && j->dev != j->cache->dev)
		rc = block_flush(j->cache->dev);
	if (rc == 0)
		rc = block_flush(j->dev);
	if (rc != 0)
		return rc;
	io_add_log(j, BLOCK_WRITE, log_after(j, at, last),
	    image_block(j, last));
	j->io.rq[0].flags |= BLOCK_FUA;
	return io_run(j);
}

/* ---- afterwards ---- */

/* The newest group becomes part of the one before, if both are small. */
static void
group_merge_locked(struct journal *j)
{
	struct journal_group *g, *before;
	struct buffer *b;

	if (j->ngroups < 2)
		return;
	g = group_at(j, j->ngroups - 1);
	before = group_at(j, j->ngroups - 2);
	if (before->is_leaving ||
	    before->nblocks + g->nblocks > j->nlog / GROUP_SHARE)
		return;
	list_for_each(b, &g->buffers, j_check)
		b->j_logged = before;
	list_move_all(&g->buffers, &before->buffers);
	before->nblocks += g->nblocks;
	j->ngroups--;
}

/* No write of a freed block is under way any more: T5. */
static void
leaving_drop(struct journal *j)
{
	struct buffer *b;
	struct list *l;

	while ((l = list_pop_front(&j->leaving)) != NULL) {
		b = LIST_ENTRY(l, struct buffer, j_node);
		WAIT_EVENT(&j->home_left,
		    (READ_ONCE(b->j_flags) & J_HOME) == 0);
		spin_lock(&j->lock);
		b->j_flags &= ~(u32)(J_FORGOTTEN | J_LEAVING);
		spin_unlock(&j->lock);
		buffer_put(b);
	}
}

static void
commit_done(struct journal *j, const struct transaction *t, u32 nrevokes,
    u64 start_ns)
{
	u64 ns = clock_now_ns() - start_ns;

	leaving_drop(j);
	spin_lock(&j->lock);
	group_at(j, j->ngroups - 1)->is_committed = true;
	group_merge_locked(j);
	j->stats.commits++;
	j->stats.blocks_logged += t->nbuffers;
	j->stats.revokes += nrevokes;
	j->stats.longest_commit_ns = MAX(j->stats.longest_commit_ns, ns);
	atomic_store(&j->committed_tid, t->tid);
	spin_unlock(&j->lock);
	if (j->ops->committed != NULL)
		j->ops->committed(j, t->tid);
	waitq_wake_all(&j->committed, 0);
	waitq_wake_all(&j->check_wake, 0);
}

/* Lock the running transaction and await its handles. NULL: there is nothing in
 * it, and it goes on. */
static struct transaction *
tx_close(struct journal *j)
{
	struct transaction *t = tx_running(j);

	spin_lock(&j->lock);
	t->is_locked = true;
	spin_unlock(&j->lock);
	WAIT_EVENT(&j->handles_done, READ_ONCE(t->nhandles) == 0);
	if (!tx_is_empty(t))
		return t;
	spin_lock(&j->lock);
	t->is_locked = false;
	t->since_ns = 0;
	begin_admit_locked(j);
	spin_unlock(&j->lock);
	return NULL;
}

static void
commit_one(struct journal *j)
{
	u64 start_ns = clock_now_ns();
	struct transaction *t = tx_close(j);
	struct buffer *b;
	u32 at, last, nrevokes;
	int rc;

	if (t == NULL)
		return;
	nrevokes = t->nrevokes;
	if (j->ops->seal != NULL)
		list_for_each(b, &t->buffers, j_node)
			j->ops->seal(j, b);
	last = stage(j, t);
	assert(last + 1 == log_blocks(&j->format, t->nbuffers, t->nrevokes));
	revoke_free_all(t);
	at = tx_switch(j, t, last + 1);
	stage_finish(j, t->tid, DIV_UP(nrevokes, j->format.revokes), last);
	rc = journal_error(j) != 0 ? journal_error(j) :
	    write_image(j, t->tid, at, last);
	if (rc == 0)
		commit_done(j, t, nrevokes, start_ns);
	else
		journal_abort(j, rc);
}

void
commit_main(void *journal)
{
	struct journal *j = journal;

	for (;;) {
		commit_sleep(j);
		if (atomic_load(&j->stop) != 0)
			break;
		commit_one(j);
	}
	journal_thread_done(j);
}
