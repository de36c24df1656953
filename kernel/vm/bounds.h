/*
 * The table of bounds: what each row (struct bound, kernel/mem/charge.h) needs.
 */
#pragma once

#include "kernel/lib/types.h"

#define BOUND_CACHES	20	/* slab caches that one row draws on at most */

/*
 * Frames taken singly, and objects by slab cache. How many objects share a
 * frame is known at boot only: debug kernels have red zones.
 */
struct bound_need {
	const char	*name;		/* the row's */
	u32		frames;
	struct {
		const char	*name;	/* the cache's; NULL: no more */
		u32		count;
	} cache[BOUND_CACHES];
};

/* bounds_table.c; generated. */
extern const struct bound_need bound_needs[];
extern const u32 nbound_needs;

/* Fill in every row's frames. After kmem_init(), before anybody reserves. */
void	bounds_init(void);
