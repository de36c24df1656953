/*
 * Transactions.
 *
 * The problem: a change of a file system touches several blocks of metadata,
 * and the power may fail between any two writes. So what changed is written to
 * the log first, as a whole; only then may each block be written home, whenever
 * that suits; after a crash the log is read and its blocks are written home
 * once more (recover.c).
 *
 *	handles            running            committing         groups
 *	begin..end  ---->  tx[r]   --copy-->  image ---> log     -home-> disk
 *	credits            buffers,           (frames of the     then the log's
 *	                   revokes            journal's own)     space is free
 *
 * A handle is one change; all handles between two commits make one transaction.
 * A commit (commit.c, a thread) waits until the running transaction's handles
 * have ended, copies its blocks to frames that the journal has owned since it
 * was opened, and at once opens the next transaction: a buffer may be changed
 * again while its copy is being written. So nobody ever waits for a block that
 * is on its way, and a commit takes no memory.
 *
 * A committed transaction belongs to a group, a stretch of the log. A buffer is
 * on the list of the one group that has its newest copy; older ones need not
 * care for it. checkpoint.c (another thread) writes the buffers of the oldest
 * groups home, and when none is left, has the superblock say that the log
 * begins later.
 *
 * Credits: a handle says at its beginning how many blocks it will change at
 * most, and waits until these, with all that is promised to others, fit in a
 * transaction (max_tx) and in the log. Whoever waits stands in a line and is
 * admitted in order; so large handles are not starved by small ones, nor a
 * commit by new handles: while a transaction is locked nobody is admitted, and
 * it is locked only until the handles that are in it have ended, which wait for
 * nobody who waits for a handle. Waiting for credits keeps the charge of
 * frames, since what ends the wait (commit, checkpoint) takes no frames.
 *
 * Invariants:
 * T1  nbuffers + promised <= max_tx, and nrevokes + promised_revokes too; what
 *     the log and the image need for that many is there (j->free, image).
 * T2  A buffer of the running transaction (j_running) is not started to be
 *     written home: the disk would be newer than the log. One that joins while
 *     it is being written may reach the disk half changed; so that write does
 *     not count (j_gen), and the log keeps the older copy (it stays in its
 *     group), which replay puts over it.
 * T3  A buffer has a reference for being in the running transaction, and one
 *     for being in a group.
 * T4  A group is released (its log used again) when it is committed, has no
 *     buffers, and the transaction for which one left it is durable (hold_tid):
 *     till then that group's copy is the one that a replay needs.
 * T5  The commit block is written after everything else of its transaction is
 *     durable, and after all data that was written before. What a transaction
 *     freed is given back (ops->committed) only after it is durable and no
 *     write of it home is under way.
 * T6  The superblock is changed by one thread at a time: opening and closing,
 *     the commit thread until it is marked (before there is a group), then the
 *     checkpoint thread.
 *
 * An I/O error kills the journal: nothing is written any more but that it was
 * so, and memory is what it is. (Going on would need to know what is on disk.)
 *
 * Lock: j->lock guards what is marked [l] and the fields of buffers marked [j].
 * Nothing but wait queues and slabs is locked under it.
 */
#include "fs/journal/journal_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"
#include "kernel/trace/log.h"
#include "kernel/x86/clock.h"

/* From this share of a transaction's most on it is committed early. */
#define TX_IS_LARGE(j, n)	((n) > (j)->max_tx / 4 * 3)

void
tx_init(struct transaction *t, u32 tid)
{
	t->tid = tid;
	t->is_locked = false;
	t->nhandles = 0;
	t->nbuffers = 0;
	t->nrevokes = 0;
	t->promised = 0;
	t->promised_revokes = 0;
	t->since_ns = 0;
	list_init(&t->buffers);
	list_init(&t->forgotten);
	for (u32 i = 0; i < REVOKE_HEADS; i++)
		hlist_init(&t->revoked[i]);
}

/* Blocks of the log that a transaction takes. */
u32
log_blocks(const struct journal_format *f, u32 nbuffers, u32 nrevokes)
{
	return nbuffers + DIV_UP(nbuffers, f->tags) +
	    DIV_UP(nrevokes, f->revokes) + 1;
}

void *
journal_priv(const struct journal *j)
{
	return j->priv;
}

u32
journal_credits_max(const struct journal *j)
{
	return j->max_tx / 2;
}

/* ---- handles ---- */

