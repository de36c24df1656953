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

#include "kernel/lib/assert.h"
#include "kernel/lib/types.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/thread.h"

struct frame;

/*
 * A row of the table of bounds: the most frames that one kind of work can take
 * from where it reserves to where it renews or ends (a segment). Rows stand in
 * one linker set; what each needs is in kernel/vm/bounds_table.c, and
 * kernel/vm/bounds.c turns that into frames at boot. The rest are statistics,
 * for /proc/reserve. A row has a cache line of its own.
 *
 * I immutable; b set by bounds_init(); r racy maximum; l reserve.c's line_lock
 */
struct bound {
	const char	*name;		/* [I] "sys_pipe", "tmpfs.write" */
	u64		promise;	/* [b] CHARGE_PROMISE(frames) */
	u32		frames;		/* [b] */
	u32		peak;		/* [r] the most a segment has taken */
	u32		most;		/* [r] the largest linear promise */
	bool		is_known;	/* [b] frames are set */
	u32		waits;		/* [l] times that it stood in line */
	u64		wait_ns;	/* [l] in all */
	u64		longest_ns;	/* [l] */
} aligned(CACHE_LINE);
extern struct bound __bounds_start[], __bounds_end[];

/* At file level: BOUND_ROW(pipe_write); defines bound_pipe_write. */
#define BOUND_IN_SET	__attribute__((section(".bounds"), used))
#define BOUND_ROW(row) \
	struct bound bound_##row BOUND_IN_SET = { .name = #row }
/* A self-test's: it takes what it says, whatever the table has. */
#define BOUND_FIXED(row, n) \
	struct bound bound_##row BOUND_IN_SET = \
	    { .name = #row, .promise = CHARGE_PROMISE(n), .frames = (n), \
	      .is_known = true }

/* A fresh promise of n frames: left and bound of a charge in one word. */
#define CHARGE_PROMISE(n)	((u64)(n) << 32 | (u32)(n))

