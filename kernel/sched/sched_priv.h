/*
 * Between the files of kernel/sched.
 */
#pragma once

#include "kernel/abi/errno.h"
#include "kernel/abi/sched.h"
#include "kernel/lib/list.h"
#include "kernel/lib/rbtree.h"
#include "kernel/lib/types.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"
#include "kernel/sync/spinlock.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/percpu.h"

#define NS_PER_MS	1000000ull
#define NS_PER_S	1000000000ull

/* Debug kernels measure how deep stacks get (kstack.c). */
#if defined(HARDTACK_DEBUG)
#define KSTACK_PAINTED	true
#else
#define KSTACK_PAINTED	false
#endif

#define NICE_0_WEIGHT	1024u
#define SLICE_NS	(3 * NS_PER_MS)		/* one request of CPU time */
#define BATCH_SLICES	4			/* SCHED_BATCH asks for more */
#define RR_SLICE_NS	(100 * NS_PER_MS)	/* sched_rr_get_interval(2) */
#define TICK_BUSY_NS	(4 * NS_PER_MS)		/* several want this CPU */
#define TICK_ALONE_NS	(10 * NS_PER_MS)	/* one runs: accounting */
#define RT_PRIOS	100
#define RT_PERIOD_NS	NS_PER_S		/* real-time threads leave */
#define RT_LIMIT_NS	(950 * NS_PER_MS)	/* 5% to the others */

/*
 * A CPU's run queue. l lock, with interrupts off; o this CPU only; a atomic;
 * others read [l] fields without the lock as hints.
 */
struct runq {
	struct spinlock	lock;
	bool		sync_wake;	/* [l] the waker is about to sleep */
	bool		slice_over;	/* [l] curr has used up its request */
	bool		rt_throttled;	/* [l] real-time: share used */
	u32		cpu;		/* [I] */
	u32		nrunning;	/* [l] queued, and curr if not idle */
	u32		nqueued;	/* [l] */
	u32		nrt;		/* [l] of the queued, real-time */
	struct thread	*curr;		/* [l] */
	struct thread	*idle;		/* [I] */

	/* The fair class: virtual time is v_base + v_sum / w_sum. */
	struct rb_root_cached fair;	/* [l] queued threads by vdeadline */
	u64		v_base;		/* [l] */
	s64		v_sum;		/* [l] weight * (vruntime - v_base) */
	s64		w_sum;		/* [l] of weights; curr's too */

	u64		exec_start_ns;	/* [l] curr is charged up to here */
	u64		user_ns, system_ns, idle_ns; /* [l] */
	u64		nswitches;	/* [l] */
	s64		nblocked;	/* [l] gone to BLOCKED - woken */

	u64		alarm_ns;	/* [o] when the local timer will fire */
	u64		tick_ns;	/* [o] next tick; CLOCK_NEVER: none */
	u32		nticks;		/* [o] */
	bool		asleep;		/* [a] halted: needs an interrupt */
	struct thread	*leaving;	/* [o] prev, moving to another */

	u64		rt_period_ns;	/* [l] start of the period */
	u64		rt_used_ns;	/* [l] in it */
	u64		rt_bits[2];	/* [l] priorities with threads */
	struct list	rt[RT_PRIOS];	/* [l] */
} aligned(CACHE_LINE);

PERCPU_DECLARE(struct runq, runq);
extern struct cpumask idle_cpus;	/* [a] and not chosen yet */
extern bool sched_boosting;		/* [a] sched_boost_charged() */
extern u32 sched_nthreads;		/* [a] */

static inline struct runq *
runq_this(void)
{
	return PERCPU_THIS(struct runq, runq);
}

static inline struct runq *
runq_of(u32 cpu)
{
	return PERCPU_OF(struct runq, runq, cpu);
}

static inline bool
thread_is_rt(const struct thread *t)
{
	return unlikely(t->rt_prio != 0);
}

static inline bool
thread_may_run_on(const struct thread *t, u32 cpu)
{
	return likely(t->any_cpu) || cpumask_test(&t->affinity, cpu);
}

/* runq.c: the queue's order. All with rq->lock held. */
void	runq_init(struct runq *rq, u32 cpu, struct thread *idle);
void	runq_set_weight(struct thread *t);	/* from policy and nice */
void	runq_update(struct runq *rq, u64 now);	/* charge curr up to now */
void	runq_join(struct runq *rq, struct thread *t);	/* woken or moved */
void	runq_leave(struct runq *rq, struct thread *t);	/* t is queued */
void	runq_leave_curr(struct runq *rq, struct thread *t); /* curr sleeps */
void	runq_join_curr(struct runq *rq, struct thread *t); /* undoes that */
void	runq_put_prev(struct runq *rq, struct thread *t); /* curr is queued */
struct thread *runq_take(struct runq *rq);	/* the next; NULL: none */
bool	runq_should_preempt(struct runq *rq, struct thread *t, bool by_irq);
bool	runq_slice_is_over(struct runq *rq, u64 now);
void	runq_yield(struct runq *rq);
/* A thread that CPU cpu may run, for stealing; still queued. */
struct thread *runq_candidate(struct runq *rq, u32 cpu);

/* place.c: which CPU. */
#define WAKE_SYNC	BIT(0)		/* the waker sleeps soon */
#define WAKE_NEW	BIT(1)		/* its first time */
u32	place_anywhere(const struct thread *t, u32 flags);

/* The CPU for t, which is to be queued: place.c says why. */
static inline u32
place_woken(const struct thread *t, u32 flags)
{
	if (ncpus == 1)
		return 0;
	if (flags & WAKE_SYNC && thread_may_run_on(t, cpu_id) &&
	    runq_this()->nrunning <= 1)
		return cpu_id;
	return place_anywhere(t, flags);
}

bool	place_steal(struct runq *rq);	/* rq->lock held; true: got one */
void	place_kick_idle(void);		/* an idle CPU should come and steal */
void	place_balance(struct runq *rq);
void	place_mark_idle(u32 cpu);
void	place_mark_busy(u32 cpu);

/* sched.c. The waker has made its event true, with a full barrier; interrupts
 * are off. From any sleep but STOPPED. */
bool	sched_wake_quick(struct thread *t, u32 flags);
/* This CPU's running thread should give way; its queue is locked. */
void	sched_resched_here(struct runq *rq);
/* Take t, queued on from, to the queue to; both are locked. */
void	sched_move_locked(struct runq *from, struct thread *t, struct runq *to);

/* tick.c. Interrupts off. */
void	tick_start(struct runq *rq, u64 at_ns);
void	alarm_lower(struct runq *rq, u64 at_ns);

/* timer.c. Interrupts off. */
u64	timer_run_expired(u64 now);	/* returns the next deadline */

/* thread.c */
void	thread_list_remove(struct thread *t);

/* idle.c */
noreturn void	idle_loop(struct runq *rq);

/* rcu_thread.c, stats.c */
void	rcu_tick(void);
void	stats_init(void);
void	stats_start_cpu(void);
