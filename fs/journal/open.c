/*
 * Opening and closing: the superblock of the journal, and what it owns in
 * memory.
 *
 * What is written differs from what is found only where the log is empty: then
 * the features become ours (CSUM_V3 where the file system has checksums, else
 * none; 64BIT; REVOKES), in memory, and reach the disk when the first
 * transaction marks the log. A version 1 superblock becomes one of version 2.
 *
 * On a device of its own the journal's superblock is behind that of the device,
 * and runs begin with the device's first block; else it is the first block.
 *
 * Frames are taken in pieces, each a segment; what is half-built belongs to the
 * struct journal, so that journal_free() undoes it at any point.
 */
#include "fs/journal/journal_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/checksum.h"
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/trace/log.h"
#include "kernel/vm/reserve.h"
#include "kernel/x86/clock.h"

KMEM_CACHE(journal_cache, "journal", struct journal);
BOUND_ROW(journal_open);
BOUND_ROW(journal_frames);
BOUND_ROW(journal_threads);

/* The image's frames: a share of memory, within limits. */
#define IMAGE_SHARE		64u
#define IMAGE_FRAMES_MIN	64u
#define IMAGE_FRAMES_STEP	16u	/* a segment */
/* Less log than this is of no use. */
#define LOG_BLOCKS_MIN		64u
#define CREDITS_MIN		4u

void
format_set(struct journal_format *f, u32 incompat, const u8 *uuid,
    u32 block_bytes)
{
	f->incompat = incompat;
	f->has_csum = (incompat & (JBD_CSUM_V2 | JBD_CSUM_V3)) != 0;
	f->csum_seed = crc32c(~0u, uuid, JBD_UUID_BYTES);
	if (incompat & JBD_CSUM_V3)
		f->tag_bytes = 16;
	else
		f->tag_bytes = 8 + (incompat & JBD_CSUM_V2 ? 2 : 0) +
		    (incompat & JBD_64BIT ? 4 : 0);
	f->tail = block_bytes - (f->has_csum ? JBD_TAIL_BYTES : 0);
	f->tags = (f->tail - (u32)sizeof(struct jbd_header) -
	    JBD_UUID_BYTES) / f->tag_bytes;
	f->revokes = (f->tail - JBD_REVOKE_FIRST) /
	    (incompat & JBD_64BIT ? 8 : 4);
}

/* ---- memory ---- */

static void *
page_get(void)
{
	return frame_virt(frame_get_zero(FRAME_BUFFER));
}

static void
page_put(void *page)
{
	if (page != NULL)
		frame_put(frame_of_virt(page));
}

static void
journal_init(struct journal *j, const struct journal_config *c)
{
	spin_init(&j->lock, LOCK_UPPER);
	tx_init(&j->tx[0], 0);
	tx_init(&j->tx[1], 0);
	list_init(&j->line);
	list_init(&j->leaving);
	waitq_init(&j->commit_wake);
	waitq_init(&j->check_wake);
	waitq_init(&j->handles_done);
	waitq_init(&j->committed);
	waitq_init(&j->emptied);
	waitq_init(&j->home_done);
	waitq_init(&j->home_left);
	io_init(&j->io);
	j->cache = c->cache;
	j->dev = c->dev;
	j->block_bytes = c->cache->block_bytes;
	j->per_frame = (u32)PAGE_SIZE / j->block_bytes;
	j->readonly = c->readonly;
	j->commit_ns = (u64)c->commit_ms * NS_PER_MS;
	j->ops = c->ops;
	j->priv = c->priv;
}

static int
journal_create(const struct journal_config *c, struct journal **out)
{
	struct journal *j;
	int rc = reserve_row(&bound_journal_open);

	if (rc != 0)
		return rc;
	j = kmem_get_zero(&journal_cache);
	journal_init(j, c);
	j->map = page_get();
	j->group = page_get();
	j->image = page_get();
	j->super_block = page_get();
	j->scratch = page_get();
	j->home = page_get();
	for (u32 i = 0; i < IO_REQUESTS / 2; i++)
		j->io.segs[i] = page_get();
	*out = j;
	return 0;
}

