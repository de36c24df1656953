/*
 * The scheduler: sleeping, waking and switching.
 *
 * Each CPU has a run queue under a lock of its own (runq.c has its order,
 * place.c says which CPU a thread goes to, tick.c what time brings about).
 *
 * Sleeping and waking race, and the state word settles it. The sleeper sets its
 * state (with a full barrier), then looks whether its event has come, then
 * calls schedule(). The waker makes the event true, then (full barrier) changes
 * the state back to RUNNABLE by compare-and-swap. Either the sleeper sees the
 * event or the waker sees the state. One waker wins the swap, and it alone has
 * to see to it that the thread gets onto a queue:
 *
 *	schedule(), queue locked		waker, queue of t->cpu locked
 *	------------------------		-----------------------------
 *	state is RUNNABLE: t stays		t->on_rq: it has not left, and
 *	else: off the queue, on_rq = 0		will see RUNNABLE: nothing to do
 *	switch to the next			else: queue it somewhere
 *	unlock, on the next one's stack
 *
 * The queue's lock is held from before schedule() looks at the state until the
 * switch is complete. So a waker that has taken it and finds on_rq == 0 knows
 * that t's registers are saved and its stack is idle: it may run anywhere at
 * once. No CPU ever waits for another to finish switching.
 *
 * A thread that changes queues is THREAD_MOVING between the two locks: on_rq is
 * not 0, so wakers leave it alone. t->cpu changes under the old queue's lock
 * and names the new queue, whose lock guards t from then on; affinity is looked
 * at again under it.
 *
 * Preemption: kernel code runs until it sleeps or says preempt_point(). A
 * thread that should give way has WORK_RESCHED set, which it sees at the return
 * to user mode or at a preempt_point(). A preempted thread keeps its place in
 * the queue whatever its state, so that a preempt_point() between
 * wait_prepare() and schedule() does no harm.
 *
 * Wake-ups may come from interrupts, so queue locks are taken with interrupts
 * off. Locks: runq.lock only; two queues are locked by rising address, or the
 * second by trying. Page tables are switched only when the next thread has its
 * own and they are not loaded: kernel threads borrow what is there.
 *
 * Rejected: handing a remote wake-up to the other CPU's interrupt (Linux's wake
 * list): it saves the remote lock and costs an interrupt when there would be
 * none. A ticket for on_cpu spinning: see above.
 */
#include "kernel/lib/annot.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/sched/sched_priv.h"
#include "kernel/sync/irq.h"
#include "kernel/sync/rcu.h"
#include "kernel/trace/counter.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/switch.h"
#include "kernel/x86/trap.h"

#define WAKE_SLEEPS	(BIT(THREAD_SLEEPING) | BIT(THREAD_KILLABLE) | \
	BIT(THREAD_BLOCKED))

PERCPU_DEFINE(struct runq, runq);
PERCPU_DEFINE(struct aspace *, loaded_aspace);

struct sched_ops sched_ops;
bool sched_boosting;

/* The queue that t belongs to, locked. Interrupts off. */
static struct runq *
lock_runq_of(struct thread *t) NO_THREAD_CHECK
{
	for (;;) {
		struct runq *rq = runq_of(READ_ONCE(t->cpu));

		spin_lock(&rq->lock);
		if (likely(rq->cpu == t->cpu))
			return rq;
		spin_unlock(&rq->lock);
	}
}

/*
 * Somebody else should run on rq's CPU. True: it must be interrupted, which the
 * caller does once it has let go of the queue (unlock_and_send()), or the CPU
 * would come only to find it locked. A busy CPU is interrupted, once; an idle
 * one only if it is halted, since it looks at its work before it halts: asleep
 * is set before that look, and read here after the work is set.
 */
static bool
resched_locked(struct runq *rq)
{
	struct thread *curr = rq->curr;

	if (READ_ONCE(curr->x86.work) & WORK_RESCHED)
		return false;
	atomic_or(&curr->x86.work, (u32)WORK_RESCHED);
	return rq->cpu != cpu_id && (!curr->is_idle || READ_ONCE(rq->asleep));
}

void
sched_resched_here(struct runq *rq)
{
	dassert(rq->cpu == cpu_id);
	(void)resched_locked(rq);
}

static inline void
unlock_and_send(struct runq *rq, bool send) NO_THREAD_CHECK
{
	spin_unlock(&rq->lock);
	if (send)
		smp_send(rq->cpu, VECTOR_IPI_RESCHED);
}

