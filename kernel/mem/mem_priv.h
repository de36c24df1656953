/*
 * Between the files of kernel/mem.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/mem/charge.h"
#include "kernel/mem/frame.h"
#include "kernel/sync/spinlock.h"
#include "kernel/x86/percpu.h"

#define BOOT_INTERVALS	128

struct interval {
	paddr_t	start, end;		/* [start, end) */
};

paddr_t	boot_mem_next_free(paddr_t pos, paddr_t *end);

/* One CPU's free frames and credit. a atomic; l lock; o this CPU only */
struct frame_cpu {
	u64		credit;		/* [a] unpromised frames, a count */
	struct spinlock	lock;
	u32		n;		/* [l] length of list */
	struct frame	*list;		/* [l] free frames, by next */
	s64		used[FRAME_USES]; /* [o] taken minus given back here */
} aligned(CACHE_LINE);

PERCPU_DECLARE(struct frame_cpu, frame_cpu);

/* The global pool. l pool.lock */
struct frame_pool {
	struct spinlock	lock;		/* LOCK_FRAMES */
	u64		unpromised;	/* [l] */
	struct frame	*list;		/* [l] free frames, by next */
	u64		nlist;		/* [l] */
	struct interval	fresh[BOOT_INTERVALS]; /* [l] never taken: PFNs */
	u32		nfresh;		/* [l] */
	u64		nfresh_frames;	/* [l] */
	u64		total;		/* [I] frames of RAM */
	struct frame	*emergency;	/* [l] for a release kernel's breach */
	u32		nemergency;	/* [l] */
	u32		batch;		/* [I] frames moved to a CPU at once */
	bool		waiting;	/* [a] somebody waits in reserve() */
	bool		holding;	/* [l] test mode: charge_hold() */
	u64		held;		/* [l] unpromised, hidden by it */
	u64		keep;		/* [l] the most it leaves */
};
extern struct frame_pool frame_pool;

/* A breach of the running charge: find one unpromised frame, or panic. */
void	charge_breach(struct charge *c);
/* One frame came back: to the charge, the credit, or the waiters. */
void	charge_refund(struct charge *c);
