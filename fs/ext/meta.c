/*
 * Blocks of metadata, and changes to them.
 *
 * A block is read through ext_read_block(), which says what kind of block it is
 * to be and checks it once, when it comes from the disk: its place, its kind
 * (no block has two), its checksum, and what its reader asks of it. BUF_CHECKED
 * remembers that; from then on its bytes are our own.
 *
 * A change is a handle of the journal. Without a journal it is only counted:
 * blocks that it writes are dirty at once, and ext_write_all() brings them to
 * the disk (sync, the flusher). Then, or when a transaction closes, checksums
 * are computed once for however many changes there were: ext_seal_block(). For
 * that moment no change may be half done. A journal sees to that; without one
 * it is the gate: whoever shuts it (one at a time) waits until the changes that
 * are under way have ended, and no other begins until it is open. Changes
 * neither wait for memory nor for the gate again, so that wait is short.
 *
 * Remounting shuts the gate too, to take the journal away.
 */
#include "fs/ext/dir_priv.h"
#include "fs/ext/ext_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/mount.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"

#define NS_PER_SEC	1000000000ul
#define ERRORS_LOGGED	16u	/* of one mount; then each 1024th */

/* ---- errors ---- */

static void
note_error(struct ext_fs *fs, const char *what)
{
	struct ext_error_note *n = &fs->note;
	u64 now = vfs_now_ns() / NS_PER_SEC;

	spin_lock(&fs->spin);
	if (n->count++ == 0) {
		n->first_s = now;
		(void)strlcpy(n->first, what, sizeof(n->first));
	}
	n->last_s = now;
	(void)strlcpy(n->last, what, sizeof(n->last));
	spin_unlock(&fs->spin);
}

int
ext_error(struct ext_fs *fs, const char *fmt, ...)
{
	static u32 nlogged;
	char line[120];
	u32 n = atomic_fetch_add(&nlogged, 1);
	va_list ap;

	va_start(ap, fmt);
	(void)kvsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < ERRORS_LOGGED || n % 1024 == 0)
		kerr("ext4 on %s: %s", fs->dev->name, line);
	note_error(fs, line);
	if (READ_ONCE(fs->opt) & EXT_OPT_ERRORS_PANIC)
		panic("ext4 on %s: %s", fs->dev->name, line);
	atomic_or(&fs->error, EXT_FS_ERROR | EXT_FS_ERROR_NEW);
	if (!(READ_ONCE(fs->opt) & EXT_OPT_ERRORS_CONTINUE) &&
	    fs->sb != NULL &&
	    !(atomic_fetch_or(&fs->sb->flags, MS_RDONLY) & MS_RDONLY))
		kerr("ext4 on %s: is read-only from now on", fs->dev->name);
	if (fs->flusher != NULL)
		flusher_kick(fs->flusher);
	return -EUCLEAN;
}

/* Times in the superblock have 40 bits. */
static void
super_time(u32 *lo, u8 *hi, u64 seconds)
{
	*lo = (u32)seconds;
	*hi = (u8)(seconds >> 32);
}

static void
super_note_errors(struct ext_fs *fs)
{
	struct ext_super *s = ext_super(fs);
	struct ext_error_note n;

	spin_lock(&fs->spin);
	n = fs->note;
	fs->note.count = 0;
	spin_unlock(&fs->spin);
	s->state |= EXT_STATE_ERROR;
	if (n.count == 0)
		return;
	if (s->error_count == 0) {
		super_time(&s->first_error_time, &s->first_error_time_hi,
		    n.first_s);
		s->first_error_ino = s->first_error_line = 0;
		s->first_error_block = 0;
		memcpy(s->first_error_func, n.first,
		    sizeof(s->first_error_func));
	}
	super_time(&s->last_error_time, &s->last_error_time_hi, n.last_s);
	s->last_error_ino = s->last_error_line = 0;
	s->last_error_block = 0;
	memcpy(s->last_error_func, n.last, sizeof(s->last_error_func));
	s->error_count += n.count;
}

/* ---- the gate, and changes ---- */

