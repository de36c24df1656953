/*
 * Slab caches.
 *
 * The problem: objects of one size at a few instructions each, such that the
 * frames a call may take can be bounded: at most ceil(n / per_slab) for n
 * objects of a class, whatever other calls do.
 *
 *	kmem_get:  1. this CPU's magazine (a stack of free objects; no lock)
 *	           2. the call's own private slabs of this cache
 *	           3. published slabs with free slots: half a magazine at once
 *	           4. a new frame, on the call's charge: private to the call
 *
 * The clever point is 4. A frame taken under a charge stays private until the
 * charge ends (kmem_publish()). Were its free slots shared at once, another
 * call could use them up, and this one would need a second frame for an object
 * that its bound had placed in the first. An object of a private slab that the
 * same call frees goes back to its slab, for the same reason.
 *
 * A slab is one frame; its descriptor holds the state, and free objects are
 * linked by index in their first two bytes. Magazines hold free objects too, so
 * a slab whose objects are all free may still be "in use" by a magazine.
 *
 * S1 a published slab is on the partial list (0 < free < all), on the empty
 * list
 *    (all free), or on none (none free); a private one on its charge's list.
 * S2 slab_inuse counts objects that are out: with callers or in magazines.
 *
 * Locks: cache.lock guards lists and free lists of all its slabs, private ones
 * too (another CPU may give an object of theirs back). A magazine belongs to
 * its CPU's kernel code; no interrupt handler comes here. Rejected: colouring
 * (frames are few), slabs of several frames (adjacency).
 */
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/mem/mem_priv.h"
#include "kernel/mem/slab.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"

#define MAG_MAX		15
#define NO_FREE		0xffff
#define EMPTY_KEEP	1		/* empty slabs a cache keeps */
#define RED_BYTES	8
#define RED_FREE	0xbbbbbbbbbbbbbbbbul
#define RED_USED	0xccccccccccccccccul
#define POISON		0x6b

enum slab_state { SLAB_PRIVATE, SLAB_PARTIAL, SLAB_EMPTY, SLAB_FULL };

struct magazine {
	u32	n;
	void	*obj[MAG_MAX];
};

/* By the cache's place in the linker's set. */
PERCPU_DEFINE(struct magazine [KMEM_CACHES_MAX], magazines);

static inline struct magazine *
magazine_of(struct kmem_cache *cache)
{
	return &PERCPU_THIS(struct magazine, magazines)
	    [cache - __kmem_caches_start];
}

/* ---- debug: no object is found, poison and red zones ---- */

#if defined(HARDTACK_DEBUG)
bool kmem_is_bare;

void
kmem_set_bare(bool bare)
{
	WRITE_ONCE(kmem_is_bare, bare);
}

static u64 *
red_zone(struct kmem_cache *cache, void *obj)
{
	return (u64 *)((char *)obj + cache->stride - RED_BYTES);
}

static bool
has_red_zone(struct kmem_cache *cache)
{
	return cache->stride >= cache->size + RED_BYTES;
}

static void
object_poison(struct kmem_cache *cache, void *obj)
{
	memset(obj, POISON, cache->size);
	if (has_red_zone(cache))
		*red_zone(cache, obj) = RED_FREE;
}

/* A free object is about to be used. */
static void
object_take_check(struct kmem_cache *cache, void *obj)
{
	const u8 *p = obj;

	for (u32 i = 2; i < cache->size; i++)
		if (p[i] != POISON)
			panic("slab %s: object %p written at +%u after its "
			    "free: %#x", cache->name, obj, i, p[i]);
	if (!has_red_zone(cache))
		return;
	if (*red_zone(cache, obj) != RED_FREE)
		panic("slab %s: object %p's red zone is %#lx, not free",
		    cache->name, obj, *red_zone(cache, obj));
	*red_zone(cache, obj) = RED_USED;
}

