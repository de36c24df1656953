/*
 * What buffer.c and buffer_reap.c share.
 */
#pragma once

#include "fs/cache/buffer.h"

#define BUF_DEAD	0x80000000u	/* in refs */

extern u64 buffer_bytes;		/* [a] of data, in all caches */

/* Blocks that share a frame, and the first of those that share block's. */
static inline u32
group_blocks(const struct buffer_cache *c)
{
	return PAGE_SIZE / c->block_bytes;
}

static inline u64
group_first(const struct buffer_cache *c, u64 block)
{
	return ROUND_DOWN(block, (u64)group_blocks(c));
}

/* Or NULL; without a reference: under RCU, or c's lock. */
struct buffer *buffer_table_find(const struct buffer_cache *c, u64 block);
/* A dead one. Its data goes at once: who looks it up gets no reference. */
void	buffer_free_locked(struct buffer *b);
/* If b is clean again, it is not to be written (B2). */
void	buffer_settle_locked(struct buffer *b);

void	buffer_reap_add(struct buffer_cache *c);
void	buffer_reap_remove(struct buffer_cache *c);
void	buffer_reap_init(void);