static void
change_leave(struct ext_fs *fs)
{
	if (atomic_dec_and_test(&fs->nchanges) && READ_ONCE(fs->gate_shut))
		waitq_wake_all(&fs->gate_wait, 0);
}

static void
change_enter(struct ext_fs *fs)
{
	for (;;) {
		WAIT_EVENT(&fs->gate_wait, !READ_ONCE(fs->gate_shut));
		atomic_inc(&fs->nchanges);
		smp_mb();
		if (likely(!READ_ONCE(fs->gate_shut)))
			return;
		change_leave(fs);
	}
}

void
ext_gate_close(struct ext_fs *fs)
{
	WAIT_EVENT(&fs->gate_wait,
	    atomic_cmpxchg(&fs->gate_shut, 0u, 1u) == 0);
	WAIT_EVENT(&fs->gate_wait, atomic_load(&fs->nchanges) == 0);
}

void
ext_gate_open(struct ext_fs *fs)
{
	atomic_store(&fs->gate_shut, 0u);
	waitq_wake_all(&fs->gate_wait, 0);
}

/* The disk must say that it is mounted before anything on it changes. */
static int
may_change(const struct ext_fs *fs)
{
	u32 error = READ_ONCE(fs->error);

	if (unlikely(error & EXT_FS_DEAD))
		return -EIO;
	if (unlikely(!READ_ONCE(fs->is_marked)))
		return -EROFS;
	if (unlikely(error & EXT_FS_ERROR) &&
	    !(READ_ONCE(fs->opt) & EXT_OPT_ERRORS_CONTINUE))
		return -EROFS;
	return 0;
}

static int
change_begin(struct ext_fs *fs, u32 credits)
{
	int rc;

	if (fs->journal == NULL) {
		handle_enter(&current->handle);
		return 0;
	}
	rc = journal_begin(fs->journal, credits);
	if (unlikely(rc != 0))
		change_leave(fs);
	return rc;
}

int
ext_begin(struct ext_fs *fs, u32 credits)
{
	int rc;

	change_enter(fs);
	rc = may_change(fs);
	if (unlikely(rc != 0)) {
		change_leave(fs);
		return rc;
	}
	return change_begin(fs, credits);
}

void
ext_end(struct ext_fs *fs)
{
	if (fs->journal == NULL)
		handle_leave(&current->handle);
	else
		journal_end(fs->journal);
	change_leave(fs);
}

void
ext_write_buffer(struct ext_fs *fs, struct buffer *b)
{
	if (fs->journal != NULL)
		journal_write(fs->journal, b);
	else
		buffer_dirty(b);
}

void
ext_store_errors(struct ext_fs *fs)
{
	if (!(atomic_fetch_and(&fs->error, ~(u32)EXT_FS_ERROR_NEW) &
	    EXT_FS_ERROR_NEW))
		return;
	change_enter(fs);
	if (!READ_ONCE(fs->is_marked) || (READ_ONCE(fs->error) & EXT_FS_DEAD)) {
		change_leave(fs);
		return;
	}
	if (change_begin(fs, 1) != 0)
		return;
	mutex_lock(&fs->group_lock);
	ext_write_buffer(fs, fs->super);
	super_note_errors(fs);
	mutex_unlock(&fs->group_lock);
	ext_end(fs);
}

/* ---- checksums of what is written ---- */

/* Where the tail of a block of extents is, or 0: the header is not sound. */
static u32
extent_tail_at(const struct ext_fs *fs, const u8 *data)
{
	const struct ext_extent_header *h = (const void *)data;
	u32 at = (u32)sizeof(*h) + h->max * (u32)sizeof(struct ext_extent);

	return at + sizeof(struct ext_extent_tail) <= fs->block_bytes ? at : 0;
}

static u32 *
extent_csum(const struct ext_fs *fs, u8 *data, u32 seed, u32 *sum)
{
	u32 at = extent_tail_at(fs, data);

	if (at == 0)
		return NULL;
	*sum = ext_crc32c(seed, data, at);
	return &((struct ext_extent_tail *)(void *)(data + at))->checksum;
}

