/*
 * Blocks: which are free, who is to have them, and how they are taken and
 * freed.
 *
 * The disk knows two states of a block: its bit is set or not. Memory knows
 * more: a run of blocks whose bits are clear may be *claimed*. One kind of
 * claim is set aside, for data that is being written, for a change that may
 * need a metadata block, or ahead of a file that grows. The other kind was just
 * freed, by a transaction that is not yet durable: if it were used again, a
 * crash could bring back the file that it belonged to (E3). Claims are a tree
 * by block, looked at together with the bit maps; taking the blocks of a claim
 * sets their bits, in a transaction, and ends it.
 *
 *	       claim_get                claim_take            blocks_free
 *	free ------------> set aside ----------------> in use ------------+
 *	 ^  <------------                                                 |
 *	 |    claim_put                        claims_committed           v
 *	 +------------------------------------------------------------- freed
 *
 * Growing files stay in one piece by a claim ahead of them: what a batch of
 * writing takes is cut from its front. It doubles with the file's growth, and
 * goes back when the file is closed, or when space is short.
 *
 * How many blocks of each group are free and unclaimed is known in memory
 * (ext_group.avail), so that a search reads the bit map of a group that has
 * what it wants, and no other. Within a group: the first run from the goal on
 * that is long enough, else the longest.
 *
 * Space is promised before pages are dirtied: free blocks less what is claimed
 * (free_blocks), less promises (reserved_blocks), less a share for metadata
 * that those will need, less what is kept for metadata (meta_blocks), and, but
 * for the superuser, less root_blocks. -ENOSPC is said there, or where a claim
 * is made that nobody promised. Claims for metadata may have the last block.
 * LIMIT: a file whose every dirty block needs a block of metadata of its own
 * can use that up; what cannot be written then is lost, and fsync says -ENOSPC.
 *
 * C1  Claims do not overlap, and lie within one group each.
 * C2  The bits of a claim's blocks are clear in memory.
 * C3  avail of a group = its clear bits less its claims' blocks; free_blocks is
 *     the sum.
 * Locks: group_lock guards bit maps and descriptors, and is held where claims
 *	are made (so what a search finds free stays so); fs->spin guards the
 *	tree and the counts.
 *
 * The bit maps themselves: bitmap.c; claims and promises: claim.c. Here: the
 * search, taking and freeing.
 */
#include "fs/ext/balloc.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/mem/frame.h"
#include "kernel/vm/reserve.h"

#define GROUPS_PER_FRAME ((u32)(PAGE_SIZE / sizeof(struct ext_group)))
#define GROUPS_MAX	(GROUPS_PER_FRAME * (u32)(PAGE_SIZE / sizeof(void *)))
#define META_KEPT	50u		/* for metadata: 1 in so many blocks, */
#define META_KEPT_MAX	4096u		/* and at most so many */
#define TRIES_LONG	3u		/* groups looked at for a long run */
#define TRIES_MAX	64u		/* groups that have changed meanwhile */
#define NEAR_ENOUGH	8u		/* blocks right at the goal will do */

static BOUND_ROW(ext_mount_group);

/* ---- searching ---- */

static u32
avail_of(const struct ext_fs *fs, u32 group)
{
	return READ_ONCE(ext_group(fs, group)->avail);
}

/* From the goal's group on: the first that has least blocks, else the one that
 * has the most. False: none has any. */
static bool
group_choose(const struct ext_fs *fs, u32 from, u32 least, u32 *out)
{
	u32 most = 0;

	for (u32 k = 0; k < fs->ngroups; k++) {
		u32 group = from + k < fs->ngroups ? from + k :
		    from + k - fs->ngroups, n = avail_of(fs, group);

		if (n > most) {
			most = n;
			*out = group;
		}
		if (n >= least)
			break;
	}
	return most > 0;
}

/* A run of free blocks, by bits of a group. */
struct run {
	u32		bit, n;
};

