/*
 * Charges: the promise of frames that a system call, fault or kernel thread's
 * turn holds. Nothing here sleeps; kernel/vm/reserve.h waits.
 */
#pragma once

#include "kernel/lib/types.h"

struct frame;

/* Lives in struct thread. o: the thread that owns it only. */
struct charge {
	s32		left;		/* [o] frames it may still take */
	s32		bound;		/* [o] admitted with; 0: no charge */
	struct frame	*priv;		/* [o] private slab frames, by slab_next */
	s32		peak;		/* [o] most it has taken (net) */
	u16		id;		/* [o] which bound: row of bounds table */
	bool		standing;	/* [o] draws on a standing reservation */
};

/*
 * Promise n frames to c, from this CPU's credit or the global count. False
 * when that many are not free and unpromised. n may be 0.
 */
bool	charge_try(struct charge *c, u32 n);

/* Give back what is left and publish private slabs. Wakes waiters if any. */
void	charge_end(struct charge *c);
