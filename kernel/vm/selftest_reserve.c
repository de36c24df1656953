/*
 * Self-tests of reservation: the equation, private slabs, the line's order, the
 * reclaimer's turns, the killer, standing reservations.
 *
 * Memory is made short by hiding it (charge_hold()); what would be found by
 * reclaim in life is here given back by the test, or by a killer of its own.
 * The tests run when nothing else does, with all CPUs started.
 */
#include "kernel/lib/atomic.h"
#include "kernel/lib/fmt.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/thread.h"
#include "kernel/sync/rcu.h"
#include "kernel/trace/selftest.h"
#include "kernel/vm/reserve.h"

#define SHORT_NS	2000000ul
#define LONG_TURNS	2000u		/* of SHORT_NS: then it has failed */
#define THREAD_FRAMES	24		/* making a few kernel threads */

/* True as soon as cond is; false if it does not come. */
#define SOON(cond) ({ \
	u32 turn_ = 0; \
	while (!(cond) && turn_++ < LONG_TURNS) \
		sched_sleep_ns(SHORT_NS); \
	(cond); })

static BOUND_FIXED(selftest_reserve, 0);
static BOUND_FIXED(selftest_frame, 1);

/* A segment of n frames begins. */
static int
take(u32 n)
{
	return reserve_linear(&bound_selftest_reserve, &bound_selftest_frame,
	    n);
}

SELFTEST(reserve_counts_every_frame)
{
	struct frame *f[8];

	CHECK(reserve_imbalance() == 0);
	CHECK(take(12) == 0);
	CHECK(current->charge.left == 12);
	CHECK(reserve_imbalance() == 0);
	for (u32 i = 0; i < 8; i++)
		f[i] = frame_get(FRAME_BUFFER);
	CHECK(current->charge.left == 4);
	CHECK(reserve_imbalance() == 0);
	for (u32 i = 0; i < 8; i++)
		frame_put(f[i]);
	CHECK(current->charge.left == 12);	/* given back to the charge */
	CHECK(current->charge.peak == 8);
	reserve_end();
	CHECK(current->charge.bound == 0 && current->charge.left == 0);
	CHECK(reserve_imbalance() == 0);
}

SELFTEST(reserve_keeps_what_a_charge_did_not_take)
{
	struct frame *f;
	u64 before;

	before = charge_unpromised();
	CHECK(take(5) == 0);
	CHECK(charge_unpromised() == before - 5);
	f = frame_get(FRAME_BUFFER);
	reserve_end();
	CHECK(charge_unpromised() == before - 1);
	frame_put(f);				/* without a charge */
	CHECK(charge_unpromised() == before);
}

struct blob { u8 bytes[1000]; };
static KMEM_CACHE(blob_cache, "selftest-blob", struct blob);

static u32
blob_slabs(void)
{
	struct kmem_stats st;

	kmem_stats(&blob_cache, &st);
	return st.nslabs;
}

SELFTEST(reserve_publishes_private_slabs)
{
	struct blob *b[8];
	u32 n = 0;

	CHECK(take(4) == 0);
	for (u32 i = 0; i < 5; i++)
		b[i] = kmem_get(&blob_cache);
	CHECK(current->charge.priv != NULL);
	n = blob_slabs();
	CHECK(n == (u32)DIV_UP(5, blob_cache.per_slab));
	CHECK(4 - current->charge.left == (s32)n);
	reserve_end();
	CHECK(current->charge.priv == NULL);
	CHECK(take(1) == 0);
	b[5] = kmem_get(&blob_cache);		/* a published one's slot */
	CHECK(current->charge.left == 1);
	reserve_end();
	for (u32 i = 0; i < 6; i++)
		kmem_put(&blob_cache, b[i]);
	kmem_drain_cpu();
	(void)kmem_shrink();
	CHECK(blob_slabs() == 0);
	CHECK(reserve_imbalance() == 0);
}

/* ---- the line ---- */

#define LINE_MAX	4

static struct {
	u32	frames[LINE_MAX];	/* [I] what each asks for */
	u32	order[LINE_MAX];	/* [a] who came in, in order */
	u32	nadmitted;		/* [a] */
	u32	nended;			/* [a] */
	u32	leave;			/* [a] they may give it back */
} line_test;