/* The frames of the image. */
static int
image_create(struct journal *j)
{
	struct frame_stats s;
	u32 n;
	int rc;

	frame_stats(&s);
	n = (u32)MIN(s.total / IMAGE_SHARE, (u64)IMAGE_FRAMES_MAX);
	n = MAX(n, IMAGE_FRAMES_MIN);
	while (j->nimage < n) {
		rc = reserve_row(&bound_journal_frames);
		if (rc != 0)
			return rc;
		for (u32 i = 0; i < IMAGE_FRAMES_STEP && j->nimage < n; i++)
			j->image[j->nimage++] = page_get();
	}
	return 0;
}

/* No thread runs, nobody has it. */
static void
journal_free(struct journal *j)
{
	while (j->nimage > 0)
		page_put(j->image[--j->nimage]);
	page_put(j->map);
	page_put(j->group);
	page_put(j->image);
	page_put(j->super_block);
	page_put(j->scratch);
	page_put(j->home);
	for (u32 i = 0; i < IO_REQUESTS / 2; i++)
		page_put(j->io.segs[i]);
	/* An interrupt may still be on its way out of a wait queue in it. */
	rcu_synchronize();
	kmem_put(&journal_cache, j);
}

/* ---- the superblock ---- */

static int
map_set(struct journal *j, const struct journal_config *c)
{
	u64 end = 0;

	if (c->nruns == 0 || c->nruns > JOURNAL_RUNS_MAX)
		return -EUCLEAN;
	for (u32 i = 0; i < c->nruns; i++) {
		end += c->runs[i].nblocks;
		if (c->runs[i].nblocks == 0 || end > UINT32_MAX)
			return -EUCLEAN;
		j->map->block[i] = c->runs[i].block;
		j->map->end[i] = (u32)end;
	}
	j->nruns = c->nruns;
	if (j->dev != j->cache->dev)
		j->super_at = j->block_bytes == 1024 ? 2 : 1;
	return j->super_at < end ? 0 : -EUCLEAN;
}

static bool
super_csum_is_good(const struct jbd_super *s)
{
	static const u8 zero[sizeof(s->csum)];
	usize at = offsetof(struct jbd_super, csum);
	u32 crc;

	if ((be32_get(s->incompat) & (JBD_CSUM_V2 | JBD_CSUM_V3)) == 0)
		return true;
	crc = crc32c(~0u, s, at);
	crc = crc32c(crc, zero, sizeof(zero));
	crc = crc32c(crc, s->users, sizeof(s->users));
	return s->csum_type == JBD_CSUM_CRC32C && be32_get(s->csum) == crc;
}

/* A version 1 superblock has no features; what is behind is not its own. */
static bool
super_is_known(struct journal *j)
{
	struct jbd_super *s = (struct jbd_super *)j->super_block;
	u32 type = be32_get(s->header.type);

	if (be32_get(s->header.magic) != JBD_MAGIC)
		return false;
	if (type == JBD_SUPER_V1) {
		memset(&s->compat, 0, sizeof(*s) -
		    offsetof(struct jbd_super, compat));
		s->header.type = be32(JBD_SUPER_V2);
	} else if (type != JBD_SUPER_V2) {
		return false;
	}
	return true;
}

