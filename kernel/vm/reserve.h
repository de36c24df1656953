/*
 * Where a call, a fault or a kernel thread's turn gets its promise of frames,
 * and, when memory is short, waits its turn, holding nothing.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/mem/charge.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/wait.h"
#include "kernel/x86/clock.h"

void	reserve_init(void);

/*
 * Work is cut into segments. A segment begins where a row of the table of
 * bounds is reserved (struct bound, kernel/mem/charge.h), or where that promise
 * is renewed, and takes no more frames than the row says; the analyzer proves
 * the numbers from the source. A row is defined by BOUND_ROW() next to what it
 * bounds; a system call's in syscall/dispatch.c, those of a file type's
 * operations by FILE_BOUNDS() (file/file.h).
 *
 * Wherever a segment begins the thread may wait, so it holds nothing: no lock,
 * no half-done work. What is left of the promise before is given back first.
 * All return 0, or -EINTR when current was killed; then there is no promise.
 */

/* Where there is a promise to give back, or the CPU's credit does not do. */
int	reserve_slow(struct bound *row, u32 nframes);

static inline int
reserve_promise(struct bound *row, u64 promise)
{
	struct charge *c = &current->charge;
	u32 nframes = (u32)promise;

	assert_holds_nothing();			/* P2 */
	if (likely(c->bound == 0)) {
		charge_note(row, NULL);
		if (nframes == 0)
			return 0;
		if (likely(charge_credit_take(nframes))) {
			c->row = row;
			c->promise = promise;
			return 0;
		}
	}
	return reserve_slow(row, nframes);
}

/* At a system call's entry: me, which is current, has no promise yet. */
static inline int
reserve_first(struct thread *me, struct bound *row)
{
	struct charge *c = &me->charge;
	u64 promise = row->promise;

	dassert(c->bound == 0);
	charge_note(row, NULL);
	if (promise == 0)
		return 0;
	if (unlikely(!charge_credit_take((u32)promise)))
		return reserve_slow(row, (u32)promise);
	c->row = row;
	c->promise = promise;
	return 0;
}

/* A segment of that row begins. */
static inline int
reserve_row(struct bound *row)
{
	return reserve_promise(row, row->promise);
}

/*
 * The same for work that takes row's frames once and turn's n times, in a loop
 * that says LOOP_PAID(&turn) (kernel/lib/annot.h). The caller has bounded n.
 */
static inline int
reserve_linear(struct bound *row, struct bound *turn, u32 n)
{
	u32 nframes = row->frames + n * turn->frames;

	if (unlikely(nframes > row->most))
		row->most = nframes;
	return reserve_promise(row, CHARGE_PROMISE(nframes));
}

/* Give back what is left of the promise; there is none from here on. */
static inline void
reserve_end(void)
{
	if (current->charge.bound != 0)
		charge_end(&current->charge);
	charge_note(NULL, NULL);
}

/* A segment of the same row, as large as it was, begins. */
int	reserve_renew(void);

/* The same around a wait that is not reserve_row()'s. */
struct renewal {
	struct bound	*row;
	u32		frames;		/* 0: there was no charge */
};
struct renewal renewal_drop(void);

/* Drops the charge. */
static inline struct renewal
renewal_begin(void)
{
	assert_holds_nothing();
	if (likely(current->charge.bound == 0))
		return (struct renewal){ NULL, 0 };
	return renewal_drop();
}

/* Reserves it again. */
static inline int
renewal_end(struct renewal r)
{
	return likely(r.frames == 0) ? 0 :
	    reserve_promise(r.row, CHARGE_PROMISE(r.frames));
}

/*
 * Sleep at a renewal point until cond holds: the charge is dropped, and
 * reserved again after. state: THREAD_SLEEPING or THREAD_KILLABLE. result is
 * 0, -EINTR (a signal or death), or -ETIMEDOUT. The condition is checked
 * holding nothing; the caller checks again under its lock.
 */