/* Of the clear bits [bit, end): the first run that no claim has. */
static struct run
run_unclaimed(struct ext_fs *fs, u64 first, u32 bit, u32 end)
{
	struct run r = { bit, end - bit };

	spin_lock(&fs->spin);
	while (r.n > 0) {
		struct ext_claim *c = ext_claim_after_locked(fs, first + r.bit);

		if (c == NULL || c->block >= first + end)
			break;
		if (c->block > first + r.bit) {
			r.n = (u32)(c->block - first) - r.bit;
			break;
		}
		r.bit = (u32)MIN(c->block + c->n - first, (u64)end);
		r.n = end - r.bit;
	}
	spin_unlock(&fs->spin);
	return r;
}

/* The first run of want in [from, to), or the longest. near: right at from,
 * less will do. */
static struct run
run_find(struct ext_fs *fs, u64 first, const u64 *map, u32 from, u32 to,
    u32 want, bool near)
{
	struct run best = { 0, 0 }, r;
	u32 bit = from;

	while (best.n < want) {
		u32 end;

		bit = (u32)bitmap_find_next_zero(map, to, bit);
		if (bit >= to)
			break;
		end = (u32)bitmap_find_next(map, to, bit);
		r = run_unclaimed(fs, first, bit, end);
		if (r.n > best.n)
			best = r;
		if (near && r.bit == from && r.n >= MIN(want, NEAR_ENOUGH))
			break;
		bit = r.bit + r.n;
	}
	return best;
}

/* How many of r.n blocks the use may have; counted. */
static u32
run_admit_locked(struct ext_fs *fs, const struct ext_search *s,
    enum ext_use use, u32 n, bool for_root)
{
	u32 promised = use == EXT_USE_PROMISED ? s->promised : 0;
	u64 spare = ext_space_locked(fs, for_root);

	if (use == EXT_USE_META)
		return n;
	promised = (u32)MIN((u64)MIN(promised, n), fs->reserved_blocks);
	fs->reserved_blocks -= promised;
	return promised + (u32)MIN((u64)(n - promised), spare);
}

/* Claim the run, or as much of it as may be had. NULL: nothing. */
static struct ext_claim *
run_claim(struct ext_fs *fs, const struct ext_search *s, enum ext_use use,
    u64 block, u32 n, struct buffer *map)
{
	struct ext_claim *c = ext_claim_create();
	bool for_root = ext_may_use_root(fs);

	c->block = block;
	spin_lock(&fs->spin);
	c->n = run_admit_locked(fs, s, use, n, for_root);
	if (c->n > 0) {
		ext_claim_link_locked(fs, c);
		ext_count_avail_locked(fs, block, -(s64)c->n);
	}
	spin_unlock(&fs->spin);
	if (c->n == 0) {
		ext_claim_free(c);
		return NULL;
	}
	c->bitmap = map;
	buffer_ref(map);
	return c;
}

/* In that group, whose bit map is b, from the goal on if it lies there;
 * group_lock held. */
static int
group_search(struct ext_fs *fs, u32 group, struct ext_search *s,
    enum ext_use use, struct buffer *b, struct ext_claim **out)
{
	u64 first = ext_group_first_block(fs, group);
	u32 n = ext_group_blocks(fs, group), at = 0;
	struct run r;
	int rc = 0;

	*out = NULL;
	if (s->goal > first && s->goal < first + n)
		at = (u32)(s->goal - first);
	r = run_find(fs, first, (u64 *)b->data, at, n, s->want, true);
	if (r.n < s->want && at > 0 && !(r.bit == at && r.n >= NEAR_ENOUGH)) {
		struct run low = run_find(fs, first, (u64 *)b->data, 0, at,
		    s->want, false);

		if (low.n > r.n)
			r = low;
	}
	/* A short piece will do only where no other group has better. */
	if (r.n > 0 && (r.n >= s->want / 4 || s->tries >= TRIES_LONG))
		*out = run_claim(fs, s, use, first + r.bit,
		    MIN(r.n, s->want), b);
	else
		rc = -EAGAIN;
	if (rc == 0 && *out == NULL)
		rc = -ENOSPC;
	return rc;
}

/* The group to be looked at; -ENOSPC. */
static int
search_begin(struct ext_fs *fs, struct ext_search *s, u32 *group)
{
	u32 from;

	if (s->goal < fs->first_block || s->goal >= fs->nblocks)
		s->goal = fs->first_block;
	s->want = MIN(s->want, fs->blocks_per_group);
	from = ext_group_of(fs, s->goal);
	if (group_choose(fs, from, s->tries < TRIES_LONG ? s->want : 1, group))
		return 0;
	ext_aheads_recall(fs, s->want);
	return group_choose(fs, from, 1, group) ? 0 : -ENOSPC;
}