static void
line_thread(void *arg)
{
	u32 me = (u32)(u64)arg;

	if (take(line_test.frames[me]) == 0) {
		line_test.order[atomic_fetch_add(&line_test.nadmitted, 1u)] =
		    me;
		while (!atomic_load(&line_test.leave))
			sched_sleep_ns(SHORT_NS);
		reserve_end();
	}
	atomic_inc(&line_test.nended);
}

static u32
waiting(void)
{
	struct reserve_stats st;

	reserve_stats(&st);
	return st.waiting;
}

static u64
kills(void)
{
	struct reserve_stats st;

	reserve_stats(&st);
	return st.kills;
}

/* n threads join the line one after the other. The caller has made it short,
 * and has a charge for the threads. */
static void
line_form(u32 n)
{
	char name[16];

	for (u32 i = 0; i < n; i++) {
		(void)ksnprintf(name, sizeof(name), "reserve/%u", i);
		(void)kthread_create_on(i % ncpus, name, line_thread,
		    (void *)(u64)i);
		CHECK(SOON(waiting() == i + 1));
	}
}

static void
line_end(u32 n)
{
	atomic_store(&line_test.leave, 1u);
	CHECK(SOON(atomic_load(&line_test.nended) == n));
	CHECK(waiting() == 0);
	rcu_barrier();
	CHECK(reserve_imbalance() == 0);
}

/* A killer that finds nobody, or that gives back memory. */
static u32 fake_kills;			/* [a] */
static bool fake_gives;			/* [a] */
static bool fake_busy;			/* [a] its victim is not done */

static bool
fake_kill(u32 want_frames)
{
	(void)want_frames;
	atomic_inc(&fake_kills);
	if (READ_ONCE(fake_gives))
		(void)charge_unhold();
	return true;
}

static bool
fake_done(void)
{
	return !READ_ONCE(fake_busy);
}

static const struct killer_ops fake_killer = { fake_kill, fake_done };

static void
line_test_begin(void)
{
	line_test.nadmitted = line_test.nended = line_test.leave = 0;
	fake_kills = 0;
}

SELFTEST(reserve_line_is_first_in_first_out)
{
	static const u32 frames[LINE_MAX] = { 40, 1, 20, 2 };
	const struct killer_ops *old = reserve_set_killer(&fake_killer);
	struct reserve_stats a, b;

	line_test_begin();
	fake_busy = true;		/* a victim is on its way: no kill */
	for (u32 i = 0; i < LINE_MAX; i++)
		line_test.frames[i] = frames[i];
	CHECK(take(THREAD_FRAMES * 2) == 0);
	reserve_stats(&a);
	charge_hold(0);
	line_form(LINE_MAX);
	/* Small ones do not pass the large head. */
	CHECK(atomic_load(&line_test.nadmitted) == 0);
	CHECK(fake_kills == 0);
	(void)charge_unhold();
	reserve_kick();
	CHECK(SOON(atomic_load(&line_test.nadmitted) == LINE_MAX));
	for (u32 i = 0; i < LINE_MAX; i++)
		CHECK(line_test.order[i] == i);
	reserve_stats(&b);
	CHECK(b.waits - a.waits == LINE_MAX);
	CHECK(b.reclaim_turns > a.reclaim_turns);
	reserve_end();
	line_end(LINE_MAX);
	fake_busy = false;
	(void)reserve_set_killer(old);
}

/* The first is let in by what this thread gives back, and nobody else. */
SELFTEST(reserve_wakes_the_head_with_frames_that_come_back)
{
	const struct killer_ops *old = reserve_set_killer(&fake_killer);
	struct frame *f[6];

	line_test_begin();
	fake_busy = true;
	line_test.frames[0] = 6;
	line_test.frames[1] = 6;
	CHECK(take(THREAD_FRAMES) == 0);
	for (u32 i = 0; i < 6; i++)
		f[i] = frame_get(FRAME_BUFFER);
	charge_hold(0);
	line_form(2);
	CHECK(current->charge.left < THREAD_FRAMES);
	reserve_end();			/* may let some in already */
	for (u32 i = 0; i < 6; i++)
		frame_put(f[i]);
	CHECK(SOON(atomic_load(&line_test.nadmitted) >= 1));
	CHECK(line_test.order[0] == 0);
	atomic_store(&line_test.leave, 1u);	/* the first lets the second */
	CHECK(SOON(atomic_load(&line_test.nadmitted) == 2));
	(void)charge_unhold();
	line_end(2);
	fake_busy = false;
	(void)reserve_set_killer(old);
}

