/*
 * What time brings about: the local timer's interrupt.
 *
 * Each CPU has one alarm, set to the earlier of its next timer (timer.c) and
 * its next tick. It is set only earlier, never later: an alarm that comes too
 * soon finds nothing to do and is set anew, which costs less than moving it at
 * each wake-up.
 *
 * There is a tick only while a thread runs: every 4 ms when others wait for the
 * CPU (their turn may have come), every 10 ms when it runs alone (for the split
 * into user and system time, and for RCU). A tick that finds the CPU idle is
 * the last, unless callbacks of this CPU still wait for a grace period.
 *
 * User and system time are not measured at each entry, which would cost every
 * system call two readings of the clock: what a thread runs is counted where
 * the last tick found it.
 */
#include "kernel/lib/annot.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/sched/sched_priv.h"
#include "kernel/sync/irq.h"
#include "kernel/sync/rcu.h"
#include "kernel/trace/counter.h"
#include "kernel/x86/trap.h"

void
alarm_lower(struct runq *rq, u64 at_ns)
{
	if (at_ns >= rq->alarm_ns)
		return;
	rq->alarm_ns = at_ns;
	clock_set_alarm(at_ns);
}

void
tick_start(struct runq *rq, u64 at_ns)
{
	rq->tick_ns = at_ns;
	alarm_lower(rq, at_ns);
}

/* Account, see whose turn it is, and say when to look again. */
static void
tick(struct runq *rq, u64 now, bool from_user) NO_THREAD_CHECK
{
	bool idle, waiting;

	spin_lock(&rq->lock);
	rq->nticks++;
	runq_update(rq, now);
	rq->curr->in_kernel = !from_user;
	rq->sync_wake = false;		/* that waker did not sleep soon */
	if (runq_slice_is_over(rq, now))
		sched_resched_here(rq);
	idle = rq->curr->is_idle;
	if (!idle)
		place_balance(rq);
	waiting = rq->nqueued != 0;
	spin_unlock(&rq->lock);
	if (waiting)
		place_kick_idle();
	if (idle && !rcu_has_callbacks())
		rq->tick_ns = CLOCK_NEVER;
	else
		rq->tick_ns = now + (waiting || rcu_has_callbacks() ?
		    TICK_BUSY_NS : TICK_ALONE_NS);
}

/* A grace period waits for this CPU: user code has no references. */
static void
help_rcu(struct runq *rq, bool from_user)
{
	if (rcu_is_waited_for()) {
		if (from_user)
			rcu_quiescent();
		else
			sched_resched_here(rq);
	}
	rcu_tick();
}

void
sched_timer_irq(struct trapframe *tf)
{
	struct runq *rq = runq_this();
	bool from_user = trap_from_user(tf);
	u64 now, next;

	irq_enter();
	rq->alarm_ns = CLOCK_NEVER;	/* it has fired */
	now = clock_now_ns();
	next = timer_run_expired(now);
	if (now >= rq->tick_ns)
		tick(rq, now, from_user);
	help_rcu(rq, from_user);
	next = MIN(next, rq->tick_ns);
	if (next != CLOCK_NEVER)
		alarm_lower(rq, next);
	irq_exit();
}

void
sched_ipi_irq(struct trapframe *tf, u32 vector)
{
	struct runq *rq = runq_this();

	assert(vector == VECTOR_IPI_RESCHED);
	irq_enter();
	counter_inc(ipis);
	help_rcu(rq, trap_from_user(tf));
	if (rq->curr->is_idle)
		sched_resched_here(rq);	/* look for work, here or elsewhere */
	else if (rq->nqueued != 0 &&
	    rq->tick_ns > clock_now_ns() + TICK_BUSY_NS)
		tick_start(rq, clock_now_ns() + TICK_BUSY_NS);
	irq_exit();
}
