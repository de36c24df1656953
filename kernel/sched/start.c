/*
 * Starting the scheduler: the thread that each CPU is started on becomes its
 * idle thread. The queues are ready before the other CPUs come: what is put in
 * one runs when its CPU gets there.
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
become_idle(u32 cpu, struct thread *t)
{
	(void)ksnprintf(t->name, sizeof(t->name), "idle/%u", cpu);
	t->state = THREAD_RUNNABLE;
	t->cpu = cpu;
	t->on_cpu = true;
	t->is_idle = true;
	t->in_kernel = true;
	t->policy = SCHED_IDLE;
	memset(&t->affinity, 0, sizeof(t->affinity));
	cpumask_set(&t->affinity, cpu);
	t->start_ns = clock_now_ns();
	runq_set_weight(t);
	runq_init(runq_of(cpu), cpu, t);
}

void
sched_init(void)
{
	trap_ops.timer = sched_timer_irq;
	trap_ops.ipi = sched_ipi_irq;
	stats_init();
	for (u32 c = 0; c < ncpus_possible; c++)
		become_idle(c, (struct thread *)
		    *PERCPU_OF(struct x86_thread *, x86_current, c));
}

noreturn void
sched_start_cpu(void)
{
	stats_start_cpu();
	idle_loop(runq_this());
}