int
ext_claim_peek_locked(struct ext_fs *fs, u64 goal, struct ext_claim **out)
{
	struct ext_search s = { .goal = goal, .want = 1 };
	struct buffer *b;
	u32 group;
	int rc = search_begin(fs, &s, &group);

	*out = NULL;
	if (rc != 0)
		return rc;
	b = ext_map_find(fs, group);
	if (b == NULL)
		return ext_want(EXT_WANT_BITMAP, NULL, group);
	rc = group_search(fs, group, &s, EXT_USE_META, b, out);
	buffer_put(b);
	/* Another has just had the group's last one. */
	return rc == -EAGAIN ? ext_want(EXT_WANT_AGAIN, NULL, 0) : rc;
}

int
ext_claim_peek(struct ext_fs *fs, u64 goal, struct ext_claim **out)
{
	int rc;

	mutex_lock(&fs->group_lock);
	rc = ext_claim_peek_locked(fs, goal, out);
	mutex_unlock(&fs->group_lock);
	return rc;
}

int
ext_claim_get(struct ext_fs *fs, struct ext_search *s, enum ext_use use,
    struct ext_claim **out)
{
	struct buffer *b;
	u32 group;
	int rc = search_begin(fs, s, &group);

	if (rc != 0)
		return rc;
	mutex_lock(&fs->group_lock);
	rc = ext_map_get(fs, group, &b);
	if (rc == 0) {
		rc = group_search(fs, group, s, use, b, out);
		buffer_put(b);
	}
	mutex_unlock(&fs->group_lock);
	if (rc == -EAGAIN) {
		if (++s->tries > TRIES_MAX)
			return -ENOSPC;
		group = group + 1 < fs->ngroups ? group + 1 : 0;
		s->goal = ext_group_first_block(fs, group);
	}
	return rc;
}

/* ---- taking and freeing ---- */

int
ext_claim_take(struct ext_fs *fs, struct ext_claim *c)
{
	u32 group = ext_group_of(fs, c->block);
	u32 bit = (u32)(c->block - ext_group_first_block(fs, group));
	u64 *map = (u64 *)c->bitmap->data;
	bool is_sound;

	mutex_lock(&fs->group_lock);
	/* C2, unless a hostile disk has one bit map for two groups. */
	is_sound = bitmap_find_next(map, bit + c->n, bit) == bit + c->n;
	if (is_sound) {
		ext_write_buffer(fs, c->bitmap);
		ext_bits_set(map, bit, c->n);
		ext_count_free(fs, group, -(s64)c->n);
	}
	spin_lock(&fs->spin);
	rb_erase(&fs->claims, &c->node);
	spin_unlock(&fs->spin);
	mutex_unlock(&fs->group_lock);
	ext_claim_free(c);
	return is_sound ? 0 : ext_error(fs, "group %u: its bit map changed",
	    group);
}

int
ext_block_alloc(struct ext_fs *fs, u64 goal, u64 *out)
{
	struct ext_search s = { .goal = goal, .want = 1 };
	struct ext_claim *c = NULL;
	int rc = -EAGAIN;

	/* Another may have had the group's last one meanwhile. */
	for (u32 turn = 0; turn < 3 && rc == -EAGAIN; turn++)
		rc = ext_claim_get(fs, &s, EXT_USE_META, &c);
	if (rc != 0)
		return rc == -EAGAIN ? -ENOSPC : rc;
	*out = c->block;
	return ext_claim_take(fs, c);
}

void
ext_blocks_begin(struct ext_fs *fs, u32 group, struct buffer *b)
{
	ext_write_buffer(fs, b);
	ext_count_free(fs, group, 0);
}

/* Freed blocks, to be had when tid is durable. fresh: for them, if they do not
 * lengthen a neighbour. True: it was used. */
static bool
claim_freed_locked(struct ext_fs *fs, u64 block, u32 n, u32 tid,
    struct ext_claim *fresh)
{
	struct ext_claim *c = block > fs->first_block ?
	    ext_claim_after_locked(fs, block - 1) : NULL;