static void
object_give_check(struct kmem_cache *cache, void *obj)
{
	struct frame *f = frame_of_virt(obj);

	if (f->use != FRAME_SLAB || f->slab_cache != cache)
		panic("slab %s: %p is not its object", cache->name, obj);
	if (((u64)obj & PAGE_MASK) % cache->stride != 0)
		panic("slab %s: %p is inside an object", cache->name, obj);
	if (has_red_zone(cache) && *red_zone(cache, obj) != RED_USED)
		panic("slab %s: %p freed twice or overrun: red zone %#lx",
		    cache->name, obj, *red_zone(cache, obj));
	object_poison(cache, obj);
}
#else
void
kmem_set_bare(bool bare)
{
	(void)bare;
}

#define object_poison(cache, obj)	((void)0)
#define object_take_check(cache, obj)	((void)0)
#define object_give_check(cache, obj)	((void)0)
#endif

/* ---- slabs ---- */

static inline pfn_t *
slab_list(struct kmem_cache *cache, u32 state)
{
	return state == SLAB_PARTIAL ? &cache->partial : &cache->empty;
}

static void
slab_unlink_locked(struct kmem_cache *cache, struct frame *f)
{
	if (f->slab_state != SLAB_PARTIAL && f->slab_state != SLAB_EMPTY)
		return;
	if (f->slab_state == SLAB_EMPTY)
		cache->nempty--;
	if (f->slab_prev != 0)
		frames[f->slab_prev].slab_next = f->slab_next;
	else
		*slab_list(cache, f->slab_state) = f->slab_next;
	if (f->slab_next != 0)
		frames[f->slab_next].slab_prev = f->slab_prev;
}

/* Put f on the list that its counts ask for (S1). */
static void
slab_settle_locked(struct kmem_cache *cache, struct frame *f)
{
	u32 state = f->slab_inuse == 0 ? SLAB_EMPTY :
	    f->slab_free == NO_FREE ? SLAB_FULL : SLAB_PARTIAL;
	pfn_t *head;

	if (f->slab_state == state)
		return;
	slab_unlink_locked(cache, f);
	f->slab_state = state;
	if (state == SLAB_FULL)
		return;
	head = slab_list(cache, state);
	f->slab_prev = 0;
	f->slab_next = *head;
	if (*head != 0)
		frames[*head].slab_prev = frame_pfn(f);
	*head = frame_pfn(f);
	if (state == SLAB_EMPTY)
		cache->nempty++;
}

static void *
slab_pop_locked(struct kmem_cache *cache, struct frame *f)
{
	void *obj = (char *)frame_virt(f) + f->slab_free * cache->stride;

	dassert(f->slab_free < cache->per_slab);
	f->slab_free = *(u16 *)obj;
	f->slab_inuse++;
	return obj;
}

static void
slab_push_locked(struct kmem_cache *cache, struct frame *f, void *obj)
{
	*(u16 *)obj = f->slab_free;
	f->slab_free = ((u64)obj & PAGE_MASK) / cache->stride;
	f->slab_inuse--;
}

/* Unlink empty slabs past keep; the caller frees them, linked by slab_next. */
static struct frame *
slab_trim_locked(struct kmem_cache *cache, u32 keep)
{
	struct frame *list = NULL;

	while (cache->nempty > keep) {
		struct frame *f = &frames[cache->empty];

		slab_unlink_locked(cache, f);
		f->slab_next = list != NULL ? frame_pfn(list) : 0;
		list = f;
		cache->nslabs--;
	}
	return list;
}

static u32
slab_free_list(struct frame *list)
{
	u32 n = 0;

	while (list != NULL) {
		struct frame *next = list->slab_next != 0 ?
		    &frames[list->slab_next] : NULL;

		frame_put(list);
		list = next;
		n++;
	}
	return n;
}

