/*
 * Slab caches: objects of one size, per-CPU magazines before slabs of one
 * frame.
 *
 * kmem_get() returns an object, never NULL: the caller's charge paid for the
 * frame it may need. Objects are at most KMEM_MAX bytes; larger things are
 * chunked. Debug kernels poison free objects and put a red zone behind each.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/sync/spinlock.h"
#include "kernel/x86/percpu.h"

struct frame;

#define KMEM_MAX		PAGE_SIZE
#define KMEM_CACHES_MAX		64	/* in the linker's set */

/*
 * Define a cache at file level: KMEM_CACHE(pipe_cache, "pipe", struct pipe).
 * All caches stand in one linker set, for /proc/slabinfo and the analyzer.
 * I set by kmem_init(); l lock
 */
struct kmem_cache {
	const char	*name;		/* [I] */
	u32		size;		/* [I] bytes, as asked */
	u32		align;		/* [I] */
	u32		stride;		/* [I] with red zone */
	u32		per_slab;	/* [I] objects to a frame */
	u32		mag_cap;	/* [I] objects a CPU may keep */
	struct spinlock	lock;		/* and of its slabs' free lists */
	pfn_t		partial;	/* [l] list: published, some free */
	pfn_t		empty;		/* [l] list: published, all free */
	u32		nempty;		/* [l] */
	u32		nslabs;		/* [l] private ones too */
} aligned(CACHE_LINE);
extern struct kmem_cache __kmem_caches_start[], __kmem_caches_end[];

#define KMEM_CACHE_ALIGNED(var, text, type, al) \
	struct kmem_cache var __attribute__((section(".kmem_caches"), \
	    used)) = \
	    { .name = (text), .size = sizeof(type), .align = (al), \
	      .lock = SPINLOCK_INIT(LOCK_CACHE) }
#define KMEM_CACHE(var, text, type) \
	KMEM_CACHE_ALIGNED(var, text, type, 8)

void	*kmem_get(struct kmem_cache *cache);		/* contents undefined */
void	*kmem_get_zero(struct kmem_cache *cache);
void	kmem_put(struct kmem_cache *cache, void *obj);

/*
 * Test mode of debug kernels: nobody finds a free object, neither in a magazine
 * nor in another's slab, so that each call takes the frames that its bound has
 * for its objects.
 */
#if defined(HARDTACK_DEBUG)
extern bool kmem_is_bare;		/* [a] */
#else
#define kmem_is_bare	false
#endif
void	kmem_set_bare(bool bare);	/* no effect in a release kernel */

/* Free all empty slabs; returns frames freed. */
u32	kmem_shrink(void);
/* Bring this CPU's magazines back to the slabs (from a thread on it). */
void	kmem_drain_cpu(void);

struct kmem_stats {
	u32	nslabs;
	u64	nobjects, ninuse;	/* in use: magazines' objects too */
};
void	kmem_stats(struct kmem_cache *cache, struct kmem_stats *out);
/* At the end of a charge: c's private slabs become everybody's. */
void	kmem_publish(struct frame *priv);

/* General buffers for data of variable size: always the class of max_bytes. */
void	*kbuf_get(u32 max_bytes);	/* 1..2048: power-of-two caches */
void	kbuf_put(void *buf, u32 max_bytes);

void	kmem_init(void);
