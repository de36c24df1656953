/*
 * Test mode: free memory at exactly a call's bound, or one frame less.
 *
 * A test writes N to /proc/sys/vm/unpromised_frames. All unpromised frames but
 * N are hidden then, and so is what comes back on top of N. A call whose bound
 * is N at most is admitted at once; one whose bound is larger waits. The hidden
 * frames are a cache like others: reclaim, which the waiter kicks, gives them
 * back, and the waiter is admitted. So a test needs no helper and no clock, and
 * nobody is killed: it looks at /proc/reserve for who has waited.
 *
 * At the edge is where whole programs run: after "exact" each admission finds
 * the frames that it wants and no other, after "short" one less; so it stands
 * in line, holding nothing, until reclaim finds the one that is missing. What
 * comes back is hidden at once. Debug kernels also find no free object in any
 * slab then (kmem_is_bare), which is what bounds assume.
 *
 * reserve_imbalance() checks the equation of kernel/mem/charge.h.
 */
#include "kernel/lib/atomic.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/sync/rcu.h"
#include "kernel/vm/reserve.h"

#define LOOKS_MAX	200		/* at the equation */
#define LOOK_AGAIN_NS	1000000ul

static bool holding;			/* [a] */
static bool at_edge;			/* [a] */
static u64 admitted_before;		/* [I while at_edge] from the line */

void
reserve_hold(s64 keep)
{
	atomic_store(&at_edge, false);
	kmem_set_bare(false);
	if (keep >= 0) {
		atomic_store(&holding, true);
		charge_hold((u64)keep);
	} else {
		atomic_store(&holding, false);
		(void)charge_unhold();
		reserve_kick();
	}
}

static u64
admitted_from_line(void)
{
	struct reserve_stats st;

	reserve_stats(&st);
	return st.admitted;
}

void
reserve_hold_edge(u32 missing)
{
	admitted_before = admitted_from_line();
	atomic_store(&at_edge, true);
	atomic_store(&holding, true);
	kmem_set_bare(true);
	charge_hold_edge(missing);
}

void
reserve_edge_stats(u64 *admissions, u64 *waited)
{
	*admissions = charge_edge_admissions();
	*waited = admitted_from_line() - admitted_before;
}

s64
reserve_held(void)
{
	return READ_ONCE(holding) ? (s64)charge_held() : -1;
}

static u64
hold_count(void)
{
	return charge_held();
}

static u64
hold_shrink(u64 want)
{
	if (!READ_ONCE(holding))
		return 0;
	if (READ_ONCE(at_edge))
		return charge_unhold_some(want);
	atomic_store(&holding, false);
	return charge_unhold();
}

static struct shrinker hold_shrinker = {
	.name = "test mode",
	.count = hold_count,
	.shrink = hold_shrink,
};

/* What is promised, by those who have the promises. */
static s64
promises(void)
{
	struct standing *s;
	struct thread *t;
	s64 n = 0;

	rcu_read_lock();
	sched_for_each_thread(t)
		n += READ_ONCE(t->charge.left) + READ_ONCE(t->charge.paid);
	rcu_read_unlock();
	for (s = standing_first(); s != NULL; s = s->next)
		n += (s64)s->row->frames * (s->count - READ_ONCE(s->in_use));
	return n;
}

s64
reserve_imbalance(void)
{
	struct frame_stats fs;
	s64 off = 0;

	for (u32 look = 0; look < LOOKS_MAX; look++) {
		s64 before = promises();

		frame_stats(&fs);
		off = (s64)fs.promised - before;
		if (off == 0 && promises() == before)
			break;
		sched_sleep_ns(LOOK_AGAIN_NS);
	}
	return off;
}

void
reserve_hold_init(void)
{
	reserve_add_shrinker(&hold_shrinker);
}
