/*
 * Read-copy-update.
 *
 * A reader is any kernel code between two points where it may sleep: the kernel
 * is not preempted elsewhere, so entering and leaving cost nothing. A CPU
 * passes a quiescent state at each context switch, in user mode and when idle;
 * a grace period ends when every CPU has passed one since it began.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/sync/lockorder.h"
#include "kernel/x86/percpu.h"

struct rcu_head {
	struct rcu_head	*next;
	void		(*fn)(struct rcu_head *);
};

PERCPU_DECLARE(u32, rcu_depth);		/* sections entered; debug only */

static inline void
rcu_read_lock(void)
{
	if (LOCKDEP_ON)
		rcu_depth++;
	__asm__ volatile("" ::: "memory");
}

static inline void
rcu_read_unlock(void)
{
	__asm__ volatile("" ::: "memory");
	if (LOCKDEP_ON)
		rcu_depth--;
}

#define rcu_load(p)		__atomic_load_n(&(p), __ATOMIC_CONSUME)
#define rcu_store(p, v)		__atomic_store_n(&(p), (v), __ATOMIC_RELEASE)

/*
 * Call fn(head) after a grace period, from this CPU's RCU thread: it may take
 * spinlocks and free memory, but neither sleeps nor allocates. Any context but
 * interrupts.
 */
void	rcu_call(struct rcu_head *head, void (*fn)(struct rcu_head *));

/* This CPU's quiescent states: how far it has reported, whether it idles. */
struct rcu_cpu {
	u64	seen;		/* [o] grace period it has passed a state in */
	u32	idle;		/* [a] 1: idle, reads nothing under RCU */
};
PERCPU_DECLARE(struct rcu_cpu, rcu_cpu);
extern u64 rcu_gp;		/* [a] the newest grace period started */
/* Pass a quiescent state; interrupts off, no run queue's lock (may wake). */
void	rcu_report(void);

/* This CPU holds no reference read under RCU. Interrupts off. */
static inline void
rcu_quiescent(void)
{
	if (unlikely(rcu_cpu.seen != __atomic_load_n(&rcu_gp,
	    __ATOMIC_RELAXED)))
		rcu_report();
}

/* True while a grace period waits for this CPU. */
static inline bool
rcu_is_waited_for(void)
{
	return rcu_cpu.seen != __atomic_load_n(&rcu_gp, __ATOMIC_RELAXED);
}

/* Around idle, interrupts off: an idle CPU needs not to report. */
void	rcu_idle_enter(void);
void	rcu_idle_exit(void);

u64	rcu_grace_period(void);		/* number of the last completed one */
u64	rcu_pending(void);		/* callbacks queued and not yet run */
bool	rcu_has_callbacks(void);	/* on this CPU */
/* Hurry: start a grace period if callbacks wait, interrupt who holds it up. */
void	rcu_expedite(void);

/*
 * For the RCU threads (kernel/sched/rcu_thread.c). rcu_work_ready: there is
 * something to do on this CPU. rcu_work: do it, up to max callbacks; returns
 * how many ran. rcu_counts: of CPU cpu, ever queued and ever run.
 */
bool	rcu_work_ready(void);
u32	rcu_work(u32 max);
void	rcu_counts(u32 cpu, u64 *queued, u64 *run);

/* What the scheduler gives: wake CPU cpu's RCU thread. Any context. */
extern void (*rcu_wake_thread)(u32 cpu);