/* The turn ends with a kill only where nothing else helps, one at a time. */
SELFTEST(reserve_kills_last_and_one_at_a_time)
{
	const struct killer_ops *old = reserve_set_killer(&fake_killer);
	u64 before = kills();

	line_test_begin();
	fake_busy = false;
	fake_gives = true;
	line_test.frames[0] = 64;
	CHECK(take(THREAD_FRAMES) == 0);
	charge_hold(0);
	(void)kthread_create("reserve/0", line_thread, NULL);
	CHECK(SOON(atomic_load(&line_test.nadmitted) == 1));
	CHECK(fake_kills == 1 && kills() == before + 1);
	reserve_end();
	line_end(1);
	fake_gives = false;
	(void)reserve_set_killer(old);
}

/* What is hidden in test mode is found by reclaim, without a kill. */
SELFTEST(reserve_hold_ends_with_the_first_wait)
{
	const struct killer_ops *old = reserve_set_killer(&fake_killer);

	line_test_begin();
	/* Far more than what earlier threads may still give back, which would
	 * let it in before the turn comes to what is held. */
	line_test.frames[0] = 512;
	CHECK(take(THREAD_FRAMES) == 0);
	reserve_hold(63);
	CHECK(reserve_held() > 0);
	CHECK(charge_unpromised() == 63);
	(void)kthread_create("reserve/0", line_thread, NULL);
	CHECK(SOON(atomic_load(&line_test.nadmitted) == 1));
	CHECK(reserve_held() == -1 && fake_kills == 0);
	reserve_end();
	line_end(1);
	(void)reserve_set_killer(old);
}

/* At the edge each admission has its frames and no other; no slab has any. */
SELFTEST(reserve_at_the_edge_is_exact)
{
	struct frame *f[4];
	struct blob *b[2];
	u64 admissions, waited;

	CHECK(take(2) == 0);
	b[0] = kmem_get(&blob_cache);
	reserve_end();				/* its slab is everybody's */
	reserve_hold_edge(0);
	CHECK(charge_unpromised() == 0);
	CHECK(take(4) == 0);
	CHECK(charge_unpromised() == 0 && current->charge.left == 4);
	for (u32 i = 0; i < 4; i++)
		f[i] = frame_get(FRAME_BUFFER);
	for (u32 i = 0; i < 4; i++)
		frame_put(f[i]);
	CHECK(reserve_renew() == 0 && current->charge.left == 4);
	b[1] = kmem_get(&blob_cache);
	CHECK(current->charge.left == (kmem_is_bare ? 3 : 4));
	reserve_end();
	CHECK(charge_unpromised() == 0);
	reserve_edge_stats(&admissions, &waited);
	CHECK(admissions == 2 && waited == 0);
	reserve_hold(-1);
	kmem_put(&blob_cache, b[0]);
	kmem_put(&blob_cache, b[1]);
	CHECK(reserve_imbalance() == 0);
}

/* One frame less: each stands in line once, and reclaim ends it. */
SELFTEST(reserve_one_less_than_the_edge_waits)
{
	const struct killer_ops *old = reserve_set_killer(&fake_killer);
	u64 admissions, waited;

	line_test_begin();
	reserve_hold_edge(1);
	for (u32 n = 1; n <= 8; n++) {
		CHECK(take(n) == 0);
		CHECK(current->charge.left == (s32)n);
	}
	reserve_end();
	reserve_edge_stats(&admissions, &waited);
	CHECK(admissions == 8 && waited == 8 && fake_kills == 0);
	CHECK(reserve_held() > 0);
	reserve_hold(-1);
	CHECK(reserve_imbalance() == 0);
	(void)reserve_set_killer(old);
}

/* ---- standing reservations ---- */

static BOUND_FIXED(selftest_ticket, 3);

