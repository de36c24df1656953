/*
 * Where a file's blocks are, by either format; and spares, the metadata blocks
 * that a change may need.
 *
 * A change to a map runs in a handle, where nothing may be renewed and little
 * memory taken. So what it might have to allocate is set aside before: blocks
 * (claims) and their buffers. A change that finds too few says how many it
 * wants, having changed nothing; most want none.
 */
#include "fs/ext/extent.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"

/* ---- spares ---- */

int
ext_spare_get(struct ext_inode *e, struct ext_spares *sp, struct ext_search *s)
{
	struct ext_claim *c;
	int rc;

	assert(sp->n < EXT_SPARES);
	s->want = 1;
	rc = ext_claim_get(e->fs, s, EXT_USE_META, &c);
	if (rc != 0)
		return rc;
	s->tries = 0;
	sp->claim[sp->n] = c;
	sp->buffer[sp->n] = buffer_get_zero(&e->fs->cache, c->block);
	sp->n++;
	return 0;
}

void
ext_spares_put(struct ext_fs *fs, struct ext_spares *sp)
{
	while (sp->n > 0) {
		sp->n--;
		buffer_put(sp->buffer[sp->n]);
		ext_claim_put(fs, sp->claim[sp->n]);
	}
}

int
ext_spare_use(struct ext_inode *e, struct ext_spares *sp, enum ext_kind kind,
    struct buffer **out)
{
	struct buffer *b;
	int rc;

	assert(sp->n > 0);
	b = sp->buffer[--sp->n];
	rc = ext_claim_take(e->fs, sp->claim[sp->n]);
	if (rc != 0) {
		buffer_put(b);
		return rc;
	}
	ext_write_buffer(e->fs, b);
	memset(b->data, 0, e->fs->block_bytes);
	b->kind = kind;
	ext_own_block(b, e);
	atomic_or(&b->state, BUF_CHECKED);
	ext_count_blocks(e, 1);
	*out = b;
	return 0;
}

/* ---- both formats ---- */

void
ext_map_init(struct ext_inode *e)
{
	struct ext_extent_header *h = &e->root;

	memset(e->block, 0, sizeof(e->block));
	if (!(e->fs->incompat & EXT_INCOMPAT_EXTENTS))
		return;
	e->flags |= EXT_FL_EXTENTS;
	h->magic = EXT_EXTENT_MAGIC;
	h->max = EXT_ROOT_MAX;
}

/* Of [lblock, +max): the first that is (not) to be looked up, since it is being
 * cut; true: lblock is, and a hole up to *max. */
static bool
is_cut(const struct ext_inode *e, u64 lblock, u32 *max)
{
	u64 from = atomic_load_acquire(&e->cut_from);
	u64 end = READ_ONCE(e->cut_end);

	if (lblock < from) {
		*max = (u32)MIN((u64)*max, from - lblock);
		return false;
	}
	if (lblock >= end)
		return false;
	*max = (u32)MIN((u64)*max, end - lblock);
	return true;
}

static int
map_locked(struct ext_inode *e, u64 lblock, u32 max, struct ext_pins *pins,
    struct map_run *out)
{
	*out = (struct map_run){ .kind = MAP_HOLE, .n = max };
	if (is_cut(e, lblock, &out->n))
		return 0;
	return ext_has_extents(e) ?
	    ext_extent_map(e, lblock, out->n, pins, out) :
	    ext_pointers_map(e, lblock, out->n, pins, out);
}

int
ext_miss_read(struct ext_inode *e, struct ext_pins *pins)
{
	struct buffer *b;
	int rc;

	if (pins->kind == EXT_BLOCK_BITMAP)
		return ext_bitmap_read(e->fs, pins);
	rc = ext_read_block(e->fs, pins->missing, pins->kind, e,
	    pins->kind == EXT_BLOCK_EXTENTS ? ext_extents_check : NULL, &b);
	if (rc != 0)
		return rc;
	if (b->kind != pins->kind) {
		buffer_put(b);
		return ext_error(e->fs, "inode %lu: block %lu is not its own",
		    e->i.ino, pins->missing);
	}
	ext_pin(pins, b);
	return -EAGAIN;
}

/* With one reading, if there must be. */
static int
map_or_read(struct ext_inode *e, u64 lblock, u32 max, struct ext_pins *pins,
    struct map_run *out)
{
	int rc;

	rwlock_read_lock(&e->map_lock);
	rc = map_locked(e, lblock, max, pins, out);
	if (rc == -EAGAIN)
		rc = ext_miss_read(e, pins);
	rwlock_read_unlock(&e->map_lock);
	return rc;
}

int
ext_map_cached(struct ext_inode *e, u64 lblock, u32 max, struct map_run *out)
{
	struct ext_pins pins = { .n = 0 };
	int rc;

	rwlock_read_lock(&e->map_lock);
	rc = map_locked(e, lblock, max, &pins, out);
	rwlock_read_unlock(&e->map_lock);
	return rc;
}

int
ext_map_try(struct ext_inode *e, u64 lblock, u32 max, struct map_run *out)
{
	struct ext_pins pins = { .n = 0 };
	int rc = map_or_read(e, lblock, max, &pins, out);

	ext_pins_put(&pins);
	return rc;
}

int
ext_map_fetch(struct ext_inode *e, u64 lblock, struct buffer **pin)
{
	struct ext_pins pins = { .n = 0 };
	struct map_run run;
	int rc = map_or_read(e, lblock, 1, &pins, &run);

	*pin = NULL;
	if (pins.n > 0)
		*pin = pins.b[0];
	return rc;
}

void
ext_pins_put(struct ext_pins *pins)
{
	while (pins->n > 0)
		buffer_put(pins->b[--pins->n]);
}

