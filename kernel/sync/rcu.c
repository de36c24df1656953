/*
 * Read-copy-update: grace periods and deferred calls.
 *
 * A reader costs nothing: the kernel is preempted only where it sleeps or says
 * so, so that a CPU which has switched threads, run user code or idled holds no
 * reference that it read before. A grace period is a numbered wait until every
 * CPU has done one of these since it began.
 *
 * The count. rcu_gp is the number of the newest grace period; starting one
 * raises it and notes in waiting the CPUs that are not idle. A CPU compares
 * rcu_gp with what it has seen at each quiescent state, which is one load and
 * one comparison; only when they differ it takes the lock and leaves the mask.
 * The last to leave ends the grace period and starts the next if one is wanted.
 *
 * Idle CPUs are not asked. Going idle sets a flag and then looks at rcu_gp;
 * starting a grace period raises rcu_gp and then looks at the flag. Both with a
 * full barrier between, so that at least one sees the other: a CPU that goes
 * idle is never waited for in vain. Leaving idle clears the flag, with a full
 * barrier, before anything is read under RCU.
 *
 * Callbacks. Each CPU has three batches: next (just queued), wait (queued
 * before grace period wait_gp began) and done (may run). Only this CPU's thread
 * code touches them: no lock. The RCU thread of the CPU moves them on; the tick
 * wakes it when rcu_work_ready().
 *
 * Invariants: I1 a callback in wait was queued before wait_gp started.
 *	I2 completed + 1 == gp while waiting is not empty, else completed == gp.
 * Lock: rcu_state.lock (interrupts off) guards the mask and the numbers.
 */
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/bitmap.h"
#include "kernel/sync/rcu.h"
#include "kernel/sync/spinlock.h"
#include "kernel/trace/counter.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/trap.h"

/* So many callbacks on one CPU do not wait for the tick. */
#define RCU_MANY	2000

/* l lock; a atomic */
static struct {
	struct spinlock	lock;
	u64		completed;	/* [l, a to read] */
	u64		wanted;		/* [l] run grace periods up to this */
	u64		hurry;		/* [l] of these, the ones in a hurry */
	struct cpumask	waiting;	/* [l] CPUs yet to pass a state */
	u32		nwaiting;	/* [l] how many */
} rcu_state = { .lock = SPINLOCK_INIT(LOCK_RCU) };

u64 rcu_gp;


/* o this CPU's thread code; a read by others */
struct rcu_lists {
	struct rcu_head	*next, *next_last;	/* [o] */
	struct rcu_head	*wait;			/* [o] */
	struct rcu_head	*done;			/* [o] */
	u64		wait_gp;		/* [o] ends wait's waiting */
	u64		queued, run;		/* [o, a] ever */
};

PERCPU_DEFINE(struct rcu_cpu, rcu_cpu);
PERCPU_DEFINE(struct rcu_lists, rcu_lists);

static void
wake_nobody(u32 cpu)
{
	(void)cpu;
}

void (*rcu_wake_thread)(u32 cpu) = wake_nobody;

static bool
cpu_has_waiting(u32 cpu)
{
	return READ_ONCE(PERCPU_OF(struct rcu_lists, rcu_lists, cpu)->wait) !=
	    NULL;
}

/* Interrupt the CPUs that hold up the current grace period. */
static void
interrupt_waiting_locked(void)
{
	for (u32 c = 0; c < ncpus; c++)
		if (c != cpu_id && cpumask_test(&rcu_state.waiting, c))
			smp_send(c, VECTOR_IPI_RESCHED);
}

/* Start grace periods until one has somebody to wait for, or none is wanted. */
static void
start_locked(void)
{
	while (rcu_state.nwaiting == 0 &&
	    rcu_state.completed < rcu_state.wanted) {
		assert(rcu_state.completed == rcu_gp);	/* I2 */
		atomic_store(&rcu_gp, rcu_gp + 1);	/* before the flags */
		for (u32 c = 0; c < ncpus; c++) {
			struct rcu_cpu *cpu =
			    PERCPU_OF(struct rcu_cpu, rcu_cpu, c);

			if (atomic_load(&cpu->idle) != 0)
				continue;
			cpumask_set(&rcu_state.waiting, c);
			rcu_state.nwaiting++;
		}
		if (rcu_state.nwaiting == 0)
			atomic_store_release(&rcu_state.completed, rcu_gp);
	}
	if (rcu_state.nwaiting != 0 && rcu_gp <= rcu_state.hurry)
		interrupt_waiting_locked();
}

