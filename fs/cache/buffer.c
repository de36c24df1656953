/*
 * Buffers: blocks of metadata in memory.
 *
 * The problem: a look-up of a block that is in memory happens many times in
 * each change of a file system, on all CPUs, while memory may be wanted back at
 * any time, and a buffer that is in use must stay where it is.
 *
 * A look-up goes under RCU and writes one word, the count of references. It
 * takes its reference first and looks then: a count with BUF_DEAD in it is that
 * of a buffer on its way out, whose memory stays for a grace period, and which
 * is not found in the table by who comes under the lock. So the one that evicts
 * changes 0 to BUF_DEAD by compare-and-exchange, and has won.
 *
 * One hash table (table.h) has the buffers of all caches: a look-up draws a
 * buffer and its data, and nothing else.
 *
 * Buffers stay on the cache's list (lru) whether they have references or not,
 * so that neither taking nor dropping one touches a lock. A hit sets BUF_USED,
 * if it is not set; the shrinker goes round the list, as a clock's hand does:
 * it clears that bit, and frees what has not been touched since it came by the
 * last time.
 *
 * Small blocks share frames: the blocks of one aligned frame of the disk stand
 * in one frame of memory, which has a reference for each buffer that is there.
 * They are looked at and freed together, since only the last one gives memory
 * back; and a look-up draws one frame at most, whatever the size of blocks.
 *
 * BUSY is a lock that sleeps, held from a read's or write's start to the
 * interrupt that ends it. Who wants it waits on one of a few queues, by the
 * buffer's address.
 *
 * Invariants: B1 a buffer is in the table and on the list, or dead (both change
 *	under the lock).
 *	B2 without a journal, who makes a clean buffer dirty puts it into the
 *	tree of those to be written (BUF_TAGGED), which has a reference. It
 *	leaves only where it is neither dirty nor BUSY, under the lock: so what
 *	a failed write left dirty is there, and a walk in the order of blocks
 *	finds all.
 *	B3 BUSY is set by who has a reference; the interrupt that ends it drops
 *	its reference first. So a buffer that is neither BUSY nor referenced is
 *	not about to change.
 * Locks: cache.lock guards the cache's buffers in the table, and the list;
 *	never in interrupts. caches_lock before it, by trying: only the shrinker
 *	holds both. table.lock, last, guards the chains.
 */
#include "fs/cache/buffer_priv.h"
#include "fs/cache/table.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/hash.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/wait.h"
#include "kernel/vm/reserve.h"
#include "kernel/x86/cpu.h"

#define QUEUE_BITS	6
#define QUEUES		(1u << QUEUE_BITS)
#define WRITE_BATCH	32u		/* buffers started with one command */

static KMEM_CACHE(buffer_slab, "buffer", struct buffer);

/* Apart: who waits for one does not slow down another. */
struct busy_queue {
	struct waitq	q;
} aligned(CACHE_LINE);
static struct busy_queue busy_queues[QUEUES];

u64 buffer_bytes;

static struct cache_table table = CACHE_TABLE_INIT;

/* ---- finding ---- */

/* A reference to a buffer found under RCU; false: it is dead. */
static inline bool
buffer_try_ref(struct buffer *b)
{
	/* What is added to a dead one's count does no harm. */
	return likely(!(atomic_fetch_add(&b->refs, 1) & BUF_DEAD));
}

static inline void
buffer_touch(struct buffer *b)
{
	if (!(atomic_load_relaxed(&b->state) & BUF_USED))
		atomic_or(&b->state, BUF_USED);
}

static inline struct hlist *
chain_of(const struct buffer_cache *c, u64 block)
{
	return cache_chain_of(&table, c, block);
}

struct buffer *
buffer_table_find(const struct buffer_cache *c, u64 block)
{
	struct buffer *b;

	hlist_for_each(b, chain_of(c, block), hash_node)
		if (b->block == block && b->cache == c)
			return b;
	return NULL;
}