static void
seal_groups(struct ext_fs *fs, struct buffer *b)
{
	u32 first = b->csum_seed * fs->geo.descs_per_block;
	u32 n = MIN(fs->geo.descs_per_block, fs->ngroups - first);

	for (u32 i = 0; i < n; i++) {
		struct ext_group_desc *d =
		    (void *)(b->data + i * fs->desc_bytes);

		if (fs->group != NULL)
			ext_bitmaps_seal(fs, first + i);
		if (ext_has_metadata_csum(fs))
			d->checksum = ext_desc_csum(fs->csum_seed, first + i,
			    d, fs->desc_bytes);
		else if (fs->ro_compat & EXT_RO_GDT_CSUM)
			d->checksum = ext_desc_csum16(ext_super(fs)->uuid,
			    first + i, d, fs->desc_bytes);
	}
}

static void
seal_super(struct ext_fs *fs)
{
	struct ext_super *s = ext_super(fs);

	super_time(&s->wtime, &s->wtime_hi, vfs_now_ns() / NS_PER_SEC);
	if (ext_has_metadata_csum(fs))
		s->checksum = ext_super_csum(s);
}

void
ext_seal_block(struct ext_fs *fs, struct buffer *b)
{
	u32 sum, *at;

	switch (b->kind) {
	case EXT_BLOCK_SUPER:
		seal_super(fs);
		break;
	case EXT_BLOCK_GROUPS:
		seal_groups(fs, b);
		break;
	case EXT_BLOCK_EXTENTS:
		if (!ext_has_metadata_csum(fs))
			break;
		at = extent_csum(fs, b->data, b->csum_seed, &sum);
		if (at != NULL)
			*at = sum;
		break;
	default:			/* done when it changed */
		break;
	}
}

static void
log_seal(struct journal *j, struct buffer *b)
{
	ext_seal_block(journal_priv(j), b);
}

static void
log_committed(struct journal *j, u32 tid)
{
	struct ext_fs *fs = journal_priv(j);

	if (fs->group != NULL)
		ext_claims_committed(fs, tid);
}

static void
log_aborted(struct journal *j, int error)
{
	struct ext_fs *fs = journal_priv(j);

	kerr("ext4 on %s: the journal cannot be written (error %d): nothing "
	    "more reaches the disk", fs->dev->name, error);
	atomic_or(&fs->error, EXT_FS_DEAD);
	if (fs->sb != NULL)
		atomic_or(&fs->sb->flags, MS_RDONLY);
}

const struct journal_ops ext_journal_ops = {
	.seal = log_seal,
	.committed = log_committed,
	.aborted = log_aborted,
};

int
ext_write_all(struct ext_fs *fs)
{
	struct buffer *b;
	u64 block = 0;

	ext_gate_close(fs);
	while ((b = buffer_next_dirty(&fs->cache, &block)) != NULL) {
		ext_seal_block(fs, b);
		buffer_put(b);
	}
	ext_gate_open(fs);
	return buffer_write_all(&fs->cache);
}

/* ---- reading ---- */

bool
ext_block_is_sound(const struct ext_fs *fs, u64 block, u64 n)
{
	const struct ext_geometry *g = &fs->geo;
	u64 descs_end = g->first_block + 1 +
	    (g->incompat & EXT_INCOMPAT_META_BG ? 0 : g->desc_blocks);

	/* Behind the first superblock and its descriptors; those of meta_bg
	 * lie apart, but no block of theirs is of another kind. */
	return block >= descs_end && block < fs->nblocks && n > 0 &&
	    n <= fs->nblocks - block;
}

static bool
csum_is_good(struct ext_fs *fs, struct buffer *b, enum ext_kind kind,
    struct ext_inode *owner)
{
	const u8 *data = b->data;
	u32 sum, *at;