static struct standing test_tickets = {
	.row = &bound_selftest_ticket,
	.count = 1,
};

static void
ticket_thread(void *arg)
{
	(void)arg;
	standing_take(&test_tickets);
	CHECK(current->charge.left == 3 && current->charge.ticket == 3);
	atomic_inc(&line_test.nadmitted);
	standing_give(&test_tickets);
	CHECK(current->charge.ticket == 0 && current->charge.bound == 0);
	atomic_inc(&line_test.nended);
}

SELFTEST(reserve_standing_is_there_when_nothing_is)
{
	const struct killer_ops *old = reserve_set_killer(&fake_killer);
	struct frame *f;

	standing_add(&test_tickets);
	CHECK(reserve_imbalance() == 0);
	fake_busy = true;
	charge_hold(0);
	standing_take(&test_tickets);
	CHECK(test_tickets.in_use == 1);
	f = frame_get(FRAME_BUFFER);
	CHECK(current->charge.left == 2);
	(void)charge_unhold();
	CHECK(reserve_imbalance() == 0);
	charge_hold(0);
	frame_put(f);				/* the debt is paid with it */
	standing_give(&test_tickets);
	CHECK(test_tickets.in_use == 0 && current->charge.bound == 0);
	(void)charge_unhold();
	standing_remove(&test_tickets);
	CHECK(reserve_imbalance() == 0);
	fake_busy = false;
	(void)reserve_set_killer(old);
}

/* Frames that come back pay what the ticket is owed before anybody may have
 * them; a renewal makes it whole again. */
SELFTEST(reserve_ticket_is_paid_first)
{
	const struct killer_ops *old = reserve_set_killer(&fake_killer);
	struct charge other = { 0 };
	struct frame *f;

	standing_add(&test_tickets);
	CHECK(charge_try(&other, &bound_selftest_ticket, 1));
	fake_busy = true;
	charge_hold(0);
	standing_take(&test_tickets);
	f = frame_get(FRAME_BUFFER);
	CHECK(charge_ticket_lacks(&current->charge) == 1);
	charge_end(&other);
	CHECK(charge_ticket_lacks(&current->charge) == 0);
	CHECK(charge_unpromised() == 0);
	CHECK(reserve_renew() == 0 && current->charge.left == 3);
	(void)charge_unhold();
	frame_put(f);
	standing_give(&test_tickets);
	standing_remove(&test_tickets);
	CHECK(reserve_imbalance() == 0);
	fake_busy = false;
	(void)reserve_set_killer(old);
}

/* Who has one to fall back on takes it only when it must, and stays on it. */
SELFTEST(reserve_standing_is_a_last_resort)
{
	const struct killer_ops *old = reserve_set_killer(&fake_killer);

	standing_add(&test_tickets);
	fake_busy = true;
	standing_enter(&test_tickets);
	CHECK(reserve_row(&bound_selftest_ticket) == 0);
	CHECK(current->charge.ticket == 0 && test_tickets.in_use == 0);
	charge_hold(0);
	reserve_end();
	charge_hold(0);
	CHECK(reserve_row(&bound_selftest_ticket) == 0);
	CHECK(current->charge.ticket == 3 && test_tickets.in_use == 1);
	(void)charge_unhold();
	reserve_end();
	CHECK(current->charge.left == 3);
	standing_leave();
	CHECK(test_tickets.in_use == 0 && current->charge.bound == 0);
	standing_remove(&test_tickets);
	CHECK(reserve_imbalance() == 0);
	fake_busy = false;
	(void)reserve_set_killer(old);
}

/* One ticket, two takers: one after the other. */
SELFTEST(reserve_standing_is_taken_in_turn)
{
	line_test_begin();
	standing_add(&test_tickets);
	CHECK(take(THREAD_FRAMES) == 0);
	(void)kthread_create("reserve/a", ticket_thread, NULL);
	(void)kthread_create("reserve/b", ticket_thread, NULL);
	CHECK(SOON(atomic_load(&line_test.nended) == 2));
	reserve_end();
	rcu_barrier();
	CHECK(test_tickets.in_use == 0);
	standing_remove(&test_tickets);
	CHECK(reserve_imbalance() == 0);
}
