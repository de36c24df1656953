/*
 * The RCU threads, one to a CPU: they run the callbacks queued there, when
 * their grace period is over, and unmap spare kernel stacks, which needs to
 * wait too. They take no memory, so they need no reservation.
 */
#include "kernel/lib/atomic.h"
#include "kernel/lib/fmt.h"
#include "kernel/sched/sched_priv.h"
#include "kernel/sched/wait.h"
#include "kernel/sync/rcu.h"

#define CALLBACKS_A_TURN	32

static struct thread *rcu_thread[MAX_CPUS];
static struct waitq drained = WAITQ_INIT(drained);	/* rcu_barrier() */

static void
wake_rcu_thread(u32 cpu)
{
	struct thread *t = READ_ONCE(rcu_thread[cpu]);

	if (t != NULL)
		(void)sched_wake(t);
}

void
rcu_tick(void)
{
	if (rcu_work_ready())
		wake_rcu_thread(cpu_id);
}

static void
rcu_main(void *arg)
{
	(void)arg;
	for (;;) {
		sched_set_state(THREAD_SLEEPING);
		if (!rcu_work_ready())
			schedule();
		sched_set_state(THREAD_RUNNABLE);
		while (rcu_work(CALLBACKS_A_TURN) != 0)
			sched_preempt();
		waitq_wake_all(&drained, 0);
		kstack_trim();
	}
}

void
sched_start_rcu(void)
{
	char name[16];

	for (u32 c = 0; c < ncpus; c++) {
		(void)ksnprintf(name, sizeof(name), "rcu/%u", c);
		WRITE_ONCE(rcu_thread[c],
		    kthread_create_on(c, name, rcu_main, NULL));
	}
	rcu_wake_thread = wake_rcu_thread;
}

/* A callback that tells its waiter. */
struct rcu_waiter {
	struct rcu_head	head;
	bool		done;		/* [a] */
	struct thread	*thread;	/* [I] */
};

static void
tell(struct rcu_head *head)
{
	struct rcu_waiter *w = CONTAINER_OF(head, struct rcu_waiter, head);
	struct thread *t = w->thread;

	atomic_store_release(&w->done, true);	/* w may be gone from here */
	(void)sched_wake(t);
}

void
rcu_synchronize(void)
{
	struct rcu_waiter w = { .thread = current };

	rcu_call(&w.head, tell);
	rcu_expedite();
	for (;;) {
		sched_set_state(THREAD_BLOCKED);
		if (atomic_load_acquire(&w.done))
			break;
		schedule();
	}
	sched_set_state(THREAD_RUNNABLE);
}

void
rcu_barrier(void)
{
	for (u32 c = 0; c < ncpus; c++) {
		u64 target, queued, run;

		rcu_counts(c, &target, &run);
		if (run >= target)
			continue;
		rcu_expedite();
		WAIT_EVENT(&drained,
		    (rcu_counts(c, &queued, &run), run >= target));
	}
}