/* A new slab: private to the running charge, or published if there is none. */
static struct frame *
slab_create(struct kmem_cache *cache)
{
	struct charge *c = charge_current();
	struct frame *f = frame_get(FRAME_SLAB);
	char *base = frame_virt(f);

	f->slab_cache = cache;
	f->slab_inuse = 0;
	f->slab_free = 0;
	f->slab_state = SLAB_PRIVATE;
	for (u32 i = 0; i < cache->per_slab; i++) {
		object_poison(cache, base + i * cache->stride);
		*(u16 *)(base + i * cache->stride) =
		    i + 1 < cache->per_slab ? i + 1 : NO_FREE;
	}
	if (c->bound != 0) {
		f->slab_next = c->priv != NULL ? frame_pfn(c->priv) : 0;
		c->priv = f;
	}
	return f;
}

/* ---- magazines ---- */

/* Give the magazine's objects past keep back to their slabs. */
static noinline u32
magazine_flush(struct kmem_cache *cache, struct magazine *mag, u32 keep)
{
	struct frame *list;

	spin_lock(&cache->lock);
	while (mag->n > keep) {
		void *obj = mag->obj[--mag->n];
		struct frame *f = frame_of_virt(obj);

		slab_push_locked(cache, f, obj);
		if (f->slab_state != SLAB_PRIVATE)
			slab_settle_locked(cache, f);
	}
	list = slab_trim_locked(cache, EMPTY_KEEP);
	spin_unlock(&cache->lock);
	return slab_free_list(list);
}

/* The call's own private slab of this cache with a free slot, or NULL. */
static struct frame *
private_slab_locked(struct kmem_cache *cache)
{
	struct frame *f = charge_current()->priv;

	while (f != NULL && (f->slab_cache != cache || f->slab_free == NO_FREE))
		f = f->slab_next != 0 ? &frames[f->slab_next] : NULL;
	return f;
}

/* Steps 2 to 4. */
static noinline void *
kmem_get_slow(struct kmem_cache *cache, struct magazine *mag)
{
	struct frame *f;
	void *obj;

	spin_lock(&cache->lock);
	f = private_slab_locked(cache);
	if (f != NULL) {
		obj = slab_pop_locked(cache, f);
		spin_unlock(&cache->lock);
		return obj;
	}
	while (!kmem_is_bare && mag->n < (cache->mag_cap + 1) / 2 &&
	    (cache->partial | cache->empty) != 0) {
		f = &frames[cache->partial != 0 ? cache->partial :
		    cache->empty];
		mag->obj[mag->n++] = slab_pop_locked(cache, f);
		slab_settle_locked(cache, f);
	}
	spin_unlock(&cache->lock);
	if (mag->n > 0 && !kmem_is_bare)
		return mag->obj[--mag->n];

	f = slab_create(cache);
	spin_lock(&cache->lock);
	cache->nslabs++;
	obj = slab_pop_locked(cache, f);
	if (charge_current()->bound == 0)
		slab_settle_locked(cache, f);
	spin_unlock(&cache->lock);
	return obj;
}

void *
kmem_get(struct kmem_cache *cache)
{
	struct magazine *mag = magazine_of(cache);
	void *obj;

	if (likely(mag->n > 0) && !kmem_is_bare)
		obj = mag->obj[--mag->n];
	else
		obj = kmem_get_slow(cache, mag);
	object_take_check(cache, obj);
	return obj;
}

void *
kmem_get_zero(struct kmem_cache *cache)
{
	return memset(kmem_get(cache), 0, cache->size);
}

/* obj of a slab private to the running call goes back to it: true. */
static noinline bool
kmem_put_private(struct kmem_cache *cache, void *obj)
{
	struct frame *f = frame_of_virt(obj);
	struct frame *p = charge_current()->priv;

	while (p != NULL && p != f)
		p = p->slab_next != 0 ? &frames[p->slab_next] : NULL;
	if (p == NULL)
		return false;
	spin_lock(&cache->lock);
	slab_push_locked(cache, f, obj);
	spin_unlock(&cache->lock);
	return true;
}

void
kmem_put(struct kmem_cache *cache, void *obj)
{
	struct magazine *mag = magazine_of(cache);

	object_give_check(cache, obj);
	if (unlikely(charge_current()->priv != NULL) &&
	    kmem_put_private(cache, obj))
		return;
	if (unlikely(mag->n >= cache->mag_cap))
		(void)magazine_flush(cache, mag, cache->mag_cap / 2);
	mag->obj[mag->n++] = obj;
}

