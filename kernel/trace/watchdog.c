/*
 * The watchdog.
 *
 * Two kinds of hang, told apart by two counts that each CPU keeps anyway:
 * - Interrupts stay off: its count of interrupts taken stands still although
 *   the checker pokes it each time with one that does nothing.
 * - It takes interrupts but runs the same kernel path for ever while other
 *   threads wait for the CPU: its count of context switches stands still. A
 *   thread in user mode would have been preempted, so it must be the kernel.
 * An idle CPU is never poked, so that idle stays tickless.
 *
 * LIMIT: on a machine with one CPU nobody sees interrupts that stay off; that
 * would take an NMI from a performance counter.
 */
#include "kernel/lib/atomic.h"
#include "kernel/lib/parse.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"
#include "kernel/trace/watchdog.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/trap.h"

#define NS_PER_S		1000000000ull
#define DEFAULT_SECONDS		20
#define POKE_NS			(NS_PER_S / 2)
#define STALE_NS		(15 * NS_PER_S)	/* > two checks apart */

/* What a checker last saw of a CPU. [one checker at a time: checking] */
struct watch {
	u64	interrupts, interrupts_ns;	/* the count; since when */
	u64	switches, switches_ns;
};
static struct watch watch[MAX_CPUS];
static const struct watchdog_ops *watchdog_ops;	/* [I] NULL: off */
static u64 patience_ns;				/* [I] */
static u64 touched_ns;				/* [a] */
static u64 last_check_ns;			/* [checking] */
static u32 checking;				/* [a] */

void
watchdog_init(const char *cmdline, const struct watchdog_ops *ops)
{
	u64 seconds = cmdline_u64(cmdline, "watchdog", DEFAULT_SECONDS);

	patience_ns = MIN(seconds, 100000ul) * NS_PER_S;
	if (patience_ns != 0)
		watchdog_ops = ops;
}

void
watchdog_touch(void)
{
	atomic_store_relaxed(&touched_ns, clock_now_ns());
}

static void
watchdog_bite(u32 cpu, const char *what)
{
	panic("watchdog: CPU %u hangs: %s for %llu s", cpu, what,
	    (unsigned long long)(patience_ns / NS_PER_S));
}

static void
check_cpu(u32 cpu, u64 now, u64 touched)
{
	struct watch *w = &watch[cpu];
	u64 interrupts = READ_ONCE(*PERCPU_OF(u64, x86_interrupts, cpu));
	u64 switches = watchdog_ops->switches(cpu);
	bool idle = watchdog_ops->is_idle(cpu);

	if (idle || interrupts != w->interrupts) {
		w->interrupts = interrupts;
		w->interrupts_ns = now;
	} else if (now > MAX(w->interrupts_ns, touched) + patience_ns) {
		watchdog_bite(cpu, "it takes no interrupts");
	}
	if (idle || switches != w->switches ||
	    !watchdog_ops->has_waiting(cpu)) {
		w->switches = switches;
		w->switches_ns = now;
	} else if (now > MAX(w->switches_ns, touched) + patience_ns) {
		watchdog_bite(cpu, "it runs one thread while others wait");
	}
	if (!idle && cpu != cpu_id)
		smp_send(cpu, VECTOR_IPI_CALL);
}

void
watchdog_check(void)
{
	u64 now = clock_now_ns(), touched = atomic_load_relaxed(&touched_ns);

	if (watchdog_ops == NULL || panic_under_way ||
	    atomic_xchg(&checking, 1))
		return;
	/* If nobody could check for long (a stopped virtual machine), what
	 * the counts say is old: begin anew. */
	if (now > last_check_ns + STALE_NS) {
		touched = now;
		atomic_store_relaxed(&touched_ns, now);
	}
	if (now >= last_check_ns + POKE_NS) {
		last_check_ns = now;
		for (u32 c = 0; c < ncpus; c++)
			check_cpu(c, now, touched);
	}
	atomic_store(&checking, 0);
}
