/*
 * Placement: which CPU a thread runs on.
 *
 * A woken thread goes, in this order, to
 *	the waker's CPU, if the waker says that it will sleep at once and
 *	    nothing else waits there: a pipe's two ends take turns on one CPU,
 *	    with a warm cache and no interrupt;
 *	the CPU where it ran last, if that is idle: its cache may be warm;
 *	any idle CPU, the nearest by number (cores that share a cache are
 *	    numbered next to each other);
 *	the less loaded of the CPU where it ran last and the waker's.
 * Choosing an idle CPU takes it out of idle_cpus at once, so that two wakers do
 * not choose the same. It comes back when it has nothing to run again.
 *
 * What this gets wrong, stealing mends: a CPU that runs out of threads takes
 * one from the first CPU that has some waiting; the tick of a CPU that has some
 * waiting wakes an idle CPU, and else compares itself with the others.
 *
 * Locks: stealing holds its own queue's lock and only tries for the other's.
 */
#include "kernel/lib/annot.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/bitmap.h"
#include "kernel/sched/sched_priv.h"
#include "kernel/trace/counter.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/trap.h"

#define SCAN_CPUS	32u	/* CPUs looked at for a thread to steal */
#define BALANCE_TICKS	8

struct cpumask idle_cpus;

void
place_mark_idle(u32 cpu)
{
	if (ncpus > 1 && !bitmap_test(idle_cpus.bits, cpu))
		bitmap_set_atomic(idle_cpus.bits, cpu);
}

void
place_mark_busy(u32 cpu)
{
	if (ncpus > 1 && bitmap_test(idle_cpus.bits, cpu))
		bitmap_clear_atomic(idle_cpus.bits, cpu);
}

/* Take cpu out of the idle ones; true if it was there. */
static bool
claim(u32 cpu)
{
	u64 mask = BIT(cpu % 64);

	return bitmap_test(idle_cpus.bits, cpu) &&
	    (atomic_fetch_and(&idle_cpus.bits[cpu / 64], ~mask) & mask) != 0;
}

/* Claim an idle CPU of mask (NULL: any) at or after near; ncpus: none. */
static u32
claim_near(const struct cpumask *mask, u32 near)
{
	u32 nwords = (ncpus + 63) / 64, first = near / 64;

	for (u32 i = 0; i <= nwords; i++) {
		u32 w = (first + i) % nwords;
		u64 set = READ_ONCE(idle_cpus.bits[w]);

		if (mask != NULL)
			set &= mask->bits[w];
		if (i == 0)
			set &= ~0ul << near % 64;
		for (; set != 0; set &= set - 1) {
			u32 cpu = w * 64 + lowest_bit(set);

			if (claim(cpu))
				return cpu;
		}
	}
	return ncpus;
}

/* The less loaded of a few CPUs that t may use. */
static u32
least_loaded(const struct thread *t, u32 from)
{
	u32 best = ncpus, load = ~0u;

	for (u32 i = 0; i < ncpus; i++) {
		u32 cpu = (from + i) % ncpus;
		u32 n = READ_ONCE(runq_of(cpu)->nrunning);

		if (!thread_may_run_on(t, cpu))
			continue;
		if (n < load) {
			load = n;
			best = cpu;
		}
		if (load == 0 || (i >= SCAN_CPUS && best != ncpus))
			break;
	}
	assert(best != ncpus);
	return best;
}

u32
place_anywhere(const struct thread *t, u32 flags)
{
	u32 here = cpu_id, last = t->cpu;
	u32 cpu;

	if (flags & WAKE_NEW)
		last = here;
	else if (thread_may_run_on(t, last) && claim(last))
		return last;
	cpu = claim_near(t->any_cpu ? NULL : &t->affinity, last);
	if (cpu != ncpus)
		return cpu;
	if (flags & WAKE_NEW || !thread_may_run_on(t, last))
		return least_loaded(t, last);
	if (thread_may_run_on(t, here) &&
	    READ_ONCE(runq_of(here)->nrunning) + 1 <
	    READ_ONCE(runq_of(last)->nrunning))
		return here;
	return last;
}


/* Take a thread from victim's queue to rq, which is locked. */
static bool
steal_from(struct runq *rq, struct runq *victim) NO_THREAD_CHECK
{
	struct thread *t;

	if (!spin_trylock(&victim->lock))
		return false;
	t = runq_candidate(victim, rq->cpu);
	if (t != NULL) {
		sched_move_locked(victim, t, rq);
		counter_inc(steals);
	}
	spin_unlock(&victim->lock);
	return t != NULL;
}

bool
place_steal(struct runq *rq)
{
	u32 n = MIN(ncpus - 1, SCAN_CPUS);

	for (u32 i = 1; i <= n; i++) {
		struct runq *victim = runq_of((rq->cpu + i) % ncpus);
		u32 waiting = READ_ONCE(victim->nqueued);

		/* One that its waker makes room for is not worth moving. */
		if (waiting == 0 ||
		    (waiting == 1 && READ_ONCE(victim->sync_wake)))
			continue;
		if (steal_from(rq, victim))
			return true;
	}
	return false;
}

void
place_kick_idle(void)
{
	u32 cpu;

	if (ncpus == 1)
		return;
	cpu = claim_near(NULL, cpu_id);
	if (cpu != ncpus && cpu != cpu_id)
		smp_send(cpu, VECTOR_IPI_RESCHED);
}

void
place_balance(struct runq *rq)
{
	struct runq *busiest = NULL;
	u32 most = rq->nrunning + 1;

	if (ncpus == 1 || rq->nticks % BALANCE_TICKS != 0)
		return;
	for (u32 i = 1; i <= MIN(ncpus - 1, SCAN_CPUS); i++) {
		struct runq *other = runq_of((rq->cpu + i) % ncpus);
		u32 n = READ_ONCE(other->nrunning);

		if (n > most && READ_ONCE(other->nqueued) > 0) {
			most = n;
			busiest = other;
		}
	}
	if (busiest != NULL)
		(void)steal_from(rq, busiest);
}