void
kmem_publish(struct frame *priv)
{
	while (priv != NULL) {
		struct frame *next = priv->slab_next != 0 ?
		    &frames[priv->slab_next] : NULL;
		struct kmem_cache *cache = priv->slab_cache;
		struct frame *list;

		spin_lock(&cache->lock);
		slab_settle_locked(cache, priv);
		list = slab_trim_locked(cache, EMPTY_KEEP);
		spin_unlock(&cache->lock);
		(void)slab_free_list(list);
		priv = next;
	}
}

void
kmem_drain_cpu(void)
{
	struct kmem_cache *cache;

	for (cache = __kmem_caches_start; cache < __kmem_caches_end; cache++)
		(void)magazine_flush(cache, magazine_of(cache), 0);
}

u32
kmem_shrink(void)
{
	struct kmem_cache *cache;
	u32 n = 0;

	for (cache = __kmem_caches_start; cache < __kmem_caches_end; cache++) {
		struct frame *list;

		spin_lock(&cache->lock);
		list = slab_trim_locked(cache, 0);
		spin_unlock(&cache->lock);
		n += slab_free_list(list);
	}
	return n;
}

void
kmem_stats(struct kmem_cache *cache, struct kmem_stats *out)
{
	spin_lock(&cache->lock);
	out->nslabs = cache->nslabs;
	out->nobjects = (u64)cache->nslabs * cache->per_slab;
	out->ninuse = out->nobjects - (u64)cache->nempty * cache->per_slab;
	for (pfn_t p = cache->partial; p != 0; p = frames[p].slab_next)
		out->ninuse -= cache->per_slab - frames[p].slab_inuse;
	spin_unlock(&cache->lock);
}

void
kmem_init(void)
{
	struct kmem_cache *cache;

	assert(__kmem_caches_end - __kmem_caches_start <= KMEM_CACHES_MAX);
	for (cache = __kmem_caches_start; cache < __kmem_caches_end; cache++) {
		u32 size = MAX(cache->size, 8u);

		assert(size <= KMEM_MAX && cache->align <= PAGE_SIZE);
#if defined(HARDTACK_DEBUG)
		if (size + RED_BYTES <= KMEM_MAX / 2)
			size += RED_BYTES;
#endif
		cache->stride = ROUND_UP(size, MAX(cache->align, 8u));
		cache->per_slab = PAGE_SIZE / cache->stride;
		cache->mag_cap = cache->stride <= 256 ? MAG_MAX :
		    cache->stride <= 1024 ? 7 : 3;
	}
}

/* ---- buffers of variable size ---- */

#define KBUF(n) \
	struct kbuf_##n { u8 bytes[n]; }; \
	static KMEM_CACHE(kbuf_cache_##n, "kbuf-" #n, struct kbuf_##n)

KBUF(16);
KBUF(32);
KBUF(64);
KBUF(128);
KBUF(256);
KBUF(512);
KBUF(1024);
KBUF(2048);

static struct kmem_cache *const kbuf_caches[] = {
	&kbuf_cache_16, &kbuf_cache_32, &kbuf_cache_64, &kbuf_cache_128,
	&kbuf_cache_256, &kbuf_cache_512, &kbuf_cache_1024, &kbuf_cache_2048,
};

static struct kmem_cache *
kbuf_cache_for(u32 max_bytes)
{
	u32 i = 0;

	assert(max_bytes > 0 && max_bytes <= 2048);
	while (max_bytes > 16u << i)
		i++;
	return kbuf_caches[i];
}

void *
kbuf_get(u32 max_bytes)
{
	return kmem_get(kbuf_cache_for(max_bytes));
}

void
kbuf_put(void *buf, u32 max_bytes)
{
	kmem_put(kbuf_cache_for(max_bytes), buf);
}
