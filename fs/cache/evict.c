/*
 * Eviction: which pages go when memory is short.
 *
 * Two queues (Yang et al., "FIFO queues are all you need for cache eviction",
 * SOSP 2023). New pages enter the small one. Who is used there once more, after
 * the use that it was brought in for, moves to the main one when it comes to
 * the end; the others go. So a scan of a large file passes through the small
 * queue and leaves the main one alone. At the end of the main queue a page that
 * was used since goes to its beginning again, and the others go. What has gone
 * from the small queue is remembered by a fingerprint; if it comes again it
 * enters the main queue at once (it was not a scan, only slow).
 *
 *	new --> [ small, about a tenth ] --used--> [ main ] --used--+
 *	  \           | not used                   ^  | not used    |
 *	   \          v                            |  v             |
 *	    \       gone, remembered               +--|-------------+
 *	     +-- remembered? ----------------------^  gone
 *
 * "Used" is one flag (PAGE_USED). The first pass over a page, up to its end, is
 * the use that it came for: PAGE_FRESH until then.
 *
 * The queues are linked by frame numbers in the descriptors, in SHARDS pieces,
 * each with a lock of its own, by mapping and index: pages of one fill have one
 * shard, so that the lock is taken once for them. A page is on a queue from
 * before BUSY goes until it has left the tree (P6); while it is there and the
 * shard is locked its mapping exists, for who removes it needs the lock.
 *
 * A page is taken out only if the tree's reference is the only one: that is
 * frozen (1 -> 0), so that look-ups fail, and then the flags are looked at
 * again. Pages that are mapped have more references: when nothing else is left
 * they are unmapped first. At last the flushers are told to write, and reclaim
 * waits for that, as long as it gets on: else it would kill for memory that is
 * only dirty.
 *
 * Locks: shard.lock (UPPER), then mapping.spin and pager.lock by trying only.
 * Rejected: LRU lists (a lock at each use); clock over all frames.
 */
#include "fs/cache/page_priv.h"
#include "kernel/lib/assert.h"
#include "kernel/vm/reserve.h"

#define SHARDS		16u
#define SHARD_RUN_SHIFT	6	/* neighbours: a lowest node's pages */
#define SMALL_PERCENT	10u
#define BATCH		32u
#define LOOK_MAX	512u	/* pages looked at under one lock */
#define SPARE		32u	/* freed beyond what is asked for: what
				 * tickets are owed comes first */
#define UNMAP_MAX	16u
#define GHOST_FRAMES_MAX 256u
#define GHOSTS_PER_FRAME (PAGE_SIZE / sizeof(u32))

struct queue {
	pfn_t		head, tail;	/* 0: empty; new ones at the head */
	u64		n;
};

/* l lock */
struct shard {
	struct spinlock	lock;
	struct queue	small, main;	/* [l] */
} aligned(CACHE_LINE);

static struct shard shards[SHARDS];

/* Fingerprints of what has gone from small queues; racy, and may be. */
static struct {
	u32	*frame[GHOST_FRAMES_MAX];
	u32	nframes;
} ghosts;

static u64
hash_of(const void *m, u64 index)
{
	return ((u64)m * 0x9e3779b97f4a7c15ul ^ index) * 0xbf58476d1ce4e5b9ul;
}

static struct shard *
shard_of(const void *m, u64 index)
{
	return &shards[hash_of(m, index >> SHARD_RUN_SHIFT) >> 60];
}
_Static_assert(SHARDS == 16, "four bits");

/* ---- fingerprints ---- */

static u32 *
ghost_slot(u64 hash)
{
	u64 i = (hash >> 32) * (ghosts.nframes * GHOSTS_PER_FRAME) >> 32;

	return &ghosts.frame[i / GHOSTS_PER_FRAME][i % GHOSTS_PER_FRAME];
}

static void
ghost_note(u64 hash)
{
	WRITE_ONCE(*ghost_slot(hash), (u32)hash | 1);
}

/* Has it gone not long ago? It is not remembered any more. */
static bool
ghost_take(u64 hash)
{
	u32 *slot = ghost_slot(hash);

	if (READ_ONCE(*slot) != ((u32)hash | 1))
		return false;
	WRITE_ONCE(*slot, 0);
	return true;
}

/* ---- queues ---- */

static struct queue *
queue_of(struct shard *s, const struct frame *f)
{
	return page_flags(f) & PAGE_MAIN ? &s->main : &s->small;
}

static void
queue_push(struct queue *q, struct frame *f)
{
	pfn_t me = frame_pfn(f);

	f->fc_lru_prev = 0;
	f->fc_lru_next = q->head;
	if (q->head != 0)
		frames[q->head].fc_lru_prev = me;
	else
		q->tail = me;
	q->head = me;
	q->n++;
}