#define WAIT_RENEWED(q, cond, state, deadline_ns, excl, result) do {	\
	struct waiter w_;						\
	(result) = 0;							\
	waiter_init(&w_, (excl));					\
	struct renewal r_ = renewal_begin();				\
	for (;;) {							\
		wait_prepare((q), &w_, (state));			\
		if (cond)						\
			break;						\
		if (renewal_must_end((state))) {			\
			(result) = -EINTR;				\
			break;						\
		}							\
		if (!schedule_until(deadline_ns)) {			\
			(result) = (cond) ? 0 : -ETIMEDOUT;		\
			break;						\
		}							\
		if (cond)						\
			break;		/* spare the queue's lock */	\
	}								\
	if (wait_finish((q), &w_) && (result) != 0 && (excl))		\
		waitq_wake((q), 0);					\
	if (renewal_end(r_) != 0)					\
		(result) = -EINTR;					\
} while (0)

/* A signal (if state is THREAD_SLEEPING) or death ends the sleep. */
static inline bool
renewal_must_end(u32 state)
{
	return unlikely(state == THREAD_SLEEPING ?
	    thread_has_signal(current) : thread_is_killed(current));
}

/*
 * Caches that can give memory back. shrink() frees up to want frames and
 * returns how many it freed (or has given to RCU: *deferred). It takes no
 * frame, may take locks by trying only.
 */
struct shrinker {
	struct shrinker	*next;
	const char	*name;
	u64		(*count)(void);		/* reclaimable frames */
	u64		(*shrink)(u64 want);
};
void	reserve_add_shrinker(struct shrinker *s);

/* The killer lives in kernel/proc. kill_worst: choose and kill a process; false
 * when there is none to kill. victim_done: the last victim's memory is back. */
struct killer_ops {
	bool	(*kill_worst)(u32 want_frames);
	bool	(*victim_done)(void);
};
/* Returns the one before. */
const struct killer_ops *reserve_set_killer(const struct killer_ops *ops);

/* Standing reservations: made at boot, never given back. */
struct standing {
	struct bound	*row;		/* what each ticket is good for */
	u32		count;		/* tickets */
	u32		in_use;		/* [a] */
	struct waitq	waiters;
	struct standing	*next;
};
void	standing_add(struct standing *s);
void	standing_remove(struct standing *s);	/* self-tests; none in use */
/*
 * From here to standing_leave() no segment of current's stands in line with
 * others: where memory is short it takes a ticket of s, waiting for a free one
 * if it must, and each further segment makes the ticket whole again. So it
 * always goes on, killed or not. Leaving ends what is promised.
 */
void	standing_enter(struct standing *s);
void	standing_leave(void);
/* The ticket itself. Any charge is given back first; no charge after. */
void	standing_take(struct standing *s);
void	standing_give(struct standing *s);

/* Something that may let the head of the line go on has happened: a victim's
 * memory is back, a cache has given frames. Any context but interrupts. */
void	reserve_kick(void);

/* Is somebody waiting? Then what only speeds things up should not take. */
bool	reserve_is_short(void);

/* For /proc/reserve; each row has its own. */
struct reserve_stats {
	u32	waiting;		/* threads in line now */
	u64	waits, bypasses;	/* since boot */
	u64	admitted;		/* from the line, on no ticket */
	u64	reclaim_turns, reclaimed_frames, grace_waits, kills;
	u64	longest_ns;
	u64	reclaimable;		/* frames the shrinkers could free */
	u64	rcu_pending;		/* callbacks not yet run */
	char	last_waiter[16];
};
void	reserve_stats(struct reserve_stats *out);
/* A row's numbers, from one moment. */
void	reserve_row_stats(const struct bound *row, struct bound *out);
struct standing *standing_first(void);
struct shrinker *shrinker_first(void);

/*
 * Test mode: leave keep unpromised frames and hide all others, until somebody
 * waits; reclaim finds them then. -1: give them back now. See hold.c.
 */
void	reserve_hold(s64 keep);
/*
 * The same at the edge, until reserve_hold(-1): each admission finds exactly
 * its frames, or (missing 1) one less, and must stand in line.
 */
void	reserve_hold_edge(u32 missing);
/* Since then: admissions of a frame or more (on no ticket), and how many of
 * them from the line. */
void	reserve_edge_stats(u64 *admissions, u64 *waited);
s64	reserve_held(void);		/* frames hidden; -1: off */
/*
 * Free frames that no count knows of, or (negative) that are missing; other
 * CPUs may be between two steps, so it looks again until it has seen 0.
 */
s64	reserve_imbalance(void);
void	reserve_hold_init(void);