/* Queue t on rq, locked; t may run there. True as for resched_locked(). */
static nodiscard bool
enqueue_locked(struct runq *rq, struct thread *t, u32 flags)
{
	bool here = rq->cpu == cpu_id;

	if (flags & WAKE_SYNC && here && !rq->curr->is_idle) {
		runq_join(rq, t);
		rq->sync_wake = true;
		return false;
	}
	runq_update(rq, clock_now_ns());
	runq_join(rq, t);
	if (flags & WAKE_NEW && here && !rq->curr->is_idle)
		return false;		/* a fork: let the parent go on */
	return runq_should_preempt(rq, t, irq_is_active()) &&
	    resched_locked(rq);
}

/*
 * Queue t, which is THREAD_MOVING to t->cpu and ours; its affinity may have
 * changed since that was chosen.
 */
static void
enqueue(struct thread *t, u32 flags) NO_THREAD_CHECK
{
	struct runq *rq;

	for (;;) {
		rq = runq_of(t->cpu);
		spin_lock(&rq->lock);
		if (likely(thread_may_run_on(t, t->cpu)))
			break;
		t->cpu = place_woken(t, 0);
		spin_unlock(&rq->lock);
	}
	unlock_and_send(rq, enqueue_locked(rq, t, flags));
}

/* Waiting for a lock or the disk is load; a kernel thread's waiting is not. */
static inline bool
counts_as_load(const struct thread *t, u32 state)
{
	return state == THREAD_BLOCKED && t->x86.is_user;
}

/* t's state was `from` and is RUNNABLE: queue it if it has left its queue. */
static void
wake_up(struct thread *t, u32 from, u32 flags) NO_THREAD_CHECK
{
	struct runq *rq = lock_runq_of(t);

	if (t->on_rq != 0) {
		spin_unlock(&rq->lock);
		return;
	}
	rq->nblocked -= counts_as_load(t, from);
	t->cpu = place_woken(t, flags);
	if (t->cpu == rq->cpu) {
		unlock_and_send(rq, enqueue_locked(rq, t, flags));
	} else {
		t->on_rq = THREAD_MOVING;
		spin_unlock(&rq->lock);
		enqueue(t, flags);
	}
}

static inline bool
wake_irqs_off(struct thread *t, u32 mask, u32 flags)
{
	u32 state = READ_ONCE(t->state);

	do {
		if (!(BIT(state) & mask))
			return false;
	} while (!atomic_try_cmpxchg(&t->state, &state, THREAD_RUNNABLE));
	wake_up(t, state, flags);
	return true;
}

static bool
wake(struct thread *t, u32 mask, u32 flags)
{
	u64 irq = cpu_irq_save();
	bool woken;

	smp_mb();		/* the event, before we look at the state */
	woken = wake_irqs_off(t, mask, flags);
	cpu_irq_restore(irq);
	return woken;
}

bool
sched_wake_quick(struct thread *t, u32 flags)
{
	return wake_irqs_off(t, WAKE_SLEEPS, flags);
}

bool
sched_wake_state(struct thread *t, u32 mask)
{
	return wake(t, mask, 0);
}

bool
sched_wake(struct thread *t)
{
	return wake(t, WAKE_SLEEPS, 0);
}

bool
sched_wake_sync(struct thread *t)
{
	return wake(t, WAKE_SLEEPS, WAKE_SYNC);
}

void
thread_start(struct thread *t)
{
	u64 irq;

	assert(t->state == THREAD_BLOCKED && t->on_rq == 0);
	t->on_rq = THREAD_MOVING;
	atomic_store(&t->state, THREAD_RUNNABLE);
	irq = cpu_irq_save();
	t->cpu = place_woken(t, WAKE_NEW);
	enqueue(t, WAKE_NEW);
	cpu_irq_restore(irq);
}

void
sched_set_state(u32 state)
{
	(void)atomic_xchg(&current->state, state);
}

/* A signal or death has come meanwhile: state is not to be slept in. */
static inline bool
must_not_sleep(const struct thread *t, u32 state)
{
	u32 work = READ_ONCE(t->x86.work);

	if (likely(!(work & (WORK_SIGNAL | WORK_KILLED))))
		return false;
	if (state == THREAD_SLEEPING)
		return true;
	return work & WORK_KILLED &&
	    (state == THREAD_KILLABLE || state == THREAD_STOPPED);
}

/*
 * The end of a switch, on the new thread's stack: let go of the queue, and of
 * prev where it does not come back to this queue.
 */
