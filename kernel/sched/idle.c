/*
 * The idle thread: what a CPU does with nothing to do. It is the thread that
 * the CPU was started on, and is in no queue.
 *
 * Before it halts it says so (asleep), and then looks once more at its work.
 * Who wakes a thread for this CPU sets the work first and then looks at asleep;
 * so either it is seen here, or an interrupt is sent. Interrupts are off from
 * the look to the halt, and `sti; hlt` lets none in between.
 */
#include "kernel/lib/atomic.h"
#include "kernel/sched/sched_priv.h"
#include "kernel/sync/rcu.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/smp.h"

static void
idle_halt(struct runq *rq)
{
	place_mark_idle(rq->cpu);
	rcu_idle_enter();
	(void)atomic_xchg(&rq->asleep, true);
	if (READ_ONCE(rq->idle->x86.work) & WORK_RESCHED)
		cpu_irq_enable();
	else
		cpu_idle_wait();
	cpu_irq_disable();
	WRITE_ONCE(rq->asleep, false);
	if (rcu_cpu.idle)
		rcu_idle_exit();
}

noreturn void
idle_loop(struct runq *rq)
{
	for (;;) {
		cpu_irq_disable();
		if (rcu_has_callbacks() && rq->tick_ns == CLOCK_NEVER)
			tick_start(rq, clock_now_ns() + TICK_BUSY_NS);
		if (!(READ_ONCE(rq->idle->x86.work) & WORK_RESCHED))
			idle_halt(rq);
		cpu_irq_enable();
		if (READ_ONCE(rq->idle->x86.work) & WORK_RESCHED)
			schedule();
	}
}