/* Is there room for a handle? If not, see that there will be. */
static bool
has_room_locked(struct journal *j, u32 credits)
{
	struct transaction *t = tx_running(j);
	u32 nbuffers = t->nbuffers + t->promised + credits;
	u32 nrevokes = t->nrevokes + t->promised_revokes + credits;
	u32 n = MAX(nbuffers, nrevokes);

	if (TX_IS_LARGE(j, n) && !tx_is_empty(t)) {
		j->want_tid = t->tid;
		waitq_wake(&j->commit_wake, 0);
	}
	if (t->is_locked || n > j->max_tx)
		return false;
	if (log_blocks(&j->format, nbuffers, nrevokes) <= j->free)
		return true;
	j->want_room = true;
	j->stats.waits_for_room++;
	waitq_wake(&j->check_wake, 0);
	return false;
}

static void
promise_locked(struct journal *j, u32 credits)
{
	struct transaction *t = tx_running(j);

	t->promised += credits;
	t->promised_revokes += credits;
	t->nhandles++;
	j->stats.handles++;
}

/* Admit those in front of the line that can be. */
void
begin_admit_locked(struct journal *j)
{
	struct begin_wait *w;

	while ((w = list_first(&j->line, struct begin_wait, node)) != NULL) {
		if (journal_error(j) != 0)
			w->result = -EROFS;
		else if (has_room_locked(j, w->credits))
			promise_locked(j, w->credits);
		else
			break;
		list_remove(&w->node);
		atomic_store(&w->is_over, true);
		waitq_wake(&w->wake, 0);
	}
}

/* Wait in line; keeps the charge. */
static int
begin_wait(struct journal *j, u32 credits)
{
	struct begin_wait w = { .credits = credits };

	waitq_init(&w.wake);
	spin_lock(&j->lock);
	list_push_back(&j->line, &w.node);
	begin_admit_locked(j);
	spin_unlock(&j->lock);
	WAIT_EVENT(&w.wake, atomic_load(&w.is_over));
	/* Who woke us is done with w when it lets the lock go. */
	spin_lock(&j->lock);
	spin_unlock(&j->lock);
	return w.result;
}

int
journal_begin(struct journal *j, u32 credits)
{
	struct journal_handle *h = &current->handle;
	bool is_in = false;
	int rc = 0;

	assert_holds_nothing();
	assert(h->journal == NULL);
	assert(credits > 0 && (j->readonly ||
	    credits <= journal_credits_max(j)));
	if (j->readonly)
		return -EROFS;
	spin_lock(&j->lock);
	if (journal_error(j) != 0) {
		rc = -EROFS;
	} else if (list_is_empty(&j->line) && has_room_locked(j, credits)) {
		promise_locked(j, credits);
		is_in = true;
	}
	spin_unlock(&j->lock);
	if (rc == 0 && !is_in)
		rc = begin_wait(j, credits);
	if (rc != 0)
		return rc;
	handle_enter(h);
	h->journal = j;
	h->credits = credits;
	h->revokes = credits;
	return 0;
}

void
journal_end(struct journal *j)
{
	struct journal_handle *h = &current->handle;
	struct transaction *t;

	assert(h->journal == j);
	handle_leave(h);
	spin_lock(&j->lock);
	t = tx_running(j);
	t->promised -= h->credits;
	t->promised_revokes -= h->revokes;
	h->journal = NULL;
	if (--t->nhandles == 0 && t->is_locked)
		waitq_wake(&j->handles_done, 0);
	if (unlikely(!list_is_empty(&j->line)))
		begin_admit_locked(j);
	spin_unlock(&j->lock);
}

bool
journal_has_handle(const struct journal *j)
{
	return current->handle.journal == j;
}

u32
journal_credits(const struct journal *j)
{
	assert(journal_has_handle(j));
	return current->handle.credits;
}

/* ---- what a handle does ---- */

/* The transaction has something in it: it ends when it is old enough. */
static void
tx_note_change_locked(struct journal *j, struct transaction *t)
{
	if (t->since_ns != 0)
		return;
	t->since_ns = clock_now_ns() | 1;
	waitq_wake(&j->commit_wake, 0);
}

/* b joins the running transaction, or comes back to it. */
static void
join_locked(struct journal *j, struct transaction *t, struct buffer *b)
{
	struct journal_handle *h = &current->handle;

	assert(h->credits > 0);
	assert((b->j_flags & J_LEAVING) == 0);
	h->credits--;
	t->promised--;
	t->nbuffers++;
	if (b->j_running == NULL)
		buffer_ref(b);			/* T3 */
	else
		list_remove(&b->j_node);	/* it was forgotten */
	b->j_flags &= ~(u32)J_FORGOTTEN;
	b->j_running = t;
	b->j_gen++;				/* T2 */
	list_push_back(&t->buffers, &b->j_node);
	revoke_cancel(t, b->block);
	tx_note_change_locked(j, t);
}