static inline void
finish_switch(struct thread *prev) NO_THREAD_CHECK
{
	struct runq *rq = runq_this();
	bool dead = unlikely(prev->reap != NULL);

	atomic_store_release(&prev->on_cpu, false);
	spin_unlock(&rq->lock);
	if (unlikely(rq->leaving != NULL)) {
		rq->leaving = NULL;
		enqueue(prev, 0);
	}
	if (dead)
		prev->reap(prev);
}

void
thread_first(struct x86_thread *prev, void *arg)
{
	(void)arg;
	finish_switch((struct thread *)prev);
	cpu_irq_enable();
}

/* prev stops running: off the queue, or back into it. */
static inline void
put_prev(struct runq *rq, struct thread *prev, bool preempted)
{
	u32 state = READ_ONCE(prev->state);

	if (state != THREAD_RUNNABLE && !preempted) {
		if (!must_not_sleep(prev, state)) {
			runq_leave_curr(rq, prev);
			rq->nblocked += counts_as_load(prev, state);
			prev->nvcsw++;
			return;
		}
		WRITE_ONCE(prev->state, THREAD_RUNNABLE);
	}
	prev->nivcsw++;
	if (unlikely(!thread_may_run_on(prev, rq->cpu))) {
		runq_leave_curr(rq, prev);
		prev->on_rq = THREAD_MOVING;
		prev->cpu = place_woken(prev, 0);
		rq->leaving = prev;
		return;
	}
	runq_put_prev(rq, prev);
}

/* The next thread of this CPU: its own, another CPU's, or the idle one. */
static inline struct thread *
take_next(struct runq *rq)
{
	struct thread *next = runq_take(rq);

	if (unlikely(next == NULL) && ncpus > 1 && place_steal(rq))
		next = runq_take(rq);
	return likely(next != NULL) ? next : rq->idle;
}

static inline void
switch_to(struct runq *rq, struct thread *prev, struct thread *next)
{
	rq->curr = next;
	rq->nswitches++;
	rq->slice_over = false;
	counter_inc(switches);
	if (unlikely(prev->is_idle)) {
		place_mark_busy(rq->cpu);
		if (rq->tick_ns == CLOCK_NEVER)
			tick_start(rq, rq->exec_start_ns + TICK_ALONE_NS);
	} else if (unlikely(next->is_idle)) {
		place_mark_idle(rq->cpu);
	}
	if (thread_is_rt(next) && next->slice_start_ns == 0)
		next->slice_start_ns = rq->exec_start_ns;
	next->on_cpu = true;
	if (next->aspace != loaded_aspace)
		sched_ops.switch_aspace(prev, next);
	finish_switch((struct thread *)x86_switch(&prev->x86, &next->x86));
}

/* Interrupts are off. */
static void
schedule_irqs_off(bool preempted) NO_THREAD_CHECK
{
	struct runq *rq = runq_this();
	struct thread *prev = current, *next;

	rcu_quiescent();
	spin_lock(&rq->lock);
	runq_update(rq, clock_now_ns());
	rq->sync_wake = false;
	if (READ_ONCE(prev->x86.work) & WORK_RESCHED)
		atomic_and(&prev->x86.work, ~(u32)WORK_RESCHED);
	if (likely(!prev->is_idle))
		put_prev(rq, prev, preempted);
	next = take_next(rq);
	if (likely(next != prev)) {
		switch_to(rq, prev, next);
		return;
	}
	rq->slice_over = false;
	spin_unlock(&rq->lock);
}

void
schedule(void)
{
	assert_can_sleep();
	cpu_irq_disable();
	schedule_irqs_off(false);
	cpu_irq_enable();
}

void
sched_preempt(void)
{
	assert_can_sleep();
	cpu_irq_disable();
	schedule_irqs_off(true);
	cpu_irq_enable();
}

void
sched_yield(void) NO_THREAD_CHECK
{
	struct runq *rq;

	assert_can_sleep();
	cpu_irq_disable();
	rq = runq_this();
	spin_lock(&rq->lock);
	runq_update(rq, clock_now_ns());
	runq_yield(rq);
	spin_unlock(&rq->lock);
	schedule_irqs_off(true);
	cpu_irq_enable();
}

noreturn void
thread_exit(void (*reap)(struct thread *))
{
	struct thread *t = current;

	assert(reap != NULL && !t->is_idle);
	assert_can_sleep();
	thread_list_remove(t);
	cpu_irq_disable();
	t->reap = reap;
	WRITE_ONCE(t->state, THREAD_DEAD);
	schedule_irqs_off(false);
	unreachable();
	for (;;)
		;
}