int
ext_map(struct ext_inode *e, u64 lblock, u32 max, struct map_run *out)
{
	struct ext_pins pins = { .n = 0 };
	int rc = -EAGAIN;

	/* Each turn but the last pins a level more. */
	for (u32 k = 0; k < EXT_PINS && rc == -EAGAIN; k++) {
		struct ext_pins old = pins;

		pins = (struct ext_pins){ .keep = true };
		rc = map_or_read(e, lblock, max, &pins, out);
		ext_pins_put(&old);
	}
	ext_pins_put(&pins);
	/* Only if others made the tree deeper meanwhile, again and again. */
	return rc == -EAGAIN ? -EIO : rc;
}

u32
ext_map_fits(const struct ext_inode *e, u64 lblock, u32 n)
{
	u32 per = e->fs->block_bytes / sizeof(u32);

	if (ext_has_extents(e))
		return MIN(n, EXT_UNWRITTEN_LEN_MAX);
	if (lblock < EXT_DIRECT_SLOTS)
		return (u32)MIN((u64)n, EXT_DIRECT_SLOTS - lblock);
	return MIN(n, per - (u32)((lblock - EXT_DIRECT_SLOTS) % per));
}

u64
ext_map_max(const struct ext_inode *e)
{
	/* The last block of 2^32 - 1 would make a size that e2fsck dislikes. */
	return ext_has_extents(e) ? EXT_LBLOCKS - 1 :
	    ext_pointers_max(e->fs);
}

int
ext_map_insert(struct ext_inode *e, u64 lblock, u64 block, u32 n,
    bool unwritten, struct ext_spares *sp)
{
	int rc;

	if (lblock + n > ext_map_max(e))
		return -EFBIG;
	rc = ext_has_extents(e) ?
	    ext_extent_insert(e, (u32)lblock, block, n, unwritten, sp) :
	    ext_pointers_insert(e, lblock, block, n, sp);
	if (rc == 0)
		ext_count_blocks(e, n);
	return rc;
}

/* The spares that it wants; W. */
static int
spares_peek(struct ext_inode *e, struct ext_spares *sp, u64 goal)
{
	int rc = 0;

	assert(sp->want <= EXT_SPARES);
	for_bound(EXT_SPARES, ; sp->n < sp->want; sp->n++) {
		struct ext_claim *c;

		rc = ext_claim_peek(e->fs, goal, &c);
		if (rc != 0)
			break;
		sp->claim[sp->n] = c;
		sp->buffer[sp->n] = buffer_get_zero(&e->fs->cache, c->block);
	}
	return rc;
}

/* Name c's block, with spares if it must be; map_lock held. W */
static int
append_locked(struct ext_inode *e, u64 lblock, const struct ext_claim *c,
    struct ext_spares *sp)
{
	int rc = ext_map_insert(e, lblock, c->block, 1, false, sp);

	if (rc == -EAGAIN && sp->n < sp->want) {
		rc = spares_peek(e, sp, c->block);
		/* The path is pinned: it misses nothing. */
		return rc != 0 ? rc :
		    ext_map_insert(e, lblock, c->block, 1, false, sp);
	}
	return rc == -EAGAIN ? ext_want(EXT_WANT_MAP, e, lblock) : rc;
}

int
ext_map_append(struct ext_inode *e, u64 lblock, u64 *block)
{
	struct ext_spares sp = { .pins.keep = true };
	struct ext_claim *c;
	int rc = ext_claim_peek(e->fs, e->goal, &c);

	if (rc != 0)
		return rc;
	rwlock_write_lock(&e->map_lock);
	rc = append_locked(e, lblock, c, &sp);
	rwlock_write_unlock(&e->map_lock);
	*block = c->block;
	if (rc == 0)
		rc = ext_claim_take(e->fs, c);
	else
		ext_claim_put(e->fs, c);
	ext_spares_put(e->fs, &sp);
	ext_pins_put(&sp.pins);
	return rc;
}

int
ext_map_first(struct ext_inode *e, struct ext_claim *c, u64 *block)
{
	struct ext_spares sp = { .n = 0 };
	int rc;

	rwlock_write_lock(&e->map_lock);
	rc = ext_map_insert(e, 0, c->block, 1, false, &sp);
	rwlock_write_unlock(&e->map_lock);
	*block = c->block;
	if (rc == 0)
		return ext_claim_take(e->fs, c);
	ext_claim_put(e->fs, c);
	return rc == -EAGAIN ? -EUCLEAN : rc;	/* never: the root has room */
}

int
ext_map_mark(struct ext_inode *e, u64 lblock, u32 n, bool unwritten,
    struct ext_spares *sp)
{
	return ext_extent_mark(e, (u32)lblock, n, unwritten, sp);
}

u32
ext_cut_most(const struct ext_inode *e, u32 n)
{
	return S_ISREG(e->i.mode) ? n : MIN(n, EXT_CUT_REVOKES);
}

void
ext_cut_forget(struct ext_inode *e, u64 block, u32 n)
{
	if (S_ISREG(e->i.mode))
		return;
	for_bound(EXT_CUT_REVOKES, u32 k = 0; k < n; k++)
		ext_forget_block(e->fs, block + k);
}

int
ext_map_cut(struct ext_inode *e, u64 first, u64 end, struct ext_spares *sp)
{
	int rc;

	rc = ext_has_extents(e) ? ext_extent_cut(e, first, end, sp) :
	    ext_pointers_cut(e, first, &sp->pins);
	if (rc == -EAGAIN && sp->n >= sp->want)
		rc = ext_miss_read(e, &sp->pins);
	ext_pins_put(&sp->pins);
	return rc;
}