/* Lives in struct thread. o: the thread that owns it only; p: pool.lock */
struct charge {
	union {
		struct {
			s32	left;	/* [o] frames it may still take */
			s32	bound;	/* [o] admitted with; 0: no charge */
		};
		u64	promise;	/* [o] both, see CHARGE_PROMISE() */
	};
	s32		peak;		/* [o] the most taken at once */
	s32		ticket;		/* [o] frames of the standing
					 * reservation that it runs on;
					 * 0: on none */
	s32		paid;		/* [p] came back for the ticket */
	bool		is_used;	/* [o] frames were taken, or a ticket:
					 * there is more to its end */
	struct bound	*row;		/* [o] whose bound; NULL: none yet */
	struct frame	*priv;		/* [o] private slabs, by slab_next */
	struct charge	*next_ticket;	/* [p] others on tickets */
#if defined(HARDTACK_DEBUG)
	const void	*ops;		/* [o] file/file.h: file_check_type() */
#endif
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
 * This CPU's credit: free frames set aside for it, promised to nobody. Others
 * take it away when they must (charge.c), so its operations are locked ones.
 */
PERCPU_DECLARE(u64, charge_credit);

/* No CPU may keep any: somebody waits in line, or test mode. */
extern bool charge_credit_is_off;	/* [a] */

/* The plain address is relative to GS; gcc 12 has no atomics on __seg_gs. */
#define CREDIT_OPERAND	(*(u64 *)(uintptr_t)&charge_credit)

/*
 * The locked subtraction comes first, the look after it: below zero for a
 * moment, the credit is worth nothing to who drains it (charge.c). The kernel
 * is preempted at chosen points only, so the CPU is the same throughout.
 */
static inline bool
charge_credit_take(u64 n)
{
	bool is_short;

	__asm__ volatile("lock subq %2, %%gs:%0"
	    : "+m"(CREDIT_OPERAND), "=@ccs"(is_short) : "er"(n) : "memory");
	if (likely(!is_short))
		return true;
	__asm__ volatile("lock addq %1, %%gs:%0"
	    : "+m"(CREDIT_OPERAND) : "er"(n) : "memory", "cc");
	return false;
}

/* False: somebody waits for it, so charge_credit_spill(). The look comes after
 * the locked addition (charge.c says why). */
static inline bool
charge_credit_give(u64 n)
{
	bool is_off;

	__asm__ volatile("lock addq %2, %%gs:%0\n\tcmpb $0, %3"
	    : "+m"(CREDIT_OPERAND), "=@ccne"(is_off)
	    : "er"(n), "m"(charge_credit_is_off) : "memory");
	return likely(!is_off);
}
void	charge_credit_spill(void);

bool	charge_try_slow(u32 n);
void	charge_end_slow(struct charge *c);

static inline void
charge_set(struct charge *c, struct bound *row, u32 n)
{
	c->row = row;
	c->promise = CHARGE_PROMISE(n);
}

/*
 * Promise n > 0 frames to c, which has no promise, from this CPU's credit or
 * the global count. False when that many are not free and unpromised, or when
 * others wait in line.
 */
static inline bool
charge_try(struct charge *c, struct bound *row, u32 n)
{
	dassert(c->bound == 0);
	if (unlikely(!charge_credit_take(n)) && !charge_try_slow(n))
		return false;
	charge_set(c, row, n);
	return true;
}

/* The same for the head of the line and for who need not queue. */
bool	charge_try_head(struct charge *c, struct bound *row, u32 n);

/*
 * Give back what is left and publish private slabs. Wakes waiters if any. Most
 * charges end as they began: slabs and magazines had what was wanted.
 */
static inline void
charge_end(struct charge *c)
{
	u64 n = (u32)c->bound;

	if (unlikely(c->is_used)) {
		charge_end_slow(c);
		return;
	}
	c->promise = 0;
	if (unlikely(!charge_credit_give(n)))
		charge_credit_spill();
}

/* A segment begins: debug kernels note whose (a row without frames too, for who
 * breaches it), and for files of which type, if of one. */
static inline void
charge_note(struct bound *row, const void *ops)
{
#if defined(HARDTACK_DEBUG)
	charge_current()->row = row;
	charge_current()->ops = ops;
#else
	(void)row;
	(void)ops;
#endif
}

/*
 * Tickets: a charge that runs on a standing reservation of n frames, for what
 * must go on when memory is short. What it takes is owed to the reservation,
 * and whatever frames come back anywhere pay that first, before they are
 * unpromised: else the line could take them, and wait for whom the ticket is
 * for (tests/model/journal.pml, debt-last).
 */
void	charge_ticket_begin(struct charge *c, struct bound *row, u32 n);
/* Bring c to n frames again, from what was paid and what is unpromised; more
 * than that goes back. False: it is short still. Publishes private slabs. */
bool	charge_ticket_refill(struct charge *c, struct bound *row, u32 n);
/* What it still lacks. Any thread may ask. */
u32	charge_ticket_lacks(const struct charge *c);
/* After a refill to the ticket's own frames. */
void	charge_ticket_end(struct charge *c);

/*
 * While set, what is given back goes to the global count, no credit is kept,
 * and freed() is called after each give-back (any lock may be held but those
 * after RESERVE in the lock order; so it only wakes).
 */
void	charge_set_waiting(bool waiting);
void	charge_set_freed_hook(void (*freed)(void));

/*
 * Test mode, so that "exactly the bound" and one frame less can be tried: hide
 * all unpromised frames but keep, and what comes back on top of them, while
 * nobody waits. CPUs keep no credits meanwhile. Hidden frames are on no list
 * that frame_get() takes from: the free memory there is, is what is promised,
 * and what keep says.
 */
void	charge_hold(u64 keep);
/*
 * The same, but each admission finds exactly what it wants, less missing;
 * before and after it nothing is unpromised. Who does not find enough waits;
 * then reclaim gives him the rest: charge_unhold_some().
 */
void	charge_hold_edge(u32 missing);
/* Make want frames unpromised, from hidden ones; returns how many that took. */
u64	charge_unhold_some(u64 want);
/* Admissions so far of charge_hold_edge(). */
u64	charge_edge_admissions(void);
/* Everybody may have them again; returns how many. */
u64	charge_unhold(void);
u64	charge_held(void);
/* Unpromised frames, with all credits. */
u64	charge_unpromised(void);
