/*
 * Revoke records: "do not replay what earlier transactions logged of block B".
 *
 * Without them a block that was metadata and was freed, and then became a
 * file's data (which is not logged), would be overwritten by its old content
 * when the log is replayed. Transaction T's record for B covers all up to T, so
 * T itself has either a record for B or a copy of B, never both: who uses B as
 * metadata again cancels the record (revoke_cancel()).
 *
 * While a transaction runs its records are in a hash table of it; when a log is
 * replayed, those of all of it are in one tree, the newest of each block.
 */
#include "fs/journal/journal_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/hash.h"
#include "kernel/lib/string.h"
#include "kernel/mem/slab.h"
#include "kernel/trace/log.h"
#include "kernel/vm/reserve.h"

KMEM_CACHE(revoke_cache, "journal_revoke", struct journal_revoke);
BOUND_ROW(journal_revokes);

#define REVOKES_A_SEGMENT	64u
/* Replay spends no more than this share of memory on records. */
#define REVOKES_SHARE		8u

static struct hlist *
revoke_head(struct transaction *t, u64 block)
{
	return &t->revoked[hash_bits(block, REVOKE_HEADS_BITS)];
}

struct journal_revoke *
revoke_find(struct transaction *t, u64 block)
{
	struct journal_revoke *r;

	hlist_for_each(r, revoke_head(t, block), hash)
		if (r->block == block)
			return r;
	return NULL;
}

struct journal_revoke *
revoke_get(void)
{
	return kmem_get(&revoke_cache);
}

void
revoke_put(struct journal_revoke *r)
{
	kmem_put(&revoke_cache, r);
}

void
revoke_add(struct transaction *t, struct journal_revoke *r, u64 block)
{
	r->block = block;
	hlist_push(revoke_head(t, block), &r->hash);
	t->nrevokes++;
}

void
revoke_cancel(struct transaction *t, u64 block)
{
	struct journal_revoke *r = t->nrevokes == 0 ? NULL :
	    revoke_find(t, block);

	if (r == NULL)
		return;
	hlist_remove(&r->hash);
	t->nrevokes--;
	revoke_put(r);
}

static void
stage_end(struct journal *j, u8 *block, u32 at)
{
	be32_store(block + JBD_REVOKE_COUNT, at);
	memset(block + at, 0, j->block_bytes - at);
	csum_set_tail(&j->format, block, j->block_bytes);
}

u32
revoke_stage(struct journal *j, struct transaction *t)
{
	u32 bytes = j->format.incompat & JBD_64BIT ? 8 : 4;
	u32 n = 0, at = 0;
	u8 *block = NULL;
	struct journal_revoke *r;

	for (u32 i = 0; i < REVOKE_HEADS; i++) {
		hlist_for_each(r, &t->revoked[i], hash) {
			if (block == NULL || at + bytes > j->format.tail) {
				if (block != NULL)
					stage_end(j, block, at);
				block = image_block(j, n++);
				*(struct jbd_header *)block =
				    (struct jbd_header){ be32(JBD_MAGIC),
				    be32(JBD_REVOKE), be32(t->tid) };
				at = JBD_REVOKE_FIRST;
			}
			if (bytes == 8) {
				be32_store(block + at, (u32)(r->block >> 32));
				at += 4;
			}
			be32_store(block + at, (u32)r->block);
			at += 4;
		}
	}
	if (block != NULL)
		stage_end(j, block, at);
	return n;
}

void
revoke_free_all(struct transaction *t)
{
	struct journal_revoke *r;
	struct hlist_node *next;

	for (u32 i = 0; i < REVOKE_HEADS; i++) {
		hlist_for_each_safe(r, next, &t->revoked[i], hash)
			revoke_put(r);
		hlist_init(&t->revoked[i]);
	}
	t->nrevokes = 0;
}

/* ---- replay ---- */

/* The record of block, or NULL and where it would be. */
static struct journal_revoke *
tree_find_record(struct rb_root *root, u64 block, struct rb_node **parent,
    struct rb_node ***link)
{
	struct rb_node **at = &root->node;
	struct journal_revoke *r;

	*parent = NULL;
	while (*at != NULL) {
		r = RB_ENTRY(*at, struct journal_revoke, rb);
		if (r->block == block)
			return r;
		*parent = *at;
		at = block < r->block ? &(*at)->left : &(*at)->right;
	}
	*link = at;
	return NULL;
}

/* Draws one record. */
static void
replay_note(struct journal *j, u64 block, u32 tid)
{
	struct rb_node *parent, **link;
	struct journal_revoke *r;

	r = tree_find_record(&j->revoked, block, &parent, &link);
	if (r != NULL) {
		if (tid_after(tid, r->tid))
			r->tid = tid;
		return;
	}
	r = revoke_get();
	r->block = block;
	r->tid = tid;
	rb_link(&r->rb, parent, link);
	rb_insert_fix(&j->revoked, &r->rb);
	j->nrevoked++;
}

static u64
record_at(const u8 *p, u32 bytes)
{
	return bytes == 4 ? be32_load(p) :
	    (u64)be32_load(p) << 32 | be32_load(p + 4);
}

/* As many records as memory lasts for. */
static u32
replay_limit(void)
{
	struct frame_stats s;

	frame_stats(&s);
	return (u32)MIN(s.total / REVOKES_SHARE * (PAGE_SIZE /
	    sizeof(struct journal_revoke)), (u64)1 << 30);
}

int
replay_revoke_block(struct journal *j, const struct journal_format *f,
    const u8 *block, u32 tid)
{
	u32 bytes = f->incompat & JBD_64BIT ? 8 : 4;
	u32 end = be32_load(block + JBD_REVOKE_COUNT);
	u32 at = JBD_REVOKE_FIRST;
	int rc;

	if (end < JBD_REVOKE_FIRST || end > f->tail)
		return -EUCLEAN;
	while (at + bytes <= end) {
		rc = reserve_row(&bound_journal_revokes);
		if (rc != 0)
			return rc;
		for (u32 n = 0; n < REVOKES_A_SEGMENT && at + bytes <= end;
		    n++, at += bytes)
			replay_note(j, record_at(block + at, bytes), tid);
	}
	if (j->nrevoked > replay_limit()) {
		kerr("journal: more revoke records than memory allows");
		return -EUCLEAN;
	}
	return 0;
}

bool
replay_is_revoked(struct journal *j, u64 block, u32 tid)
{
	struct rb_node *parent, **link;
	const struct journal_revoke *r;

	r = tree_find_record(&j->revoked, block, &parent, &link);
	return r != NULL && !tid_after(tid, r->tid);
}

void
replay_revoke_free(struct journal *j)
{
	struct rb_node *n;

	while ((n = j->revoked.node) != NULL) {
		rb_erase(&j->revoked, n);
		revoke_put(RB_ENTRY(n, struct journal_revoke, rb));
	}
	j->nrevoked = 0;
}