	if (!ext_has_metadata_csum(fs))
		return true;
	switch (kind) {
	case EXT_BLOCK_EXTENTS:
		at = extent_csum(fs, b->data, owner->csum_seed, &sum);
		return at != NULL && *at == sum;
	case EXT_BLOCK_DIR:
		return ((const struct ext_dir_tail *)(const void *)
		    (data + ext_dir_end(fs)))->checksum ==
		    ext_dir_csum(owner, data);
	case EXT_BLOCK_HTREE:
		return ((const struct ext_dx_tail *)(const void *)
		    (data + ext_dx_tail_at(data, fs->block_bytes)))->checksum ==
		    ext_dx_csum(owner, data);
	default:			/* elsewhere, or none */
		return true;
	}
}

/* What is wrong with b, or NULL. */
static const char *
block_check(struct ext_fs *fs, struct buffer *b, enum ext_kind kind,
    struct ext_inode *owner,
    bool (*check)(struct ext_inode *owner, const u8 *data))
{
	if (b->state & BUF_CHECKED)
		return b->kind == (u32)kind ? NULL : "of another kind";
	if (b->kind != EXT_BLOCK_NONE && b->kind != (u32)kind)
		return "of another kind";
	if (check != NULL && !check(owner, b->data))
		return "not sound";
	if (!csum_is_good(fs, b, kind, owner))
		return "checksum";
	b->kind = kind;
	if (owner != NULL)
		ext_own_block(b, owner);
	atomic_or(&b->state, BUF_CHECKED);
	return NULL;
}

int
ext_read_block(struct ext_fs *fs, u64 block, enum ext_kind kind,
    struct ext_inode *owner,
    bool (*check)(struct ext_inode *owner, const u8 *data),
    struct buffer **out)
{
	u64 ino = owner != NULL ? owner->i.ino : 0;
	struct buffer *b;
	const char *why;
	int rc;

	if (!ext_block_is_sound(fs, block, 1))
		return ext_error(fs, "block %lu (inode %lu) is no block of a "
		    "file", block, ino);
	rc = buffer_read(&fs->cache, block, &b);
	if (rc != 0)
		return rc;
	why = block_check(fs, b, kind, owner, check);
	if (unlikely(why != NULL)) {
		buffer_put(b);
		return ext_error(fs, "block %lu (inode %lu): %s", block, ino,
		    why);
	}
	*out = b;
	return 0;
}

struct buffer *
ext_peek_block(struct ext_fs *fs, u64 block, enum ext_kind kind)
{
	const u32 ready = BUF_UPTODATE | BUF_CHECKED;
	struct buffer *b = buffer_find(&fs->cache, block);

	if (b != NULL && ((atomic_load_acquire(&b->state) & ready) != ready ||
	    b->kind != (u32)kind)) {
		buffer_put(b);
		b = NULL;
	}
	return b;
}

struct buffer *
ext_new_block(struct ext_fs *fs, u64 block, enum ext_kind kind)
{
	struct buffer *b = buffer_get_zero(&fs->cache, block);

	b->kind = kind;
	atomic_or(&b->state, BUF_CHECKED);
	ext_write_buffer(fs, b);
	return b;
}

void
ext_own_block(struct buffer *b, const struct ext_inode *owner)
{
	if (b->kind == EXT_BLOCK_EXTENTS)
		b->csum_seed = owner->csum_seed;
}

/* Without a journal it is written first: so that it is not later, over what the
 * block is used for by then. */
void
ext_forget_block(struct ext_fs *fs, u64 block)
{
	struct buffer *b;

	if (fs->journal != NULL) {
		journal_forget(fs->journal, block);
		return;
	}
	b = buffer_find(&fs->cache, block);
	if (b == NULL)
		return;
	if (b->state & BUF_DIRTY)
		(void)buffer_write(b);	/* what it says matters no more */
	buffer_put(b);
}

struct ext_group_desc *
ext_desc(struct ext_fs *fs, u32 group, struct buffer **out)
{
	const u32 per = PAGE_SIZE / sizeof(struct buffer *);
	u32 k = group / fs->geo.descs_per_block;
	struct buffer *b;

	assert(group < fs->ngroups && k < fs->ndesc);
	b = fs->desc[k / per][k % per];
	*out = b;
	return (struct ext_group_desc *)(void *)(b->data +
	    group % fs->geo.descs_per_block * fs->desc_bytes);
}
