/*
 * Charges: the promise of frames that a system call, fault or kernel thread's
 * turn holds. Nothing here sleeps; kernel/vm/reserve.h waits.
 *
 * The count (tests/model has the proof):
 *
 *	free frames = unpromised + CPUs' credits + charges' left
 *
 * (test mode hides a part of the unpromised ones: charge_hold()).
 *
 * reserve moves from a credit (or the global unpromised count) to a charge;
 * taking a frame lowers "free" and "left" together; giving one back raises
 * both, or the credit. So a charge with left > 0 always finds a free frame,
 * though perhaps on another CPU's list.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/thread.h"

struct frame;

/* Lives in struct thread. o: the thread that owns it only. */
struct charge {
	s32		left;		/* [o] frames it may still take */
	s32		low;		/* [o] lowest left so far */
	s32		bound;		/* [o] admitted with; 0: no charge */
	u16		id;		/* [o] row of bounds[]: whose bound */
	bool		standing;	/* [o] draws on standing frames */
	struct frame	*priv;		/* [o] private slabs, by slab_next */
};

/* How struct thread (kernel/sched/thread.h) begins. */
struct charged_thread {
	struct x86_thread	x86;
	struct charge		charge;
};

static inline struct charge *
charge_current(void)
{
	return &((struct charged_thread *)x86_current)->charge;
}

/*
 * Promise n > 0 frames to c, from this CPU's credit or the global count. False
 * when that many are not free and unpromised, or when others wait in line.
 */
bool	charge_try(struct charge *c, u32 n);

/* The same for the head of the line and for who need not queue. */
bool	charge_try_head(struct charge *c, u32 n);

/* Give back what is left and publish private slabs. Wakes waiters if any. */
void	charge_end(struct charge *c);

/*
 * While set, what is given back goes to the global count, no credit is kept,
 * and freed() is called after each give-back (any lock may be held but those
 * after RESERVE in the lock order; so it only wakes).
 */
void	charge_set_waiting(bool waiting);
void	charge_set_freed_hook(void (*freed)(void));

/* The most a call of each row has taken, for /proc/reserve. */
#define CHARGE_ROWS		1024
extern u16 charge_peak[CHARGE_ROWS];	/* [racy maximum] */

/*
 * Test mode, so that "exactly the bound" and one frame less can be tried: hide
 * all unpromised frames but keep, and what comes back on top of them, while
 * nobody waits. CPUs keep no credits meanwhile.
 */
void	charge_hold(u64 keep);
/* Everybody may have them again; returns how many. */
u64	charge_unhold(void);
u64	charge_held(void);
/* Unpromised frames, with all credits. */
u64	charge_unpromised(void);