void
journal_write(struct journal *j, struct buffer *b)
{
	struct transaction *t;

	assert(journal_has_handle(j));
	dassert(b->state & BUF_UPTODATE);
	spin_lock(&j->lock);
	t = tx_running(j);
	if (b->j_running == NULL || (b->j_flags & J_FORGOTTEN) != 0)
		join_locked(j, t, b);
	else
		dassert(b->j_running == t);
	spin_unlock(&j->lock);
}

void
journal_write_locked(struct journal *j, struct buffer *b)
{
	assert(b->j_running == tx_running(j) && tx_running(j)->is_locked);
}

/* The buffer of a freed block is not written any more, neither to the log nor
 * home, once the transaction is committed. The caller's reference stays. */
static void
forget_buffer_locked(struct transaction *t, struct buffer *b)
{
	if ((b->j_flags & J_FORGOTTEN) != 0)
		return;
	if (b->j_running != NULL) {
		list_remove(&b->j_node);
		t->nbuffers--;
	} else {
		buffer_ref(b);
		b->j_running = t;
		b->j_gen++;
	}
	b->j_flags |= J_FORGOTTEN;
	list_push_back(&t->forgotten, &b->j_node);
}

void
journal_forget(struct journal *j, u64 block)
{
	struct journal_handle *h = &current->handle;
	struct journal_revoke *r = revoke_get();
	struct buffer *b = buffer_find(j->cache, block);
	struct transaction *t;

	assert(journal_has_handle(j));
	spin_lock(&j->lock);
	t = tx_running(j);
	if (b != NULL)
		forget_buffer_locked(t, b);
	if (revoke_find(t, block) == NULL) {
		assert(h->revokes > 0);
		h->revokes--;
		t->promised_revokes--;
		revoke_add(t, r, block);
		r = NULL;
		tx_note_change_locked(j, t);
	}
	spin_unlock(&j->lock);
	if (r != NULL)
		revoke_put(r);
	if (b != NULL)
		buffer_put(b);
}

/* ---- commits, from outside ---- */

u32
journal_tid(const struct journal *j)
{
	struct journal *w = (struct journal *)j;
	u32 tid;

	spin_lock(&w->lock);
	tid = tx_running(w)->tid;
	spin_unlock(&w->lock);
	return tid;
}

/*
 * Is there nothing more to wait for? Numbers that were never given out count as
 * durable: an inode that no transaction changed has one.
 */
static bool
is_committed(const struct journal *j, u32 tid)
{
	return !tid_after(tid, atomic_load(&j->committed_tid));
}

bool
journal_is_committed(const struct journal *j, u32 tid)
{
	return is_committed(j, tid) || tid_after(tid, journal_tid(j));
}

/* What to wait for so that all that tid has now is durable. */
static u32
commit_target_locked(struct journal *j, u32 tid)
{
	struct transaction *t = tx_running(j);

	if (tid_after(tid, t->tid))
		return atomic_load(&j->committed_tid);
	if (tid == t->tid && tx_is_empty(t))
		return tid - 1;
	if (tid_after(tid, j->want_tid))
		j->want_tid = tid;
	return tid;
}

int
journal_commit(struct journal *j, u32 tid)
{
	assert_holds_nothing();
	if (j->readonly)
		return 0;
	spin_lock(&j->lock);
	tid = commit_target_locked(j, tid);
	spin_unlock(&j->lock);
	if (is_committed(j, tid))
		return 0;
	waitq_wake(&j->commit_wake, 0);
	WAIT_EVENT(&j->committed, is_committed(j, tid) ||
	    journal_error(j) != 0);
	return is_committed(j, tid) ? 0 : -EIO;
}

void
journal_commit_start(struct journal *j)
{
	if (j->readonly)
		return;
	spin_lock(&j->lock);
	(void)commit_target_locked(j, tx_running(j)->tid);
	spin_unlock(&j->lock);
	waitq_wake(&j->commit_wake, 0);
}

void
journal_abort(struct journal *j, int error)
{
	bool is_first;

	spin_lock(&j->lock);
	is_first = j->error == 0;
	if (is_first)
		WRITE_ONCE(j->error, error);
	begin_admit_locked(j);
	spin_unlock(&j->lock);
	if (!is_first)
		return;
	kerr("journal on %s: error %d: it takes no more changes",
	    j->dev->name, -error);
	waitq_wake_all(&j->committed, 0);
	waitq_wake_all(&j->check_wake, 0);
	waitq_wake_all(&j->emptied, 0);
	if (j->ops->aborted != NULL)
		j->ops->aborted(j, error);
}

void
journal_stats(const struct journal *j, struct journal_stats *out)
{
	struct journal *w = (struct journal *)j;

	spin_lock(&w->lock);
	*out = j->stats;
	out->free_blocks = j->free;
	out->blocks = j->nlog;
	out->tid = tx_running(w)->tid;
	out->committed_tid = j->committed_tid;
	spin_unlock(&w->lock);
}