struct buffer *
buffer_find(struct buffer_cache *c, u64 block)
{
	struct buffer *b;

	rcu_read_lock();
	b = buffer_table_find(c, block);
	if (b != NULL && !buffer_try_ref(b))
		b = NULL;
	rcu_read_unlock();
	if (likely(b != NULL))
		buffer_touch(b);
	return b;
}

void
buffer_ref(struct buffer *b)
{
	u32 old = atomic_fetch_add(&b->refs, 1);

	dassert(!(old & BUF_DEAD));
	(void)old;
}

void
buffer_put(struct buffer *b)
{
	u32 old = atomic_fetch_sub(&b->refs, 1);

	dassert(old != 0 && !(old & BUF_DEAD));
	(void)old;
}

/* ---- life ---- */

/* A buffer that has the frame of block's, or NULL. */
static struct buffer *
group_find_locked(struct buffer_cache *c, u64 block)
{
	u64 first = group_first(c, block);
	struct buffer *b = NULL;

	if (group_blocks(c) == 1)
		return NULL;
	for (u32 i = 0; b == NULL && i < group_blocks(c); i++)
		b = buffer_table_find(c, first + i);
	return b;
}

/* Give b its place in f, or, if there is one, in the frame that others of its
 * group have. f's reference passes. */
static void
buffer_set_data_locked(struct buffer *b, struct frame *f)
{
	struct buffer_cache *c = b->cache;
	const struct buffer *other = group_find_locked(c, b->block);

	if (other != NULL) {
		frame_put(f);
		f = frame_of_virt(other->data);
		frame_ref(f);
	}
	b->data = (u8 *)frame_virt(f) +
	    (b->block - group_first(c, b->block)) * c->block_bytes;
}

static struct buffer *
buffer_create(struct buffer_cache *c, u64 block)
{
	struct buffer *b = kmem_get_zero(&buffer_slab);

	b->block = block;
	b->cache = c;
	b->refs = 1;
	b->state = BUF_USED;
	list_init(&b->j_node);
	list_init(&b->j_check);
	return b;
}

static noinline struct buffer *
buffer_get_slow(struct buffer_cache *c, u64 block)
{
	struct buffer *b = buffer_create(c, block), *other;
	struct frame *f = frame_get(FRAME_BUFFER);

	spin_lock(&c->lock);
	other = buffer_table_find(c, block);
	if (other != NULL) {
		buffer_ref(other);		/* B1: not dead */
		spin_unlock(&c->lock);
		frame_put(f);
		kmem_put(&buffer_slab, b);
		return other;
	}
	buffer_set_data_locked(b, f);
	cache_table_add(&table, chain_of(c, block), &b->hash_node);
	list_push_back(&c->lru, &b->lru);
	c->nbuffers++;
	spin_unlock(&c->lock);
	atomic_add(&buffer_bytes, c->block_bytes);
	return b;
}

struct buffer *
buffer_get(struct buffer_cache *c, u64 block)
{
	struct buffer *b;

	assert(block < c->nblocks);
	b = buffer_find(c, block);
	return likely(b != NULL) ? b : buffer_get_slow(c, block);
}

static void
buffer_free_rcu(struct rcu_head *head)
{
	kmem_put(&buffer_slab, CONTAINER_OF(head, struct buffer, rcu));
}

void
buffer_free_locked(struct buffer *b)
{
	struct buffer_cache *c = b->cache;

	cache_table_remove(&table, &b->hash_node);
	list_remove(&b->lru);
	c->nbuffers--;
	atomic_sub(&buffer_bytes, c->block_bytes);
	frame_put(frame_of_virt(b->data));
	rcu_call(&b->rcu, buffer_free_rcu);
}

/* ---- BUSY ---- */

static inline struct waitq *
busy_queue(const struct buffer *b)
{
	return &busy_queues[hash_ptr(b, QUEUE_BITS)].q;
}

static inline bool
is_busy(const struct buffer *b)
{
	return atomic_load_acquire(&b->state) & BUF_BUSY;
}