	fs->pending_blocks += n;
	if (c != NULL && c->is_freed && c->tid == tid &&
	    c->block + c->n == block &&
	    ext_group_of(fs, c->block) == ext_group_of(fs, block)) {	/* C1 */
		c->n += n;
		return false;
	}
	if (c != NULL && c->block < block)
		c = ext_claim_after_locked(fs, block);
	if (c != NULL && c->is_freed && c->tid == tid &&
	    block + n == c->block &&
	    ext_group_of(fs, c->block) == ext_group_of(fs, block)) {
		c->block = block;	/* its place in the tree stays */
		c->n += n;
		return false;
	}
	fresh->block = block;
	fresh->n = n;
	fresh->tid = tid;
	fresh->is_freed = true;
	ext_claim_link_locked(fs, fresh);
	list_push_back(&fs->freed, &fresh->list);
	return true;
}

/* Their bits are clear: who may have them, and from when on? */
static void
blocks_release(struct ext_fs *fs, u64 block, u32 n)
{
	struct ext_claim *fresh = ext_claim_create();
	u32 tid = fs->journal != NULL ? journal_tid(fs->journal) : 0;
	bool is_used = false;

	spin_lock(&fs->spin);
	if (fs->journal == NULL)
		ext_count_avail_locked(fs, block, n);
	else
		is_used = claim_freed_locked(fs, block, n, tid, fresh);
	spin_unlock(&fs->spin);
	if (!is_used)
		ext_claim_free(fresh);
}

/* Their bits, in b, are cleared; group_lock held. */
static int
blocks_clear(struct ext_fs *fs, struct buffer *b, u64 block, u32 n)
{
	u32 group = ext_group_of(fs, block);
	u32 bit = (u32)(block - ext_group_first_block(fs, group));
	u64 *map = (u64 *)b->data;

	if (bitmap_find_next_zero(map, bit + n, bit) != bit + n)
		return ext_error(fs, "block %lu: freed twice", block);
	ext_write_buffer(fs, b);
	for (u32 k = bit; k < bit + n; k++)
		bitmap_clear(map, k);
	ext_count_free(fs, group, n);
	blocks_release(fs, block, n);
	return 0;
}

/* May [block, +n), which a disk names, be freed? */
static int
blocks_check(struct ext_fs *fs, u64 block, u32 n)
{
	u32 group;

	if (n == 0 || !ext_block_is_sound(fs, block, n))
		return ext_error(fs, "block %lu: cannot be freed", block);
	group = ext_group_of(fs, block);
	if (ext_group_of(fs, block + n - 1) != group ||
	    !ext_is_data(fs, group, block, n))
		return ext_error(fs, "block %lu: not a file's", block);
	return 0;
}

int
ext_blocks_free(struct ext_fs *fs, u64 block, u32 n)
{
	struct buffer *b;
	int rc = blocks_check(fs, block, n);

	if (rc != 0)
		return rc;
	mutex_lock(&fs->group_lock);
	rc = ext_map_get(fs, ext_group_of(fs, block), &b);
	if (rc == 0) {
		rc = blocks_clear(fs, b, block, n);
		buffer_put(b);
	}
	mutex_unlock(&fs->group_lock);
	return rc;
}

int
ext_bitmap_pin(struct ext_fs *fs, u64 block, struct ext_pins *pins)
{
	struct buffer *b;
	int rc = blocks_check(fs, block, 1);

	if (rc != 0)
		return rc;
	b = ext_map_find(fs, ext_group_of(fs, block));
	if (b != NULL) {
		ext_pin(pins, b);
		return 0;
	}
	pins->missing = block;
	pins->kind = EXT_BLOCK_BITMAP;
	return -EAGAIN;
}

int
ext_bitmap_get(struct ext_fs *fs, u32 group, struct buffer **out)
{
	int rc;

	mutex_lock(&fs->group_lock);
	rc = ext_map_get(fs, group, out);
	mutex_unlock(&fs->group_lock);
	return rc;
}

int
ext_bitmap_read(struct ext_fs *fs, struct ext_pins *pins)
{
	struct buffer *b;
	int rc = ext_bitmap_get(fs, ext_group_of(fs, pins->missing), &b);

	if (rc != 0)
		return rc;
	ext_pin(pins, b);
	return -EAGAIN;
}

