/*
 * Buffers give memory back: the shrinker goes round the caches, and in each
 * round the list of its buffers, and frees those that nobody has touched since
 * it came by the last time (buffer.c has the theory).
 */
#include "fs/cache/buffer_priv.h"
#include "kernel/lib/atomic.h"
#include "kernel/mem/frame.h"
#include "kernel/vm/reserve.h"

#define LOOK_BATCH	64u		/* looked at with the lock held */

static struct spinlock caches_lock = SPINLOCK_INIT(LOCK_BUFFERS);
static struct list caches = LIST_INIT(caches);	/* [caches_lock] */

void
buffer_reap_add(struct buffer_cache *c)
{
	spin_lock(&caches_lock);
	list_push_back(&caches, &c->node);
	spin_unlock(&caches_lock);
}

void
buffer_reap_remove(struct buffer_cache *c)
{
	spin_lock(&caches_lock);
	list_remove(&c->node);
	spin_unlock(&caches_lock);
}

static u64
buffers_count(void)
{
	return READ_ONCE(buffer_bytes) / PAGE_SIZE;
}

/* Looks that are enough to come round all caches. */
static inline u64
round_looks(void)
{
	return READ_ONCE(buffer_bytes) / 1024 + LOOK_BATCH;
}

/* b's group may go: nobody has them, nor (used: BUF_USED) touched them. */
static bool
group_is_idle_locked(struct buffer_cache *c, const struct buffer *b, u32 used)
{
	u64 first = group_first(c, b->block);

	for (u32 i = 0; i < group_blocks(c); i++) {
		b = buffer_table_find(c, first + i);
		if (b != NULL && (atomic_load(&b->refs) != 0 ||
		    atomic_load(&b->state) & (BUF_DIRTY | BUF_BUSY | used)))
			return false;
	}
	return true;
}

/* Free the buffers of b's group; how many frames came back. */
static u32
group_evict_locked(struct buffer_cache *c, const struct buffer *b)
{
	u64 first = group_first(c, b->block);
	struct frame *f = frame_of_virt(b->data);
	u32 freed = 0;

	for (u32 i = 0; i < group_blocks(c); i++) {
		struct buffer *one = buffer_table_find(c, first + i);

		if (one == NULL ||
		    atomic_cmpxchg(&one->refs, 0u, BUF_DEAD) != 0)
			continue;		/* a look-up was faster */
		freed = f->refs == 1;
		buffer_free_locked(one);
	}
	return freed;
}

/* Look at the first few; *looks goes down by each. Frames freed. In the last
 * round those that are touched all the time go, too: better than processes. */
static u64
cache_reap_locked(struct buffer_cache *c, u64 want, u64 *looks)
{
	u32 used = *looks > round_looks() ? BUF_USED : 0;
	u64 freed = 0;

	for (u32 i = 0; i < LOOK_BATCH && *looks > 0 && freed < want; i++) {
		struct buffer *b = list_first(&c->lru, struct buffer, lru);

		if (b == NULL)
			break;
		--*looks;
		list_remove(&b->lru);
		list_push_back(&c->lru, &b->lru);
		buffer_settle_locked(b);
		if (group_is_idle_locked(c, b, used))
			freed += group_evict_locked(c, b);
		else
			atomic_and(&b->state, ~(u32)BUF_USED);
	}
	return freed;
}

/* Some frames of the cache whose turn it is. *looks is 0: no more. */
static u64
caches_reap(u64 want, u64 *looks)
{
	struct buffer_cache *c;
	u64 freed = 0;

	if (!spin_trylock(&caches_lock)) {
		*looks = 0;
		return 0;
	}
	c = list_first(&caches, struct buffer_cache, node);
	if (c == NULL) {
		*looks = 0;
	} else {
		list_remove(&c->node);
		list_push_back(&caches, &c->node);
		--*looks;
		if (spin_trylock(&c->lock)) {
			freed = cache_reap_locked(c, want, looks);
			spin_unlock(&c->lock);
		}
	}
	spin_unlock(&caches_lock);
	return freed;
}

static u64
buffers_shrink(u64 want)
{
	/* The first round may find all of them touched, and the second. */
	u64 looks = 3 * round_looks(), freed = 0;

	while (freed < want && looks > 0)
		freed += caches_reap(want - freed, &looks);
	return freed;
}

static struct shrinker buffer_shrinker = {
	.name = "buffers",
	.count = buffers_count,
	.shrink = buffers_shrink,
};

void
buffer_reap_init(void)
{
	reserve_add_shrinker(&buffer_shrinker);
}
