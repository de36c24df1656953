/*
 * The scheduler's figures: load averages and CPU times, for /proc.
 *
 * The load is the number of threads that run, want to, or wait for the disk or
 * a lock; its averages decay with 1, 5 and 15 minutes, sampled every 5 seconds,
 * as uptime(1) expects. Fixed point with 11 bits.
 */
#include "kernel/lib/atomic.h"
#include "kernel/lib/bootinfo.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched_priv.h"
#include "kernel/sched/timer.h"
#include "kernel/sched/wait.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"
#include "kernel/trace/watchdog.h"
#include "kernel/x86/start.h"

#define LOAD_BITS	11
#define LOAD_ONE	(1ul << LOAD_BITS)
#define LOAD_PERIOD_NS	(5 * NS_PER_S)

/* LOAD_ONE * exp(-5 s / 1, 5, 15 min) */
static const u32 load_decay[3] = { 1884, 2014, 2037 };
static u64 load_average[3];		/* [a] written by one timer */
static struct timer load_timer;
static struct timer watch_timer;	/* CPU 1 watches CPU 0 */

static u32
count_active(void)
{
	s64 n = 0;

	for (u32 c = 0; c < ncpus; c++)
		n += READ_ONCE(runq_of(c)->nrunning) +
		    READ_ONCE(runq_of(c)->nblocked);
	return n > 0 ? (u32)n : 0;
}

static void
load_sample(struct timer *t)
{
	u64 active = count_active() * LOAD_ONE;

	for (u32 i = 0; i < 3; i++) {
		u64 sum = load_average[i] * load_decay[i] +
		    active * (LOAD_ONE - load_decay[i]);

		/* Rising, round up: else it never reaches the top. */
		if (active >= load_average[i])
			sum += LOAD_ONE - 1;
		WRITE_ONCE(load_average[i], sum >> LOAD_BITS);
	}
	watchdog_check();
	timer_set(t, t->deadline_ns + LOAD_PERIOD_NS);
}

static void
watch(struct timer *t)
{
	watchdog_check();
	timer_set(t, t->deadline_ns + LOAD_PERIOD_NS);
}

static bool
cpu_is_idle(u32 cpu)
{
	const struct runq *rq = runq_of(cpu);

	return READ_ONCE(rq->curr) == rq->idle;
}

static bool
cpu_has_waiting(u32 cpu)
{
	return READ_ONCE(runq_of(cpu)->nqueued) != 0;
}

static u64
cpu_switches(u32 cpu)
{
	return READ_ONCE(runq_of(cpu)->nswitches);
}

static const struct watchdog_ops watchdog_ops = {
	.is_idle = cpu_is_idle,
	.has_waiting = cpu_has_waiting,
	.switches = cpu_switches,
};

static void
name_curr(u32 cpu, char *buf, usize len)
{
	const struct thread *t = READ_ONCE(runq_of(cpu)->curr);

	if (t != NULL)
		(void)ksnprintf(buf, len, "%u %s", t->tid, t->name);
}

void
stats_init(void)
{
	watchdog_init(boot_info->cmdline, &watchdog_ops);
	panic_thread_name = name_curr;
}

void
stats_start_cpu(void)
{
	struct timer *t = cpu_id == 0 ? &load_timer : &watch_timer;

	if (cpu_id > 1)
		return;
	timer_init(t, cpu_id == 0 ? load_sample : watch);
	timer_set(t, clock_now_ns() + LOAD_PERIOD_NS);
}

static void
add_cpu(u32 cpu, struct sched_stats *s)
{
	struct runq *rq = runq_of(cpu);
	u64 now, irq = spin_lock_irq(&rq->lock);

	/* What is under way counts too, so that idle time does not stand. */
	now = clock_now_ns();
	if (rq->curr != NULL)
		runq_update(rq, now);
	s->user_ns += rq->user_ns;
	s->system_ns += rq->system_ns;
	s->idle_ns += rq->idle_ns;
	s->switches += rq->nswitches;
	s->nrunning += rq->nrunning;
	spin_unlock_irq(&rq->lock, irq);
}

void
sched_stats(u32 cpu, struct sched_stats *out)
{
	memset(out, 0, sizeof(*out));
	for (u32 c = 0; c < ncpus; c++)
		if (cpu == ~0u || cpu == c)
			add_cpu(c, out);
	out->nthreads = READ_ONCE(sched_nthreads);
	for (u32 i = 0; i < 3; i++)
		out->load[i] = READ_ONCE(load_average[i]);
}

static const char *const state_names[] = {
	[THREAD_RUNNABLE] = "runnable", [THREAD_SLEEPING] = "sleeping",
	[THREAD_KILLABLE] = "killable", [THREAD_BLOCKED] = "blocked",
	[THREAD_STOPPED] = "stopped", [THREAD_DEAD] = "dead",
};

void
sched_log_threads(void)
{
	struct thread *t;

	for (u32 c = 0; c < ncpus; c++) {
		const struct runq *rq = runq_of(c);

		kinfo("cpu %u: runs %s, %u queued", c,
		    rq->curr != NULL ? rq->curr->name : "?", rq->nqueued);
	}
	sched_for_each_thread(t)
		kinfo("thread %u %s: %s, cpu %u, waits for %s", t->tid,
		    t->name, state_names[t->state % 6], t->cpu,
		    t->wait_what != NULL ? t->wait_what : "-");
}