/* Take t, queued on from, to the queue to; both are locked. */
void
sched_move_locked(struct runq *from, struct thread *t, struct runq *to)
{
	assert_held(&from->lock);
	assert_held(&to->lock);
	runq_leave(from, t);
	t->cpu = to->cpu;
	runq_join(to, t);
}

/* Change what t's place in its queue depends on. */
static void
change(struct thread *t, void (*how)(struct thread *t, s64 a, s64 b), s64 a,
    s64 b) NO_THREAD_CHECK
{
	u64 irq = cpu_irq_save();
	struct runq *rq = lock_runq_of(t);
	bool queued = t->on_rq == THREAD_ON_RQ, running = rq->curr == t;

	runq_update(rq, clock_now_ns());
	if (queued && running)
		runq_leave_curr(rq, t);
	else if (queued)
		runq_leave(rq, t);
	how(t, a, b);
	runq_set_weight(t);
	if (queued && running)
		runq_join_curr(rq, t);
	else if (queued)
		runq_join(rq, t);
	unlock_and_send(rq, queued && resched_locked(rq));
	cpu_irq_restore(irq);
}

static void
change_nice(struct thread *t, s64 nice, s64 unused)
{
	(void)unused;
	t->nice = (s8)nice;
}

static void
change_policy(struct thread *t, s64 policy, s64 rt_prio)
{
	t->policy = (u8)policy;
	t->rt_prio = (u8)rt_prio;
	t->slice_start_ns = 0;
}

void
sched_set_nice(struct thread *t, int nice)
{
	change(t, change_nice, MAX(-20, MIN(19, nice)), 0);
}

int
sched_set_policy(struct thread *t, int policy, int rt_prio)
{
	bool rt = policy == SCHED_FIFO || policy == SCHED_RR;

	if (!rt && policy != SCHED_NORMAL && policy != SCHED_BATCH &&
	    policy != SCHED_IDLE)
		return -EINVAL;
	if (rt ? rt_prio < SCHED_PRIO_MIN || rt_prio > SCHED_PRIO_MAX :
	    rt_prio != 0)
		return -EINVAL;
	change(t, change_policy, policy, rt_prio);
	return 0;
}

/* t waits in rq, on a CPU it may no longer use: move it. rq locked, unlocks. */
static void
move_away(struct runq *rq, struct thread *t) NO_THREAD_CHECK
{
	runq_leave(rq, t);
	t->on_rq = THREAD_MOVING;
	t->cpu = place_woken(t, 0);
	spin_unlock(&rq->lock);
	enqueue(t, 0);
}

int
sched_set_affinity(struct thread *t, const struct cpumask *mask)
    NO_THREAD_CHECK
{
	bool any = false, all = true;
	struct runq *rq;
	u64 irq;

	for (u32 c = 0; c < ncpus; c++) {
		any |= cpumask_test(mask, c);
		all &= cpumask_test(mask, c);
	}
	if (!any)
		return -EINVAL;
	irq = cpu_irq_save();
	rq = lock_runq_of(t);
	t->affinity = *mask;
	t->any_cpu = all;
	if (thread_may_run_on(t, rq->cpu) || t->on_rq != THREAD_ON_RQ) {
		spin_unlock(&rq->lock);
	} else if (rq->curr == t) {
		unlock_and_send(rq, resched_locked(rq));
	} else {
		move_away(rq, t);
	}
	cpu_irq_restore(irq);
	return 0;
}

int
sched_set_own_affinity(const struct cpumask *mask)
{
	int error = sched_set_affinity(current, mask);

	preempt_point();	/* to a CPU of the mask */
	return error;
}

void
sched_boost_charged(bool on)
{
	atomic_store(&sched_boosting, on);
}

void
thread_set_work(struct thread *t, u32 bits) NO_THREAD_CHECK
{
	u64 irq;
	struct runq *rq;

	atomic_or(&t->x86.work, bits);
	if (t == current)
		return;
	irq = cpu_irq_save();
	rq = lock_runq_of(t);
	unlock_and_send(rq, rq->curr == t && rq->cpu != cpu_id);
	cpu_irq_restore(irq);
}

void
thread_clear_work(struct thread *t, u32 bits)
{
	atomic_and(&t->x86.work, ~bits);
}