int
ext_blocks_free_pinned(struct ext_fs *fs, u64 block, u32 n)
{
	struct buffer *b;
	int rc = blocks_check(fs, block, n);

	if (rc != 0)
		return rc;
	b = ext_map_find(fs, ext_group_of(fs, block));
	if (b == NULL)		/* a hostile disk's maps share blocks */
		return ext_error(fs, "block %lu: its bit map is gone", block);
	mutex_lock(&fs->group_lock);
	rc = blocks_clear(fs, b, block, n);
	mutex_unlock(&fs->group_lock);
	buffer_put(b);
	return rc;
}

void
ext_claims_committed(struct ext_fs *fs, u32 tid)
{
	struct ext_claim *c;

	do {
		spin_lock(&fs->spin);
		c = list_first(&fs->freed, struct ext_claim, list);
		if (c != NULL && (s32)(c->tid - tid) > 0)
			c = NULL;
		if (c != NULL) {
			list_remove(&c->list);
			rb_erase(&fs->claims, &c->node);
			fs->pending_blocks -= c->n;
			ext_count_avail_locked(fs, c->block, c->n);
		}
		spin_unlock(&fs->spin);
		if (c != NULL)
			ext_claim_free(c);
	} while (c != NULL);
}

/* ---- mount ---- */

/* Set the counts of one group. */
static int
group_init(struct ext_fs *fs, u32 group)
{
	struct buffer *b;
	u32 n = ext_desc_free_blocks(ext_desc(fs, group, &b), fs->desc_bytes);

	if (n > ext_group_blocks(fs, group))
		return ext_error(fs, "group %u: %u free blocks", group, n);
	*ext_group(fs, group) = (struct ext_group){ .avail = n };
	fs->free_blocks += n;
	return 0;
}

int
ext_alloc_init(struct ext_fs *fs)
{
	const struct ext_super *s = ext_super(fs);
	int rc;

	rb_init(&fs->claims);
	list_init(&fs->freed);
	list_init(&fs->aheads);
	fs->free_blocks = fs->reserved_blocks = 0;
	fs->pending_blocks = fs->ahead_blocks = 0;
	fs->meta_blocks = MIN(fs->nblocks / META_KEPT, META_KEPT_MAX);
	fs->root_blocks = s->r_blocks_count_lo |
	    (fs->incompat & EXT_INCOMPAT_64BIT ?
	    (u64)s->r_blocks_count_hi << 32 : 0);
	fs->root_blocks = MIN(fs->root_blocks, fs->nblocks / 2);
	fs->root_uid = s->def_resuid | (u32)s->def_resuid_hi << 16;
	fs->root_gid = s->def_resgid | (u32)s->def_resgid_hi << 16;
	if (fs->ngroups > GROUPS_MAX)
		return -EFBIG;
	rc = reserve_row(&bound_ext_mount_group);
	if (rc != 0)
		return rc;
	fs->group = frame_virt(frame_get_zero(FRAME_BUFFER));
	for (u32 k = 0; k < fs->ngroups; k++) {
		if (k % GROUPS_PER_FRAME == 0) {
			rc = reserve_row(&bound_ext_mount_group);
			if (rc != 0)
				return rc;
			fs->group[k / GROUPS_PER_FRAME] =
			    frame_virt(frame_get_zero(FRAME_BUFFER));
		}
		rc = group_init(fs, k);
		if (rc != 0)
			return rc;
	}
	return 0;
}

void
ext_alloc_fini(struct ext_fs *fs)
{
	if (fs->group == NULL)
		return;
	/* What a dead journal never made durable. */
	ext_aheads_recall(fs, ~0ul);
	for (struct ext_claim *c; (c = list_first(&fs->freed, struct ext_claim,
	    list)) != NULL;)
		ext_claims_committed(fs, c->tid);
	assert(rb_is_empty(&fs->claims));
	for (u32 k = 0; k < DIV_UP(fs->ngroups, GROUPS_PER_FRAME); k++)
		if (fs->group[k] != NULL)
			frame_put(frame_of_virt(fs->group[k]));
	frame_put(frame_of_virt(fs->group));
	fs->group = NULL;
}
