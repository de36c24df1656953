/*
 * Claims of blocks, and promises of space: balloc.c has the theory.
 */
#include "fs/ext/balloc.h"
#include "kernel/abi/errno.h"
#include "kernel/file/cred.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/mem/slab.h"

#define META_SHARE	16u		/* blocks per block of their metadata */
#define WAIT_TRIES	4u
#define WAIT_NS		(20ul * 1000 * 1000)

static KMEM_CACHE(claim_cache, "ext-claim", struct ext_claim);

/* ---- the tree of claims ---- */

static inline struct ext_claim *
claim_entry(struct rb_node *n)
{
	return rb_entry_or_null(n, struct ext_claim, node);
}

struct ext_claim *
ext_claim_after_locked(struct ext_fs *fs, u64 block)
{
	struct ext_claim *found = NULL;
	struct rb_node *n = fs->claims.node;

	while (n != NULL) {
		struct ext_claim *c = claim_entry(n);

		if (c->block + c->n > block) {
			found = c;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	return found;
}

void
ext_claim_link_locked(struct ext_fs *fs, struct ext_claim *c)
{
	struct rb_node **link = &fs->claims.node, *parent = NULL;

	while (*link != NULL) {
		struct ext_claim *other;

		parent = *link;
		other = claim_entry(parent);
		assert(c->block + c->n <= other->block ||
		    other->block + other->n <= c->block);	/* C1 */
		link = c->block < other->block ? &parent->left : &parent->right;
	}
	rb_link(&c->node, parent, link);
	rb_insert_fix(&fs->claims, &c->node);
}

void
ext_count_avail_locked(struct ext_fs *fs, u64 block, s64 n)
{
	fs->free_blocks += (u64)n;
	ext_group(fs, ext_group_of(fs, block))->avail += (u32)n;
}

struct ext_claim *
ext_claim_create(void)
{
	struct ext_claim *c = kmem_get_zero(&claim_cache);

	list_init(&c->list);
	return c;
}

void
ext_claim_free(struct ext_claim *c)
{
	if (c->bitmap != NULL)
		buffer_put(c->bitmap);
	kmem_put(&claim_cache, c);
}

void
ext_claim_put(struct ext_fs *fs, struct ext_claim *c)
{
	spin_lock(&fs->spin);
	rb_erase(&fs->claims, &c->node);
	ext_count_avail_locked(fs, c->block, c->n);
	spin_unlock(&fs->spin);
	ext_claim_free(c);
}

struct ext_claim *
ext_claim_split(struct ext_fs *fs, struct ext_claim *c, u32 n)
{
	struct ext_claim *front = ext_claim_create();

	assert(n > 0 && n < c->n);
	front->block = c->block;
	front->n = n;
	front->bitmap = c->bitmap;
	buffer_ref(front->bitmap);
	spin_lock(&fs->spin);
	c->block += n;
	c->n -= n;
	ext_claim_link_locked(fs, front);
	spin_unlock(&fs->spin);
	return front;
}

/* ---- claims ahead of files ---- */

/* The inode has none from here on. */
static struct ext_claim *
ahead_detach_locked(struct ext_fs *fs, struct ext_claim *c)
{
	c->owner->claim = NULL;
	c->owner = NULL;
	list_remove(&c->list);
	fs->ahead_blocks -= c->n;
	return c;
}

struct ext_claim *
ext_ahead_get(struct ext_inode *e)
{
	struct ext_fs *fs = e->fs;
	struct ext_claim *c;

	spin_lock(&fs->spin);
	c = e->claim;
	if (c != NULL)
		(void)ahead_detach_locked(fs, c);
	spin_unlock(&fs->spin);
	return c;
}

void
ext_ahead_put(struct ext_inode *e, struct ext_claim *c)
{
	struct ext_fs *fs = e->fs;

	spin_lock(&fs->spin);
	if (e->claim == NULL) {
		e->claim = c;
		c->owner = e;
		list_push_back(&fs->aheads, &c->list);
		fs->ahead_blocks += c->n;
		c = NULL;
	}
	spin_unlock(&fs->spin);
	if (c != NULL)
		ext_claim_put(fs, c);
}

/* The oldest first. */
void
ext_aheads_recall(struct ext_fs *fs, u64 want)
{
	struct ext_claim *c;

	do {
		spin_lock(&fs->spin);
		c = list_first(&fs->aheads, struct ext_claim, list);
		if (c != NULL) {
			want -= MIN(want, (u64)c->n);
			(void)ahead_detach_locked(fs, c);
		}
		spin_unlock(&fs->spin);
		if (c != NULL)
			ext_claim_put(fs, c);
	} while (c != NULL && want > 0);
}

/* ---- space ---- */

bool
ext_may_use_root(const struct ext_fs *fs)
{
	const struct cred *c = current_cred();

	return c->fsuid == 0 || c->fsuid == fs->root_uid ||
	    (fs->root_gid != 0 && cred_in_group(c, fs->root_gid));
}

u64
ext_space_locked(const struct ext_fs *fs, bool for_root)
{
	u64 kept = fs->reserved_blocks + fs->reserved_blocks / META_SHARE +
	    fs->meta_blocks + (for_root ? 0 : fs->root_blocks);

	return fs->free_blocks > kept ? fs->free_blocks - kept : 0;
}

int
ext_space_reserve(struct ext_fs *fs, u64 n)
{
	bool for_root = ext_may_use_root(fs), is_had;

	for (u32 turn = 0; turn < 2; turn++) {
		spin_lock(&fs->spin);
		is_had = ext_space_locked(fs, for_root) >= n;
		if (is_had)
			fs->reserved_blocks += n;
		spin_unlock(&fs->spin);
		if (is_had)
			return 0;
		ext_aheads_recall(fs, ~0ul);
	}
	return -ENOSPC;
}

void
ext_space_unreserve(struct ext_fs *fs, u64 n)
{
	spin_lock(&fs->spin);
	assert(fs->reserved_blocks >= n);
	fs->reserved_blocks -= n;
	spin_unlock(&fs->spin);
}

u64
ext_blocks_available(struct ext_fs *fs, bool for_root)
{
	u64 n;

	spin_lock(&fs->spin);
	n = fs->free_blocks + fs->pending_blocks + fs->ahead_blocks;
	n -= MIN(n, fs->reserved_blocks);
	if (!for_root)
		n -= MIN(n, fs->root_blocks + fs->meta_blocks);
	spin_unlock(&fs->spin);
	return n;
}

bool
ext_space_wait(struct ext_fs *fs, u32 tries)
{
	if (tries >= WAIT_TRIES || READ_ONCE(fs->error) != 0)
		return false;
	if (fs->journal != NULL && READ_ONCE(fs->pending_blocks) > 0)
		return journal_commit(fs->journal,
		    journal_tid(fs->journal)) == 0;
	if (list_is_empty(&fs->orphans) && READ_ONCE(fs->reserved_blocks) == 0)
		return false;
	/* Deleted files are on their way out, or promises are kept for less
	 * than they were made for. */
	flusher_kick(fs->flusher);
	sched_sleep_ns(WAIT_NS);
	return true;
}