/* 0, -EUCLEAN, -EOPNOTSUPP */
static int
super_check(struct journal *j)
{
	struct jbd_super *s = (struct jbd_super *)j->super_block;
	u32 incompat, maxlen, nfast = 0, start;

	if (!super_is_known(j))
		return -EUCLEAN;
	incompat = be32_get(s->incompat);
	if ((incompat & ~(u32)JBD_KNOWN) != 0 || be32_get(s->ro_compat) != 0) {
		kerr("journal: unknown features %#x, %#x", incompat,
		    be32_get(s->ro_compat));
		return -EOPNOTSUPP;
	}
	start = be32_get(s->start);
	if (start != 0 && (incompat & (JBD_ASYNC_COMMIT | JBD_FAST_COMMIT))) {
		kerr("journal: needs e2fsck: it has asynchronous or fast "
		    "commits to be replayed");
		return -EOPNOTSUPP;
	}
	if ((incompat & JBD_CSUM_V2 && incompat & JBD_CSUM_V3) ||
	    !super_csum_is_good(s) ||
	    be32_get(s->block_bytes) != j->block_bytes)
		return -EUCLEAN;
	maxlen = be32_get(s->maxlen);
	j->first = be32_get(s->first);
	if (incompat & JBD_FAST_COMMIT)
		nfast = be32_get(s->nfast) != 0 ? be32_get(s->nfast) : 256;
	if (maxlen > j->map->end[j->nruns - 1] || nfast >= maxlen)
		return -EUCLEAN;
	j->last = maxlen - nfast;
	if (j->first <= j->super_at || j->first >= j->last ||
	    j->last - j->first < LOG_BLOCKS_MIN ||
	    (start != 0 && (start < j->first || start >= j->last)))
		return -EUCLEAN;
	j->nlog = j->last - j->first;
	return 0;
}

static int
super_read(struct journal *j)
{
	int rc;

	io_add_log(j, BLOCK_READ, j->super_at, j->super_block);
	rc = io_run(j);
	if (rc != 0)
		return rc;
	rc = super_check(j);
	if (rc == -EUCLEAN)
		kerr("journal on %s: its superblock is not sound",
		    j->dev->name);
	return rc;
}

/* The log is empty: the features become ours. */
static void
super_set_features(struct journal *j, const struct journal_config *c)
{
	struct jbd_super *s = (struct jbd_super *)j->super_block;
	u32 incompat = be32_get(s->incompat);

	incompat &= JBD_64BIT;
	incompat |= JBD_REVOKES | (c->has_csum ? JBD_CSUM_V3 : 0) |
	    (c->is_64bit ? JBD_64BIT : 0);
	s->incompat = be32((u32)incompat);
	s->compat = be32(be32_get(s->compat) & ~(u32)JBD_COMPAT_CHECKSUM);
	s->csum_type = c->has_csum ? JBD_CSUM_CRC32C : 0;
	format_set(&j->format, (u32)incompat, s->uuid, j->block_bytes);
}

/* Replay what there is; then the log is empty, and the next number *tid. */
static int
super_replay(struct journal *j, u32 *tid)
{
	struct jbd_super *s = (struct jbd_super *)j->super_block;
	struct journal_format f;
	int rc;

	*tid = be32_get(s->sequence);
	if (be32_get(s->start) == 0)
		return 0;
	if (block_is_readonly(j->cache->dev) || block_is_readonly(j->dev)) {
		kerr("journal on %s must be replayed, and cannot be written",
		    j->dev->name);
		return -EROFS;
	}
	format_set(&f, be32_get(s->incompat), s->uuid, j->block_bytes);
	rc = journal_recover(j, &f, be32_get(s->start), *tid, tid);
	if (rc != 0)
		return rc;
	kinfo("journal on %s: replayed %lu transactions, %lu blocks",
	    j->dev->name, j->stats.replayed_transactions,
	    j->stats.replayed_blocks);
	s->start = be32(0);
	s->sequence = be32(*tid);
	return super_write(j);
}

/* ---- opening ---- */

/* How large transactions may be: a quarter of the log, and of the image all. */
static int
limits_set(struct journal *j)
{
	u32 most = MIN(j->nlog / 4, j->nimage * j->per_frame), n = most;

	while (n > 0 && log_blocks(&j->format, n, n) > most)
		n--;
	j->max_tx = n;
	j->head = j->first;
	j->free = j->nlog;
	return journal_credits_max(j) >= CREDITS_MIN ? 0 : -EUCLEAN;
}