static void
queue_remove(struct queue *q, struct frame *f)
{
	if (f->fc_lru_prev != 0)
		frames[f->fc_lru_prev].fc_lru_next = f->fc_lru_next;
	else
		q->head = f->fc_lru_next;
	if (f->fc_lru_next != 0)
		frames[f->fc_lru_next].fc_lru_prev = f->fc_lru_prev;
	else
		q->tail = f->fc_lru_prev;
	q->n--;
}

void
evict_add(struct mapping *m, u64 index, struct frame *const *page, u32 n)
{
	struct shard *s = shard_of(m, index);
	u32 added = 0;

	spin_lock(&s->lock);
	for (u32 k = 0; k < n; k++) {
		if (page[k] == NULL)
			continue;
		dassert(shard_of(m, index + k) == s);
		if (ghost_take(hash_of(m, index + k)))
			atomic_or(&page[k]->flags, (u8)PAGE_MAIN);
		queue_push(queue_of(s, page[k]), page[k]);
		added++;
	}
	spin_unlock(&s->lock);
	atomic_add(&page_counts.pages, added);
}

void
evict_remove(struct frame *f)
{
	struct shard *s = shard_of(f->fc_owner, f->fc_index);

	spin_lock(&s->lock);
	queue_remove(queue_of(s, f), f);
	spin_unlock(&s->lock);
	atomic_dec(&page_counts.pages);
}

void
evict_counts(u64 *nsmall, u64 *nmain)
{
	*nsmall = *nmain = 0;
	for (u32 i = 0; i < SHARDS; i++) {
		*nsmall += READ_ONCE(shards[i].small.n);
		*nmain += READ_ONCE(shards[i].main.n);
	}
}

/* ---- taking pages out ---- */

/* May f go? Without looking at references. */
static bool
is_idle(const struct frame *f)
{
	return !(page_flags(f) & (PAGE_BUSY | PAGE_DIRTY | PAGE_WRITEBACK));
}

/* Take f, on a queue of s, out of its tree, if nobody uses it. The caller has
 * the frame then, without references. */
static bool
take_locked(struct shard *s, struct frame *f)
{
	struct mapping *m = f->fc_owner;
	bool ok;

	if (!is_idle(f) || atomic_load_relaxed(&f->refs) != 1 ||
	    !spin_trylock(&m->spin))
		return false;
	/* Out of the tree already, and on its way here: to drop it. */
	ok = tree_find(&m->tree, f->fc_index) == f &&
	    atomic_cmpxchg(&f->refs, 1u, 0u) == 1;
	if (ok && !is_idle(f)) {
		atomic_store(&f->refs, 1u);
		ok = false;
	}
	if (ok)
		(void)page_remove_locked(m, f);
	spin_unlock(&m->spin);
	if (!ok)
		return false;
	queue_remove(queue_of(s, f), f);
	if (!(page_flags(f) & PAGE_MAIN))
		ghost_note(hash_of(m, f->fc_index));
	WRITE_ONCE(f->fc_owner, NULL);				/* P1 */
	return true;
}

/* Look at the last page of q: it is taken out and returned; or it has another
 * place now, and NULL. */
static struct frame *
look_locked(struct shard *s, struct queue *q)
{
	struct frame *f = &frames[q->tail];
	bool used = page_flags(f) & PAGE_USED;

	if (!used && take_locked(s, f))
		return f;
	queue_remove(q, f);
	atomic_and(&f->flags, (u8)~PAGE_USED);
	if (used)
		atomic_or(&f->flags, (u8)PAGE_MAIN);
	queue_push(queue_of(s, f), f);
	return NULL;
}

/* Up to max pages of s that may go; *look: how many may be looked at. */
static u32
shard_take(struct shard *s, struct frame **out, u32 max, u64 *look)
{
	u32 n = 0;

	spin_lock(&s->lock);
	for (u32 k = 0; n < max && k < LOOK_MAX && *look > 0; k++) {
		u64 all = s->small.n + s->main.n;

		if (all == 0)
			break;
		--*look;
		out[n] = look_locked(s, s->main.n == 0 ||
		    s->small.n * 100 > all * SMALL_PERCENT ? &s->small :
		    &s->main);
		n += out[n] != NULL;
	}
	spin_unlock(&s->lock);
	return n;
}

