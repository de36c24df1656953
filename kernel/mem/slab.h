/*
 * Slab caches: objects of one size, per-CPU magazines before slabs of one frame.
 *
 * kmem_get() returns an object, never NULL: the caller's charge paid for the
 * frame it may need. Objects are at most KMEM_MAX bytes; larger things are
 * chunked. Debug kernels poison free objects and put a red zone behind each.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/sync/spinlock.h"
#include "kernel/x86/percpu.h"

#define KMEM_MAX		(PAGE_SIZE / 1)

struct kmem_cache;

/*
 * Define a cache at file level: KMEM_CACHE(pipe_cache, "pipe", struct pipe).
 * The names of all caches, their sizes and objects per frame are in
 * /proc/slabinfo and in the linker's set, for the analyzer.
 */
struct kmem_cache {
	const char	*name;		/* [I] */
	u32		size;		/* [I] bytes, as asked */
	u32		align;		/* [I] */
	u32		stride;		/* [I] with red zone */
	u32		per_slab;	/* [I] objects to a frame */
	u32		index;		/* [I] of its per-CPU magazine */
	u32		nslabs;		/* [l] */
	u64		ninuse;		/* [l] objects out of slabs */
	struct spinlock	lock;		/* guards [l] */
	struct frame	*partial;	/* [l] published, with free slots */
	struct frame	*empty;		/* [l] published, all free */
	u32		nempty;		/* [l] */
};

#define KMEM_CACHE_ALIGNED(var, text, type, al) \
	struct kmem_cache var __attribute__((section(".kmem_caches"), \
	    aligned(64), used)) = \
	    { .name = (text), .size = sizeof(type), .align = (al), \
	      .lock = SPINLOCK_INIT(LOCK_CACHE) }
#define KMEM_CACHE(var, text, type) \
	KMEM_CACHE_ALIGNED(var, text, type, 8)

void	*kmem_get(struct kmem_cache *cache);		/* contents undefined */
void	*kmem_get_zero(struct kmem_cache *cache);
void	kmem_put(struct kmem_cache *cache, void *obj);

/* Give empty slabs and all magazines' objects back; returns frames freed. */
u32	kmem_shrink(void);

/* General buffers for data of variable size: always the class of max_bytes. */
void	*kbuf_get(u32 max_bytes);	/* 16..2048: power-of-two caches */
void	kbuf_put(void *buf, u32 max_bytes);

void	kmem_init(void);