/* This CPU has passed a quiescent state. True if hurried work may go on. */
static bool
leave_locked(void)
{
	bool hurried = rcu_gp <= rcu_state.hurry;

	rcu_cpu.seen = rcu_gp;
	if (!cpumask_test(&rcu_state.waiting, cpu_id))
		return false;
	cpumask_clear(&rcu_state.waiting, cpu_id);
	if (--rcu_state.nwaiting != 0)
		return false;
	atomic_store_release(&rcu_state.completed, rcu_gp);
	start_locked();
	return hurried;
}

static void
wake_waiting_threads(void)
{
	for (u32 c = 0; c < ncpus; c++)
		if (cpu_has_waiting(c))
			rcu_wake_thread(c);
}

void
rcu_report(void)
{
	bool hurried;

	spin_lock(&rcu_state.lock);
	hurried = leave_locked();
	spin_unlock(&rcu_state.lock);
	if (hurried)
		wake_waiting_threads();
}

void
rcu_idle_enter(void)
{
	(void)atomic_xchg(&PERCPU_THIS(struct rcu_cpu, rcu_cpu)->idle, 1);
	rcu_quiescent();
}

void
rcu_idle_exit(void)
{
	(void)atomic_xchg(&PERCPU_THIS(struct rcu_cpu, rcu_cpu)->idle, 0);
}

u64
rcu_grace_period(void)
{
	return atomic_load_acquire(&rcu_state.completed);
}

void
rcu_call(struct rcu_head *head, void (*fn)(struct rcu_head *))
{
	struct rcu_lists *l = PERCPU_THIS(struct rcu_lists, rcu_lists);

	head->fn = fn;
	head->next = NULL;
	if (l->next == NULL)
		WRITE_ONCE(l->next, head);
	else
		l->next_last->next = head;
	l->next_last = head;
	WRITE_ONCE(l->queued, l->queued + 1);
	counter_inc(rcu_deferred);
	if (unlikely((l->queued - l->run) % RCU_MANY == RCU_MANY - 1))
		rcu_wake_thread(cpu_id);
}

bool
rcu_has_callbacks(void)
{
	const struct rcu_lists *l = PERCPU_THIS(struct rcu_lists, rcu_lists);

	return l->queued != l->run;
}

bool
rcu_work_ready(void)
{
	const struct rcu_lists *l = PERCPU_THIS(struct rcu_lists, rcu_lists);

	if (l->done != NULL)
		return true;
	if (l->wait != NULL)
		return rcu_grace_period() >= l->wait_gp;
	return l->next != NULL;
}

/* wait becomes done, next becomes wait, as far as grace periods allow. */
static void
move_on(struct rcu_lists *l)
{
	u64 flags;

	if (l->wait != NULL && l->done == NULL &&
	    rcu_grace_period() >= l->wait_gp) {
		l->done = l->wait;
		WRITE_ONCE(l->wait, NULL);
	}
	if (l->wait != NULL || l->next == NULL)
		return;
	flags = spin_lock_irq(&rcu_state.lock);
	l->wait_gp = rcu_gp + 1;		/* I1: the next to start */
	rcu_state.wanted = MAX(rcu_state.wanted, l->wait_gp);
	WRITE_ONCE(l->wait, l->next);
	WRITE_ONCE(l->next, NULL);
	start_locked();
	spin_unlock_irq(&rcu_state.lock, flags);
}

u32
rcu_work(u32 max)
{
	struct rcu_lists *l = PERCPU_THIS(struct rcu_lists, rcu_lists);
	struct rcu_head *h;
	u32 n = 0;

	move_on(l);
	while (n < max && (h = l->done) != NULL) {
		l->done = h->next;
		h->fn(h);
		WRITE_ONCE(l->run, l->run + 1);
		n++;
	}
	return n;
}

void
rcu_counts(u32 cpu, u64 *queued, u64 *run)
{
	const struct rcu_lists *l = PERCPU_OF(struct rcu_lists, rcu_lists, cpu);

	*run = READ_ONCE(l->run);
	*queued = READ_ONCE(l->queued);
}

u64
rcu_pending(void)
{
	u64 queued, run, n = 0;

	for (u32 c = 0; c < ncpus; c++) {
		rcu_counts(c, &queued, &run);
		n += queued - run;
	}
	return n;
}

void
rcu_expedite(void)
{
	u64 queued, run, flags;

	flags = spin_lock_irq(&rcu_state.lock);
	rcu_state.hurry = rcu_gp + 2;
	if (rcu_state.nwaiting != 0)
		interrupt_waiting_locked();
	spin_unlock_irq(&rcu_state.lock, flags);
	for (u32 c = 0; c < ncpus; c++) {
		rcu_counts(c, &queued, &run);
		if (queued != run)
			rcu_wake_thread(c);
	}
}
