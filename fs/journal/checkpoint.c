/*
 * Checkpoints: the thread that writes buffers home, so that the log can be used
 * again.
 *
 * It begins by itself when half of the log is in use, and ends when a quarter
 * is; or it is asked, by who finds no room. It takes the buffers of the oldest
 * groups, as many as are under way at once, sorts them by block, starts all,
 * and awaits them. One that has joined a transaction meanwhile stays where it
 * is (T2). If the oldest group has only such, they must be committed first:
 * that moves them to a newer group.
 *
 * Groups without buffers are released together: FLUSH, so that the buffers are
 * really at home; then the superblock says where the log begins; then their
 * part of it is free.
 */
#include "fs/journal/journal_priv.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/sort.h"
#include "kernel/sched/sched.h"

/* A transaction's place in the log: a group of its own, the newest. */
u32
group_add_locked(struct journal *j, u32 tid, u32 nblocks)
{
	struct journal_group *g;

	assert(j->ngroups < GROUPS && nblocks <= j->free);
	g = group_at(j, j->ngroups++);
	g->tid = tid;
	g->start = j->head;
	g->nblocks = nblocks;
	g->is_held = false;
	g->is_committed = false;
	g->is_leaving = false;
	list_init(&g->buffers);
	j->free -= nblocks;
	j->head = log_after(j, j->head, nblocks);
	return g->start;
}

/* Is there a reason to write something home? */
static bool
check_is_due(struct journal *j)
{
	u32 used = j->nlog - READ_ONCE(j->free);

	if (atomic_load(&j->stop) != 0 || journal_error(j) != 0)
		return true;
	return READ_ONCE(j->want_room) || used > j->nlog / 2 ||
	    (READ_ONCE(j->want_empty) && used != 0);
}

/* ---- writing home ---- */

/* Interrupt context. */
static void
home_done(struct buffer *b, int error)
{
	struct home_write *w = b->j_undo;
	struct journal *j = w->j;

	w->error = error;
	if (atomic_dec_and_test(&j->home_pending))
		waitq_wake(&j->home_done, 0);
}

static int
home_compare(const void *a, const void *b)
{
	u64 x = ((const struct home_write *)a)->b->block;
	u64 y = ((const struct home_write *)b)->b->block;

	return x < y ? -1 : x > y;
}

/* Buffers of the oldest groups, with a reference each. */
static u32
home_collect(struct journal *j)
{
	struct journal_group *g;
	struct buffer *b;
	u32 n = 0;

	spin_lock(&j->lock);
	for (u32 i = 0; i < j->ngroups; i++) {
		g = group_at(j, i);
		if (!g->is_committed)
			break;
		list_for_each(b, &g->buffers, j_check) {
			if (n == HOME_WRITES)
				goto full;
			if (b->j_running != NULL)
				continue;		/* T2 */
			buffer_ref(b);
			j->home[n++] = (struct home_write){ .b = b, .j = j };
		}
	}
full:
	spin_unlock(&j->lock);
	return n;
}

/* Start one, if it still may be. */
static void
home_start(struct journal *j, struct home_write *w)
{
	struct buffer *b = w->b;
	bool may;

	buffer_wait(b);
	spin_lock(&j->lock);
	may = b->j_running == NULL && b->j_logged != NULL &&
	    ((struct journal_group *)b->j_logged)->is_committed;
	w->gen = b->j_gen;
	w->is_started = may;
	b->j_flags |= may ? J_HOME : 0;		/* T5 */
	spin_unlock(&j->lock);
	if (!may)
		return;
	b->j_undo = w;
	atomic_inc(&j->home_pending);
	buffer_write_start(b, home_done);
}

/* What became of it. True: it is at home. */
static bool
home_finish(struct journal *j, struct home_write *w)
{
	struct buffer *b = w->b;
	bool is_home = false;

	spin_lock(&j->lock);
	b->j_flags &= ~(u32)J_HOME;
	if (w->is_started && w->error == 0 && b->j_gen == w->gen &&
	    b->j_logged != NULL) {			/* T2 */
		list_remove(&b->j_check);
		b->j_logged = NULL;
		is_home = true;
	}
	spin_unlock(&j->lock);
	if (is_home)
		buffer_put(b);
	buffer_put(b);
	return is_home;
}

