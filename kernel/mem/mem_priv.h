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
/* frame_init() has what is left: boot_get() asks there. */
void	boot_mem_end(void);

/* One CPU's free frames. l lock; o this CPU only */
struct frame_cpu {
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
	struct charge	*tickets;	/* [l] charges on tickets, by
					 * next_ticket */
	bool		waiting;	/* [a] somebody is in line */
	bool		holding;	/* [l] test mode: charge_hold() */
	bool		at_edge;	/* [l] charge_hold_edge() */
	u32		missing;	/* [l] frames that it keeps back */
	u64		held;		/* [l] unpromised, hidden in the pool */
	u64		keep;		/* [l] the most that is not hidden */
	u64		nedge;		/* [l] admissions at the edge */
};
extern struct frame_pool frame_pool;

/* Test mode hides frames in the pool: bring as many there as it hides. */
void	frame_gather_locked(void);

/* The batch is known, or has changed. */
void	charge_init(void);
/* A breach of the running charge: find one unpromised frame, or panic. */
void	charge_breach(struct charge *c);
/* One frame came back: to the charge, the credit, or the waiters. */
void	charge_refund(struct charge *c);
