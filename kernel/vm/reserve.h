/*
 * reserve(): where a call, a fault or a kernel thread's turn gets its promise
 * of frames, and, when memory is short, waits its turn, holding nothing.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/mem/charge.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/wait.h"
#include "kernel/x86/clock.h"

/*
 * Rows of the generated table of bounds (build/bounds.c): one per system call
 * and file type, fault type, kernel thread. Generated: see
 * tools/bounds-standin.
 */
struct bound {
	const char	*name;
	u32		frames;
};
extern const struct bound bounds[];
extern const u32 nbounds;
extern const bool bounds_are_standin;

void	reserve_init(void);

/* The slow path: FIFO, reclaim, kill. 0, or -EINTR when current was killed. */
int	reserve_slow(u32 nframes);

/*
 * Promise nframes to the running thread, replacing no earlier promise. Waits
 * holding nothing: no lock, no half-done work, no charge.
 * 0, or -EINTR when current was killed meanwhile.
 */
static inline int
reserve(u32 nframes)
{
	if (nframes == 0)
		return 0;
	assert_holds_nothing();			/* P2 */
	if (likely(charge_try(&current->charge, nframes)))
		return 0;
	return reserve_slow(nframes);
}

/* The same by row of the table, so that /proc/reserve counts it there. */
static inline int
reserve_row(u16 row)
{
	current->charge.id = row;
	return reserve(bounds[row].frames);
}

/* Give back what is left of the promise. */
static inline void
reserve_end(void)
{
	if (current->charge.bound != 0)
		charge_end(&current->charge);
}

/* Give back, then queue for the same bound again. Holding nothing. */
int	reserve_renew(void);
/* The same, with another bound from here on. */
int	reserve_renew_bound(u32 nframes);

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

struct renewal {
	u32	bound;
};
struct renewal renewal_begin(void);	/* drops the charge */
int	renewal_end(struct renewal r);	/* reserves it again */

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
	const char	*name;
	u32		frames;		/* each */
	u32		count;		/* tickets */
	u32		in_use;		/* [a] */
	struct waitq	waiters;
	struct standing	*next;
};
void	standing_add(struct standing *s);
void	standing_remove(struct standing *s);	/* self-tests; none in use */
/* Draw on s instead of reserve(): waits for a free ticket. */
void	standing_take(struct standing *s);
void	standing_give(struct standing *s);

/* Something that may let the head of the line go on has happened: a victim's
 * memory is back, a cache has given frames. Any context but interrupts. */
void	reserve_kick(void);

/* Is somebody waiting? Then what only speeds things up should not take. */
bool	reserve_is_short(void);

/* For /proc/reserve. Peaks are in charge_peak[]. */
struct reserve_row_stats {
	u32	waits;
	u64	wait_ns;		/* total */
	u64	longest_ns;
};
struct reserve_stats {
	u32	waiting;		/* threads in line now */
	u64	waits, bypasses;	/* since boot */
	u64	reclaim_turns, reclaimed_frames, grace_waits, kills;
	u64	longest_ns;
	u64	reclaimable;		/* frames the shrinkers could free */
	u64	rcu_pending;		/* callbacks not yet run */
	char	last_waiter[16];
};
void	reserve_stats(struct reserve_stats *out);
void	reserve_row_stats(u16 row, struct reserve_row_stats *out);
struct standing *standing_first(void);
struct shrinker *shrinker_first(void);

/*
 * Test mode: leave keep unpromised frames and hide all others, until somebody
 * waits; reclaim finds them then. -1: give them back now. See hold.c.
 */
void	reserve_hold(s64 keep);
s64	reserve_held(void);		/* frames hidden; -1: off */
/*
 * Free frames that no count knows of, or (negative) that are missing; other
 * CPUs may be between two steps, so it looks again until it has seen 0.
 */
s64	reserve_imbalance(void);
void	reserve_hold_init(void);