static inline bool
busy_try(struct buffer *b)
{
	return !(atomic_fetch_or(&b->state, BUF_BUSY) & BUF_BUSY);
}

/* b may be gone then. */
static void
busy_end(struct buffer *b)
{
	struct waitq *q = busy_queue(b);

	atomic_and(&b->state, ~(u32)BUF_BUSY);
	waitq_wake_all(q, 0);
}

void
buffer_wait(struct buffer *b)
{
	WAIT_EVENT(busy_queue(b), !is_busy(b));
}

static void
busy_begin(struct buffer *b)
{
	while (!busy_try(b))
		buffer_wait(b);
}

/* What a failed read or write of b is to its caller. */
static int
buffer_error(const struct buffer *b)
{
	return block_is_gone(b->cache->dev) ? -ENODEV : -EIO;
}

static void
request_fill(struct buffer *b, enum block_op op,
    void (*done)(struct block_request *rq))
{
	const struct buffer_cache *c = b->cache;

	atomic_and(&b->state, ~(u32)BUF_FAILED);
	b->seg = (struct block_seg){ virt_to_phys(b->data), c->block_bytes };
	b->rq = (struct block_request){
		.dev = c->dev,
		.op = op,
		.flags = BLOCK_META,
		.lba = b->block * (c->block_bytes / SECTOR_SIZE),
		.segs = &b->seg,
		.nsegs = 1,
		.done = done,
		.priv = b,
	};
}

/* ---- reading ---- */

/* The read's reference goes before BUSY does (B3). */
static void
read_done(struct block_request *rq)
{
	struct buffer *b = rq->priv;

	atomic_or(&b->state, rq->error == 0 ? BUF_UPTODATE : BUF_FAILED);
	buffer_put(b);
	busy_end(b);
}

/* b is BUSY, by the caller; it is until it is read. */
static void
read_start(struct buffer *b)
{
	buffer_ref(b);
	request_fill(b, BLOCK_READ, read_done);
	block_submit(&b->rq);
}

static inline bool
is_uptodate(const struct buffer *b)
{
	return atomic_load_acquire(&b->state) & BUF_UPTODATE;
}

/* Have b read, by this thread or another. 0 or an error. */
static noinline int
buffer_fill(struct buffer *b)
{
	while (!is_uptodate(b)) {
		if (busy_try(b)) {
			if (is_uptodate(b)) {
				busy_end(b);
				break;
			}
			read_start(b);
		}
		buffer_wait(b);
		if (atomic_load(&b->state) & BUF_FAILED && !is_uptodate(b))
			return buffer_error(b);
	}
	return 0;
}

int
buffer_read(struct buffer_cache *c, u64 block, struct buffer **out)
{
	struct buffer *b = buffer_get(c, block);
	int rc = 0;

	if (unlikely(!is_uptodate(b)))
		rc = buffer_fill(b);
	if (unlikely(rc != 0)) {
		buffer_put(b);
		return rc;
	}
	*out = b;
	return 0;
}

struct buffer *
buffer_get_zero(struct buffer_cache *c, u64 block)
{
	struct buffer *b = buffer_get(c, block);

	busy_begin(b);		/* it may have been read ahead */
	memset(b->data, 0, c->block_bytes);
	atomic_and(&b->state, ~(u32)(BUF_CHECKED | BUF_FAILED));
	atomic_or(&b->state, BUF_UPTODATE);
	busy_end(b);
	return b;
}

void
buffer_read_ahead(struct buffer_cache *c, u64 block)
{
	struct buffer *b;

	if (reserve_is_short())
		return;
	b = buffer_get(c, block);
	if (!is_uptodate(b) && busy_try(b)) {
		if (is_uptodate(b))
			busy_end(b);
		else
			read_start(b);
	}
	buffer_put(b);
}

/* ---- writing ---- */

