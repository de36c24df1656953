/*
 * The scheduler's calls.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/sched/thread.h"

void	sched_init(void);		/* boot CPU: run queues, idle threads */
noreturn void	sched_start_cpu(void);	/* each CPU: becomes its idle loop */

/*
 * Give the CPU away. The caller has set its state (thread_state) beforehand and
 * put itself where its waker finds it; with THREAD_RUNNABLE it only yields.
 * No spinlock held.
 */
void	schedule(void);

/*
 * Sleep until a wake-up, deadline_ns (clock_now_ns() time; CLOCK_NEVER: none),
 * or, by state, signal or death. Returns false when the deadline passed.
 */
bool	schedule_until(u64 deadline_ns);

void	sched_yield(void);

/* Make t runnable if it sleeps in a state of mask (BIT(THREAD_*)). True if it
 * did. Any context. */
bool	sched_wake_state(struct thread *t, u32 mask);
bool	sched_wake(struct thread *t);	/* from any sleep but STOPPED, DEAD */
/* The same, and expect the waker to sleep soon (pipe, futex): stay here. */
bool	sched_wake_sync(struct thread *t);

/* Where long kernel work lets others run: no spinlock, RCU reader ends. */
static inline void
preempt_point(void)
{
	if (unlikely(READ_ONCE(current->x86.work) & WORK_RESCHED))
		sched_yield();
}

void	sched_set_state(u32 state);	/* current's, with a full barrier */
int	sched_set_affinity(struct thread *t, const struct cpumask *mask);
void	sched_set_nice(struct thread *t, int nice);
int	sched_set_policy(struct thread *t, int policy, int rt_prio);
u64	sched_thread_cpu_ns(const struct thread *t);	/* now, running too */

/* Called by trap_ops.timer and by IPIs. */
void	sched_timer_irq(void);

struct sched_stats {
	u64	user_ns, system_ns, idle_ns, switches;
	u32	nrunning, nthreads;
	u64	load[3];		/* 1, 5, 15 minutes, << 11 */
};
void	sched_stats(u32 cpu, struct sched_stats *out);	/* ~0u: all */
