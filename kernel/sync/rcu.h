/*
 * Read-copy-update.
 *
 * A reader is any kernel code between two points where it may sleep: the kernel
 * is not preempted elsewhere, so entering and leaving cost nothing. A CPU passes
 * a quiescent state at each context switch, in user mode and when idle; a grace
 * period ends when every CPU has passed one since it began.
 */
#pragma once

#include "kernel/lib/types.h"

struct rcu_head {
	struct rcu_head	*next;
	void		(*fn)(struct rcu_head *);
};

#if defined(HARDTACK_DEBUG)
void	rcu_read_lock(void);		/* counts, so that a sleep panics */
void	rcu_read_unlock(void);
#else
static inline void rcu_read_lock(void) { __asm__ volatile("" ::: "memory"); }
static inline void rcu_read_unlock(void) { __asm__ volatile("" ::: "memory"); }
#endif

#define rcu_load(p)		__atomic_load_n(&(p), __ATOMIC_CONSUME)
#define rcu_store(p, v)		__atomic_store_n(&(p), (v), __ATOMIC_RELEASE)

/*
 * Call fn(head) after a grace period, from this CPU's RCU thread's turn: it may
 * take spinlocks and free memory, but neither sleeps nor allocates. Any context
 * but interrupts. nframes: how many frames it will free (for /proc/reserve).
 */
void	rcu_call(struct rcu_head *head, void (*fn)(struct rcu_head *));

/* This CPU holds no reference read under RCU: scheduler, idle, user entry. */
void	rcu_quiescent(void);
/* Called by the scheduler around idle: an idle CPU needs not to report. */
void	rcu_idle_enter(void);
void	rcu_idle_exit(void);

u64	rcu_grace_period(void);		/* number of the current one */
u64	rcu_pending(void);		/* callbacks queued and not yet run */
/* Start a grace period if callbacks wait, even on idle CPUs. */
void	rcu_expedite(void);