static void
write_done(struct block_request *rq)
{
	struct buffer *b = rq->priv;

	if (unlikely(rq->error != 0))
		atomic_or(&b->state, BUF_FAILED | BUF_DIRTY);
	b->written(b, rq->error);
	busy_end(b);
}

/* b is BUSY, by the caller. What changes it from here on makes it dirty. */
static void
write_prepare(struct buffer *b, void (*done)(struct buffer *b, int error))
{
	b->written = done;
	atomic_and(&b->state, ~(u32)BUF_DIRTY);
	request_fill(b, BLOCK_WRITE, write_done);
}

void
buffer_write_start(struct buffer *b, void (*done)(struct buffer *b, int error))
{
	/* The interrupt that ends the last write may not be through yet. */
	while (!busy_try(b))
		cpu_pause();
	write_prepare(b, done);
	block_submit(&b->rq);
}

/* The end of writes that this file starts, each with a reference. */
static void
write_put(struct buffer *b, int error)
{
	(void)error;		/* BUF_FAILED says it to who waits */
	buffer_put(b);
}

/* Among those to be written, in order of blocks. */
static void
tag_locked(struct buffer_cache *c, struct buffer *b)
{
	struct rb_node **link = &c->tagged.node, *parent = NULL;

	while (*link != NULL) {
		parent = *link;
		link = b->block < RB_ENTRY(parent, struct buffer,
		    tag_node)->block ? &parent->left : &parent->right;
	}
	rb_link(&b->tag_node, parent, link);
	rb_insert_fix(&c->tagged, &b->tag_node);
}

/* The first of them at or behind block, or NULL. */
static struct buffer *
tagged_from_locked(const struct buffer_cache *c, u64 block)
{
	struct rb_node *n = c->tagged.node;
	struct buffer *found = NULL;

	while (n != NULL) {
		struct buffer *b = RB_ENTRY(n, struct buffer, tag_node);

		if (b->block >= block)
			found = b;
		n = b->block > block ? n->left : n->right;
		if (b->block == block)
			break;
	}
	return found;
}

/* B2 */
void
buffer_settle_locked(struct buffer *b)
{
	if ((atomic_load(&b->state) & (BUF_TAGGED | BUF_DIRTY | BUF_BUSY)) !=
	    BUF_TAGGED)
		return;
	rb_erase(&b->cache->tagged, &b->tag_node);
	atomic_and(&b->state, ~(u32)BUF_TAGGED);
	buffer_put(b);
}

void
buffer_dirty(struct buffer *b)
{
	struct buffer_cache *c = b->cache;

	if (atomic_fetch_or(&b->state, BUF_DIRTY) & BUF_DIRTY)
		return;
	spin_lock(&c->lock);
	if (!(atomic_load(&b->state) & BUF_TAGGED)) {
		buffer_ref(b);
		atomic_or(&b->state, BUF_TAGGED);
		tag_locked(c, b);
	}
	spin_unlock(&c->lock);
}

/* A write has ended: what became of it. */
static int
write_finish(struct buffer *b)
{
	struct buffer_cache *c = b->cache;
	u32 state = atomic_load(&b->state);

	spin_lock(&c->lock);
	buffer_settle_locked(b);
	spin_unlock(&c->lock);
	return state & BUF_FAILED ? buffer_error(b) : 0;
}

int
buffer_write(struct buffer *b)
{
	busy_begin(b);
	if (!(atomic_load(&b->state) & BUF_DIRTY)) {
		busy_end(b);
		return 0;
	}
	buffer_ref(b);
	write_prepare(b, write_put);
	block_submit(&b->rq);
	buffer_wait(b);
	return write_finish(b);
}

/* Requests to be submitted together. */
struct chain {
	struct block_request *first, *last;
};

static void
chain_submit(struct chain *ch)
{
	if (ch->first != NULL)
		block_submit(ch->first);
	ch->first = ch->last = NULL;
}

static void
chain_add(struct chain *ch, struct block_request *rq)
{
	if (ch->first == NULL)
		ch->first = rq;
	else
		ch->last->next = rq;
	ch->last = rq;
}