/* Evict up to want pages, looking at each page twice at most. */
static u64
evict(struct shard *s, u64 want)
{
	u64 look = 2 * (READ_ONCE(s->small.n) + READ_ONCE(s->main.n));
	struct frame *page[BATCH];
	u64 done = 0;

	while (done < want && look > 0) {
		u32 n = shard_take(s, page, MIN(want - done, (u64)BATCH),
		    &look);

		for (u32 k = 0; k < n; k++)
			frame_free(page[k]);
		atomic_sub(&page_counts.pages, n);
		page_events_add(evicted, n);
		done += n;
		if (READ_ONCE(s->small.n) + READ_ONCE(s->main.n) == 0)
			break;
	}
	return done;
}

/* ---- mapped pages ---- */

/* A reference to m, if somebody maps it: who does has one, while he is on the
 * pager's list. Its shard is locked, so m exists. */
static bool
get_mapped(struct mapping *m)
{
	bool ok;

	if (!spin_trylock(&m->pager.lock))
		return false;
	ok = !list_is_empty(&m->pager.vmas);
	if (ok)
		m->ops->get(m);
	spin_unlock(&m->pager.lock);
	return ok;
}

/* Unmap some clean pages of s that are mapped, those that are there longest. */
static u32
unmap_some(struct shard *s)
{
	struct { struct mapping *m; u64 index; } found[UNMAP_MAX];
	u32 n = 0;

	spin_lock(&s->lock);
	for (u32 which = 0; which < 2; which++) {
		pfn_t at = which == 0 ? s->small.tail : s->main.tail;

		for (u32 k = 0; k < LOOK_MAX && at != 0 && n < UNMAP_MAX; k++) {
			struct frame *f = &frames[at];

			at = f->fc_lru_prev;
			if (!is_idle(f) || atomic_load_relaxed(&f->refs) < 2 ||
			    !get_mapped(f->fc_owner))
				continue;
			found[n].m = f->fc_owner;
			found[n++].index = f->fc_index;
		}
	}
	spin_unlock(&s->lock);
	for (u32 k = 0; k < n; k++) {
		vm_unmap_pager(&found[k].m->pager, found[k].index, 1);
		found[k].m->ops->put(found[k].m);
	}
	return n;
}

/* ---- the shrinker ---- */

/* Mapped pages count: they can be unmapped. */
static u64
evict_count(void)
{
	u64 all = atomic_load_relaxed(&page_counts.pages);
	u64 busy = atomic_load_relaxed(&page_counts.dirty) +
	    atomic_load_relaxed(&page_counts.writeback);

	return all > busy ? all - busy : 0;
}

static u32 next_shard;			/* the reclaimer's alone */

/* What s gives of want, by its part of all pages: else one would be emptied,
 * what is used in it too, before the next is looked at. */
static u64
share_of(const struct shard *s, u64 want)
{
	u64 all = MAX(atomic_load_relaxed(&page_counts.pages), 1ul);
	u64 mine = READ_ONCE(s->small.n) + READ_ONCE(s->main.n);

	return MIN(DIV_UP(want * mine, all), want);
}

static u64
evict_unmapped(u64 want)
{
	u64 done = 0;

	for (u32 i = 0; i < 2 * SHARDS && done < want; i++) {
		struct shard *s = &shards[next_shard++ % SHARDS];
		u64 n = i < SHARDS ? share_of(s, want) : want;

		done += evict(s, MIN(n, want - done));
	}
	return done;
}

static u64
evict_mapped(u64 want)
{
	u64 done = 0;

	for (u32 i = 0; i < SHARDS && done < want; i++) {
		struct shard *s = &shards[next_shard++ % SHARDS];

		/* Each turn takes some from a finite number. */
		while (done < want && unmap_some(s) > 0) {
			u64 n = evict(s, want - done);

			if (n == 0)
				break;
			done += n;
		}
	}
	return done;
}

/* The cheapest first. While less becomes dirty there is something to come. */
static u64
evict_shrink(u64 want)
{
	u64 done;

	want += SPARE;
	page_io_reap();
	done = evict_unmapped(want);
	if (done < want)
		done += evict_mapped(want - done);
	while (done < want && flushers_await())
		done += evict_unmapped(want - done);
	return done;
}

static struct shrinker evict_shrinker = {
	.name = "pages",
	.count = evict_count,
	.shrink = evict_shrink,
};

void
evict_init(void)
{
	/* A fingerprint for each frame of memory, or two. */
	ghosts.nframes = MIN(nframes / GHOSTS_PER_FRAME + 1,
	    (u64)GHOST_FRAMES_MAX);
	for (u32 i = 0; i < ghosts.nframes; i++)
		ghosts.frame[i] = frame_virt(frame_get_zero(FRAME_KERNEL));
	for (u32 i = 0; i < SHARDS; i++)
		spin_init(&shards[i].lock, LOCK_UPPER);
	reserve_add_shrinker(&evict_shrinker);
}