/* Write some buffers home. Returns how many are, or the error. */
static int
home_write_some(struct journal *j)
{
	u32 n = home_collect(j);
	int done = 0, error = 0;

	sort(j->home, n, sizeof(j->home[0]), home_compare);
	atomic_store(&j->home_pending, 1);
	for (u32 i = 0; i < n; i++)
		home_start(j, &j->home[i]);
	if (!atomic_dec_and_test(&j->home_pending))
		WAIT_EVENT(&j->home_done, atomic_load(&j->home_pending) == 0);
	for (u32 i = 0; i < n; i++) {
		if (j->home[i].error != 0)
			error = j->home[i].error;
		done += home_finish(j, &j->home[i]);
	}
	waitq_wake_all(&j->home_left, 0);
	return error != 0 ? error : done;
}

/* ---- the log's beginning ---- */

/* Mark the oldest groups that can be released: T4. Returns how many. */
static u32
groups_leaving(struct journal *j, u32 *tid, u32 *start)
{
	const struct journal_group *next;
	struct journal_group *g;
	u32 n;

	spin_lock(&j->lock);
	for (n = 0; n < j->ngroups; n++) {
		g = group_at(j, n);
		if (!g->is_committed || !list_is_empty(&g->buffers) ||
		    (g->is_held && tid_after(g->hold_tid, j->committed_tid)))
			break;
		g->is_leaving = true;
	}
	next = n < j->ngroups ? group_at(j, n) : NULL;
	*tid = next != NULL ? next->tid : j->committed_tid + 1;
	*start = next != NULL ? next->start : j->head;
	spin_unlock(&j->lock);
	return n;
}

static void
groups_release(struct journal *j, u32 n)
{
	spin_lock(&j->lock);
	for (; n > 0; n--) {
		j->free += group_at(j, 0)->nblocks;
		j->first_group = (j->first_group + 1) % GROUPS;
		j->ngroups--;
	}
	j->want_room = false;
	j->stats.checkpoints++;
	begin_admit_locked(j);		/* may set want_room again */
	spin_unlock(&j->lock);
}

/* Returns how many groups are released, or the error. */
static int
check_advance(struct journal *j)
{
	struct jbd_super *s = (struct jbd_super *)j->super_block;
	u32 tid, start, n = groups_leaving(j, &tid, &start);
	int rc;

	if (n == 0)
		return 0;
	rc = block_flush(j->cache->dev);
	if (rc != 0)
		return rc;
	s->sequence = be32(tid);
	s->start = be32(start);
	rc = super_write(j);
	if (rc != 0)
		return rc;
	groups_release(j, n);
	return (int)n;
}

/* ---- the thread ---- */

/* The oldest group has only buffers that are being changed, or waits for a
 * transaction: until that is durable. */
static void
check_await_commit(struct journal *j)
{
	u32 tid = journal_tid(j);

	spin_lock(&j->lock);
	if (tx_is_empty(tx_running(j)))
		tid--;
	if (tid_after(tid, j->want_tid))
		j->want_tid = tid;
	spin_unlock(&j->lock);
	waitq_wake(&j->commit_wake, 0);
	WAIT_EVENT(&j->committed, journal_error(j) != 0 ||
	    !tid_after(tid, atomic_load(&j->committed_tid)));
}

/* Until a quarter of the log is used at most; all, if it is to be empty. */
static bool
check_goes_on(struct journal *j)
{
	u32 used = j->nlog - READ_ONCE(j->free);

	if (journal_error(j) != 0 || atomic_load(&j->stop) != 0)
		return false;
	return READ_ONCE(j->want_room) || (READ_ONCE(j->want_empty) ?
	    used != 0 : used > j->nlog / 4);
}

static void
check_some(struct journal *j)
{
	int wrote, advanced;

	while (check_goes_on(j)) {
		wrote = home_write_some(j);
		advanced = wrote < 0 ? wrote : check_advance(j);
		if (advanced < 0) {
			journal_abort(j, advanced);
			return;
		}
		if (wrote == 0 && advanced == 0)
			check_await_commit(j);
	}
	if (READ_ONCE(j->want_empty))
		waitq_wake_all(&j->emptied, 0);
}

/* The journal died: let the disk know, if it still listens. */
static void
check_note_error(struct journal *j)
{
	struct jbd_super *s = (struct jbd_super *)j->super_block;

	s->error = be32((u32)journal_error(j));
	(void)super_write(j);		/* it is dead anyway */
}

void
check_main(void *journal)
{
	struct journal *j = journal;

	for (;;) {
		WAIT_EVENT(&j->check_wake, check_is_due(j));
		if (atomic_load(&j->stop) != 0 || journal_error(j) != 0)
			break;
		check_some(j);
	}
	if (journal_error(j) != 0)
		check_note_error(j);
	journal_thread_done(j);
}