/* Add a write of b to the chain; what was there goes first if b is BUSY, since
 * that may be who it waits for. The reference passes. */
static void
chain_write(struct chain *ch, struct buffer *b)
{
	if (!busy_try(b)) {
		chain_submit(ch);
		busy_begin(b);
	}
	if (!(atomic_load(&b->state) & BUF_DIRTY)) {
		busy_end(b);
		buffer_put(b);
		return;
	}
	write_prepare(b, write_put);
	chain_add(ch, &b->rq);
}

/* References to the next tagged buffers from *block on, up to max; *block is
 * behind them then. */
static u32
tagged_get(struct buffer_cache *c, u64 *block, struct buffer *out[], u32 max)
{
	u32 n = 0;

	spin_lock(&c->lock);
	while (n < max) {
		struct buffer *b = tagged_from_locked(c, *block);

		if (b == NULL)
			break;
		buffer_ref(b);
		out[n++] = b;
		*block = b->block + 1;
	}
	spin_unlock(&c->lock);
	return n;
}

struct buffer *
buffer_next_dirty(struct buffer_cache *c, u64 *block)
{
	struct buffer *b;

	return tagged_get(c, block, &b, 1) > 0 ? b : NULL;
}

static void
write_all_start(struct buffer_cache *c)
{
	struct buffer *batch[WRITE_BATCH];
	struct chain ch = { NULL, NULL };
	u64 block = 0;
	u32 n;

	while ((n = tagged_get(c, &block, batch, WRITE_BATCH)) > 0) {
		for (u32 i = 0; i < n; i++)
			chain_write(&ch, batch[i]);
		chain_submit(&ch);
	}
}

int
buffer_write_all(struct buffer_cache *c)
{
	struct buffer *b;
	u64 block = 0;
	int rc, error = 0;

	write_all_start(c);
	while (tagged_get(c, &block, &b, 1) > 0) {
		buffer_wait(b);
		rc = write_finish(b);
		if (error == 0)
			error = rc;
		buffer_put(b);
	}
	return error;
}

/* ---- caches ---- */

void
buffer_cache_init(struct buffer_cache *c, struct block_dev *d, u32 block_bytes,
    u64 nblocks)
{
	assert(block_bytes == 1024 || block_bytes == 2048 ||
	    block_bytes == 4096);
	assert(nblocks <= d->nsectors / (block_bytes / SECTOR_SIZE));
	*c = (struct buffer_cache){ .dev = d, .block_bytes = block_bytes,
	    .nblocks = nblocks };
	spin_init(&c->lock, LOCK_BUFFERS);
	list_init(&c->lru);
	buffer_reap_add(c);
}

/* The next to be forgotten: with a reference, or NULL. */
static struct buffer *
fini_next(struct buffer_cache *c)
{
	struct buffer *b;

	spin_lock(&c->lock);
	b = list_first(&c->lru, struct buffer, lru);
	if (b != NULL)
		buffer_ref(b);
	spin_unlock(&c->lock);
	return b;
}

void
buffer_cache_fini(struct buffer_cache *c)
{
	struct buffer *b;
	u32 refs;

	buffer_reap_remove(c);
	while ((b = fini_next(c)) != NULL) {
		buffer_wait(b);			/* read ahead, perhaps */
		spin_lock(&c->lock);
		atomic_and(&b->state, ~(u32)BUF_DIRTY);
		buffer_settle_locked(b);
		refs = atomic_cmpxchg(&b->refs, 1u, BUF_DEAD);
		assert(refs == 1);
		buffer_free_locked(b);
		spin_unlock(&c->lock);
		preempt_point();
	}
	assert(c->nbuffers == 0 && rb_is_empty(&c->tagged));
}

void
buffer_init(void)
{
	cache_table_init(&table);
	for (u32 i = 0; i < QUEUES; i++)
		waitq_init(&busy_queues[i].q);
	buffer_reap_init();
}
