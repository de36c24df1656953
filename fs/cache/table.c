/*
 * Hash tables of what is cached: table.h has the theory.
 */
#include "fs/cache/table.h"
#include "kernel/mem/frame.h"

#define FRAMES_PER_CHAIN 64u

void
cache_table_init(struct cache_table *t)
{
	u32 n = CACHE_CHAINS_PER_FRAME;

	while (n < nframes / FRAMES_PER_CHAIN &&
	    n < CACHE_TABLE_FRAMES * CACHE_CHAINS_PER_FRAME)
		n *= 2;
	for (u32 i = 0; i < n / CACHE_CHAINS_PER_FRAME; i++)
		t->frame[i] = frame_virt(frame_get_zero(FRAME_KERNEL));
	t->nchains = n;
	t->shift = 64 - (u32)__builtin_ctz(n);
}
