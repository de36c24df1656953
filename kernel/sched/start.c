/*
 * Starting the scheduler: the thread that each CPU was started on becomes its
 * idle thread.
 */
#include "kernel/abi/sched.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched_priv.h"
#include "kernel/sched/timer.h"
#include "kernel/sync/rcu.h"
#include "kernel/x86/trap.h"

_Static_assert(sizeof(struct thread) <= 2048, "x86/percpu_priv.h");

static void
become_idle(struct thread *t)
{
	(void)ksnprintf(t->name, sizeof(t->name), "idle/%u", cpu_id);
	t->state = THREAD_RUNNABLE;
	t->cpu = cpu_id;
	t->on_cpu = true;
	t->is_idle = true;
	t->in_kernel = true;
	t->policy = SCHED_IDLE;
	memset(&t->affinity, 0, sizeof(t->affinity));
	cpumask_set(&t->affinity, cpu_id);
	t->start_ns = clock_now_ns();
	runq_set_weight(t);
	runq_init(runq_this(), cpu_id, t);
	runq_this()->exec_start_ns = clock_now_ns();
}

void
sched_init(void)
{
	trap_ops.timer = sched_timer_irq;
	stats_init();
	become_idle(current);
}

noreturn void
sched_start_cpu(void)
{
	if (cpu_id != 0)
		become_idle(current);
	stats_start_cpu();
	rcu_thread_start(cpu_id);
	idle_loop(runq_this());
}