static int
threads_start(struct journal *j)
{
	int rc = reserve_row(&bound_journal_threads);

	if (rc != 0)
		return rc;
	j->has_threads = true;
	j->nthreads = 2;
	(void)kthread_create("journal", commit_main, j);
	(void)kthread_create("checkpoint", check_main, j);
	return 0;
}

static int
journal_load(struct journal *j, const struct journal_config *c)
{
	u32 tid;
	int rc = map_set(j, c);

	if (rc == 0)
		rc = super_read(j);
	if (rc == 0)
		rc = image_create(j);
	if (rc == 0)
		rc = super_replay(j, &tid);
	if (rc != 0)
		return rc;
	if (be32_get(((struct jbd_super *)j->super_block)->error) != 0)
		kwarn("journal on %s was aborted by an error: run e2fsck",
		    j->dev->name);
	super_set_features(j, c);
	tx_running(j)->tid = tid;
	j->committed_tid = tid - 1;
	j->want_tid = tid - 1;
	if (j->readonly)
		return 0;
	rc = limits_set(j);
	return rc != 0 ? rc : threads_start(j);
}

int
journal_open(const struct journal_config *config, struct journal **out)
{
	struct journal *j;
	int rc = journal_create(config, &j);

	if (rc != 0)
		return rc;
	rc = journal_load(j, config);
	if (rc != 0)
		journal_free(j);
	else
		*out = j;
	return rc;
}

/* ---- closing ---- */

/* The last thing that a thread of j does with it. */
void
journal_thread_done(struct journal *j)
{
	spin_lock(&j->lock);
	j->nthreads--;
	waitq_wake_all(&j->emptied, 0);
	spin_unlock(&j->lock);
}

static bool
is_emptied(struct journal *j)
{
	return READ_ONCE(j->free) == j->nlog || journal_error(j) != 0;
}

static void
threads_stop(struct journal *j)
{
	atomic_store(&j->stop, 1);
	waitq_wake_all(&j->commit_wake, 0);
	waitq_wake_all(&j->check_wake, 0);
	WAIT_EVENT(&j->emptied, READ_ONCE(j->nthreads) == 0);
	/* Who was last may be about to unlock. */
	spin_lock(&j->lock);
	spin_unlock(&j->lock);
}

/* A dead journal's buffers are nobody's any more. */
static void
buffers_drop(struct list *l)
{
	struct buffer *b;
	struct list *n;

	while ((n = list_pop_front(l)) != NULL) {
		b = LIST_ENTRY(n, struct buffer, j_node);
		b->j_running = NULL;
		b->j_flags = 0;
		buffer_put(b);
	}
}

static void
groups_drop(struct journal *j)
{
	struct buffer *b;
	struct list *n;

	for (u32 i = 0; i < j->ngroups; i++) {
		while ((n = list_pop_front(&group_at(j, i)->buffers)) != NULL) {
			b = LIST_ENTRY(n, struct buffer, j_check);
			b->j_logged = NULL;
			buffer_put(b);
		}
	}
}

static int
super_mark_empty(struct journal *j)
{
	struct jbd_super *s = (struct jbd_super *)j->super_block;

	if (!j->is_marked)
		return 0;
	s->start = be32(0);
	s->sequence = be32(tx_running(j)->tid);
	return super_write(j);
}

int
journal_close(struct journal *j)
{
	struct transaction *t;
	int rc = 0;

	if (j->has_threads) {
		(void)journal_commit(j, journal_tid(j));
		WRITE_ONCE(j->want_empty, true);
		waitq_wake_all(&j->check_wake, 0);
		WAIT_EVENT(&j->emptied, is_emptied(j));
		threads_stop(j);
		rc = journal_error(j) != 0 ? -EIO : super_mark_empty(j);
	}
	for (u32 i = 0; i < 2; i++) {
		t = &j->tx[i];
		buffers_drop(&t->buffers);
		buffers_drop(&t->forgotten);
		revoke_free_all(t);
	}
	buffers_drop(&j->leaving);
	groups_drop(j);
	journal_free(j);
	return rc;
}
