/*
 * The scheduler's calls.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/sched/thread.h"

/* Boot CPU: run queues, idle threads; after smp_prepare() and clock_init(). */
void	sched_init(void);
void	sched_start_rcu(void);		/* boot CPU, after smp_start() */
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

/* Sleep, keeping the charge, whatever comes: kernel threads' pauses. */
void	sched_sleep_until(u64 deadline_ns);
void	sched_sleep_ns(u64 ns);

void	sched_yield(void);	/* give up this turn; sched_yield(2) */
void	sched_preempt(void);	/* run another thread if one should run */

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
		sched_preempt();
}

void	sched_set_state(u32 state);	/* current's, with a full barrier */
/* Of another thread. -EINVAL: the mask names no CPU. */
int	sched_set_affinity(struct thread *t, const struct cpumask *mask);
/* The same of current, which is on one of them afterwards. May sleep. */
int	sched_set_own_affinity(const struct cpumask *mask);
void	sched_set_nice(struct thread *t, int nice);
int	sched_set_policy(struct thread *t, int policy, int rt_prio);
u64	sched_thread_cpu_ns(const struct thread *t);	/* now, running too */

/* Where a return to user mode finds WORK_RESCHED: for trap_ops.return_work. */
static inline void
sched_return_work(void)
{
	preempt_point();
}

/* trap_ops.timer and trap_ops.ipi; sched_init() sets them. */
struct trapframe;
void	sched_timer_irq(struct trapframe *tf);
void	sched_ipi_irq(struct trapframe *tf, u32 vector);

/* While set, threads that hold charges run first. */
void	sched_boost_charged(bool on);

/* Wait until all that current could have read under RCU before is unused. */
void	rcu_synchronize(void);
/* Wait until the callbacks queued before, on all CPUs, have run. */
void	rcu_barrier(void);

/* What the address spaces (rank 6) do at a switch. */
struct sched_ops {
	/*
	 * next->aspace is not loaded_aspace: load it and set that, or, if it is
	 * NULL, stay on the loaded one unless that has ended. Interrupts off,
	 * a run queue's lock held: takes no lock.
	 */
	void	(*switch_aspace)(struct thread *prev, struct thread *next);
};
extern struct sched_ops sched_ops;

/*
 * Whose page tables this CPU has loaded; kernel threads borrow them. Set by
 * sched_ops.switch_aspace and by whoever else loads page tables.
 */
PERCPU_DECLARE(struct aspace *, loaded_aspace);

struct sched_stats {
	u64	user_ns, system_ns, idle_ns, switches;
	u32	nrunning, nthreads;
	u64	load[3];		/* 1, 5, 15 minutes, << 11 */
};
void	sched_stats(u32 cpu, struct sched_stats *out);	/* ~0u: all */

/* What runs on every CPU, and what each sleeping thread waits for. */
void	sched_log_threads(void);
