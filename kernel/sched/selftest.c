/*
 * Self-tests of locks, RCU, wait queues, timers, the scheduler, and of the
 * memory below them, on any number of CPUs.
 *
 * Most are of one form: a crew of kernel threads does the same thing many
 * times, spread over the CPUs, giving way now and then, and whatever must never
 * happen is counted. With one CPU the races are those of preemption, with
 * several those of the machine. Names begin with the folder they test, so that
 * `selftest=sched` chooses.
 */
#include "kernel/lib/atomic.h"
#include "kernel/lib/bitmap.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched_priv.h"
#include "kernel/sched/timer.h"
#include "kernel/sched/wait.h"
#include "kernel/sync/rcu.h"
#include "kernel/sync/seqlock.h"
#include "kernel/trace/counter.h"
#include "kernel/trace/log.h"
#include "kernel/trace/selftest.h"

#define CREW_MAX	8

static BOUND_FIXED(selftest_sched, 0);

/* Threads that run one function, and their joint end. */
struct crew {
	u32		n;		/* [I] */
	u32		left;		/* [a] that have not ended */
	void		(*fn)(u32 i);	/* [I] */
};

struct crew_member {
	struct crew	*crew;
	u32		i;
};
static struct crew_member member[CREW_MAX];

static void
crew_main(void *arg)
{
	struct crew_member *m = arg;
	struct crew *c = m->crew;

	c->fn(m->i);
	atomic_dec(&c->left);
	kthread_exit();
}

/* Run fn(0) ... fn(n - 1) in threads, spread over the CPUs; wait for all. */
static void
crew_run(u32 n, void (*fn)(u32), bool spread)
{
	static struct crew c;
	char name[16];

	c.n = c.left = n;
	c.fn = fn;
	if (!charge_try(&current->charge, &bound_selftest_sched,
	    CREW_MAX * 8)) {
		CHECK(false);
		return;
	}
	for (u32 i = 0; i < n; i++) {
		member[i] = (struct crew_member){ &c, i };
		(void)ksnprintf(name, sizeof(name), "test/%u", i);
		(void)kthread_create_on(spread ? i % ncpus : KTHREAD_ANY_CPU,
		    name, crew_main, &member[i]);
	}
	charge_end(&current->charge);
	while (READ_ONCE(c.left) != 0)
		sched_sleep_ns(NS_PER_MS);
}

/* Spinlocks: none lost of many unguarded additions. */
static struct spinlock test_lock = SPINLOCK_INIT(LOCK_UPPER);
static u64 guarded;

static void
spin_member(u32 i)
{
	(void)i;
	for (u32 n = 0; n < 5000; n++) {
		spin_lock(&test_lock);
		guarded = guarded + 1;
		spin_unlock(&test_lock);
		if (n % 64 == 0)
			sched_preempt();
	}
}

SELFTEST(sync_spinlock_excludes)
{
	u64 acquired, contended;

	guarded = 0;
	crew_run(4, spin_member, true);
	CHECK(guarded == 20000);
	if (spin_trylock(&test_lock)) {
		CHECK(test_lock.locked);
		spin_unlock(&test_lock);
	}
	CHECK(!test_lock.locked);
	sync_lockstat(LOCK_UPPER, &acquired, &contended);
	CHECK(LOCKDEP_ON ? acquired >= 20000 : acquired == 0);
	CHECK(contended < 20000);
}

/* Sequence counters: a reader never sees half a write. */
static struct seqcount test_seq;
static u64 seq_a, seq_b, seq_torn;

static void
seq_member(u32 i)
{
	for (u32 n = 0; n < 3000; n++) {
		if (i == 0) {
			seq_write_begin(&test_seq);
			WRITE_ONCE(seq_a, n);
			WRITE_ONCE(seq_b, ~(u64)n);
			seq_write_end(&test_seq);
		} else {
			u64 a, b;
			u32 seq;

			do {
				seq = seq_read_begin(&test_seq);
				a = READ_ONCE(seq_a);
				b = READ_ONCE(seq_b);
			} while (seq_read_retry(&test_seq, seq));
			if (a != ~b)
				atomic_inc(&seq_torn);
		}
		if (n % 128 == 0)
			sched_preempt();
	}
}

SELFTEST(sync_seqcount_reads_whole)
{
	seq_a = 0;
	seq_b = ~0ull;
	seq_torn = 0;
	crew_run(4, seq_member, true);
	CHECK(seq_torn == 0);
}

/* RCU: what a reader found is not poisoned before it has left. */
struct rcu_thing {
	struct rcu_head	rcu;
	u64		value;
	u32		busy;		/* [a] not to be used for a new one */
};
static struct rcu_thing thing[16];
static struct rcu_thing *thing_now;
static u64 rcu_seen_dead, rcu_freed;
static u32 rcu_stop;

static void
thing_die(struct rcu_head *head)
{
	struct rcu_thing *t = CONTAINER_OF(head, struct rcu_thing, rcu);

	t->value = 0xdead;
	atomic_inc(&rcu_freed);
	atomic_store(&t->busy, 0);
}

static void
rcu_replace(void)
{
	struct rcu_thing *old = thing_now;

	for (u32 i = 0; i < ARRAY_LEN(thing); i++) {
		if (atomic_load(&thing[i].busy) != 0)
			continue;
		thing[i].busy = 1;
		thing[i].value = 42;
		rcu_store(thing_now, &thing[i]);
		if (old != NULL)
			rcu_call(&old->rcu, thing_die);
		return;
	}
	sched_sleep_ns(NS_PER_MS);
}

static void
rcu_member(u32 i)
{
	if (i == 0) {
		for (u32 n = 0; n < 300; n++) {
			rcu_replace();
			sched_preempt();
		}
		atomic_store(&rcu_stop, 1);
		return;
	}
	while (!atomic_load(&rcu_stop)) {
		rcu_read_lock();
		for (u32 n = 0; n < 50; n++) {
			struct rcu_thing *t = rcu_load(thing_now);

			if (t != NULL && READ_ONCE(t->value) != 42)
				atomic_inc(&rcu_seen_dead);
		}
		rcu_read_unlock();
		sched_preempt();
	}
}

SELFTEST(sync_rcu_waits_for_readers)
{
	u64 gp = rcu_grace_period();

	rcu_stop = 0;
	crew_run(4, rcu_member, true);
	CHECK(rcu_seen_dead == 0);
	rcu_barrier();
	CHECK(rcu_freed > 0);
	CHECK(rcu_grace_period() > gp);
	rcu_synchronize();
	CHECK(rcu_grace_period() > gp + 1);
}

/* Callbacks run though nobody hurries them, on idle CPUs too. */
SELFTEST(sync_rcu_runs_on_its_own)
{
	u64 until = clock_now_ns() + 2 * NS_PER_S;
	static struct rcu_thing one;

	one.busy = 1;
	rcu_call(&one.rcu, thing_die);
	while (READ_ONCE(one.busy) && clock_now_ns() < until)
		sched_sleep_ns(5 * NS_PER_MS);
	CHECK(!one.busy);
}

/* Wait queues: two threads hand a token to and fro. */
static struct waitq ring_queue[CREW_MAX];
static u32 ring_token;
static u32 ring_size;
#define RING_TURNS	500

static void
ring_member(u32 i)
{
	u32 next = (i + 1) % ring_size;

	for (u32 n = 0; n < RING_TURNS; n++) {
		WAIT_EVENT(&ring_queue[i], READ_ONCE(ring_token) == i);
		WRITE_ONCE(ring_token, next);
		waitq_wake_sync(&ring_queue[next], 0);
	}
}

static u64
ring_run(u32 size, bool spread)
{
	u64 start = clock_now_ns();

	ring_size = size;
	ring_token = 0;
	for (u32 i = 0; i < size; i++)
		waitq_init(&ring_queue[i]);
	crew_run(size, ring_member, spread);
	CHECK(ring_token == 0);
	return (clock_now_ns() - start) / (RING_TURNS * size);
}

SELFTEST(sched_ring_on_one_or_more_cpus)
{
	kinfo("selftest: ring hop %llu ns", (unsigned long long)
	    ring_run(4, false));
}

SELFTEST(sched_ring_across_cpus)
{
	kinfo("selftest: ring hop across CPUs %llu ns", (unsigned long long)
	    ring_run(4, true));
}

/* Exclusive waiters: one wake-up wakes one. */
static struct waitq excl_queue;
static u32 excl_tokens, excl_woken;

static void
excl_member(u32 i)
{
	struct waiter w;

	if (i == 0) {
		for (u32 n = 0; n < 3 * 100; n++) {
			atomic_inc(&excl_tokens);
			waitq_wake(&excl_queue, 0);
			if (n % 7 == 0)
				sched_sleep_ns(100000);
		}
		return;
	}
	waiter_init(&w, true);
	for (u32 n = 0; n < 100;) {
		u32 have;

		wait_prepare(&excl_queue, &w, THREAD_BLOCKED);
		have = atomic_load(&excl_tokens);
		if (have != 0 && atomic_try_cmpxchg(&excl_tokens, &have,
		    have - 1)) {
			/* May have been woken for one that is left over. */
			if (wait_finish(&excl_queue, &w) &&
			    atomic_load(&excl_tokens) != 0)
				waitq_wake(&excl_queue, 0);
			n++;
			continue;
		}
		if (have == 0) {
			schedule();
			atomic_inc(&excl_woken);
		}
	}
	(void)wait_finish(&excl_queue, &w);
	if (atomic_load(&excl_tokens) != 0)
		waitq_wake(&excl_queue, 0);
}

SELFTEST(sched_exclusive_waiters_lose_nothing)
{
	waitq_init(&excl_queue);
	excl_tokens = excl_woken = 0;
	crew_run(4, excl_member, true);
	CHECK(excl_tokens == 0);
	CHECK(waitq_is_empty(&excl_queue));
}

/* Mutexes and rwlocks. */
static struct mutex test_mutex;
static struct rwlock test_rwlock;
static u64 mutex_inside, mutex_overlaps;
static u32 rw_readers, rw_writers, rw_bad;

static void
mutex_member(u32 i)
{
	for (u32 n = 0; n < 400; n++) {
		mutex_lock(&test_mutex);
		if (atomic_add_return(&mutex_inside, 1) != 1)
			mutex_overlaps++;
		guarded = guarded + 1;
		if ((n + i) % 16 == 0)
			sched_yield();
		atomic_dec(&mutex_inside);
		mutex_unlock(&test_mutex);
	}
}

SELFTEST(sched_mutex_excludes)
{
	mutex_init(&test_mutex, LOCK_OTHER_MUTEX);
	guarded = 0;
	mutex_overlaps = 0;
	crew_run(6, mutex_member, true);
	CHECK(guarded == 6 * 400);
	CHECK(mutex_overlaps == 0);
	CHECK(test_mutex.owner == 0);
	mutex_lock(&test_mutex);
	CHECK(mutex_is_held(&test_mutex));
	mutex_unlock(&test_mutex);
	CHECK(!mutex_is_held(&test_mutex));
}

static void
rw_member(u32 i)
{
	for (u32 n = 0; n < 300; n++) {
		if (i < 2) {
			rwlock_write_lock(&test_rwlock);
			if (atomic_add_return(&rw_writers, 1) != 1 ||
			    atomic_load(&rw_readers) != 0)
				atomic_inc(&rw_bad);
			if (n % 8 == 0)
				sched_yield();
			atomic_dec(&rw_writers);
			rwlock_write_unlock(&test_rwlock);
		} else {
			rwlock_read_lock(&test_rwlock);
			atomic_inc(&rw_readers);
			if (atomic_load(&rw_writers) != 0)
				atomic_inc(&rw_bad);
			if (n % 8 == 0)
				sched_yield();
			atomic_dec(&rw_readers);
			rwlock_read_unlock(&test_rwlock);
		}
	}
}

SELFTEST(sched_rwlock_excludes)
{
	rwlock_init(&test_rwlock, LOCK_OTHER_MUTEX);
	rw_bad = 0;
	crew_run(6, rw_member, true);
	CHECK(rw_bad == 0);
	CHECK(test_rwlock.state == 0);
}

/* Timers fire once, in order, not early; and cancelled ones never. */
static u32 fired;
static u64 fired_at[4];

static void
timer_fired(struct timer *t)
{
	(void)t;
	fired_at[atomic_fetch_add(&fired, 1) % 4] = clock_now_ns();
}

SELFTEST(sched_timers_fire_in_order)
{
	struct timer t[4];
	u64 start = clock_now_ns();

	fired = 0;
	for (u32 i = 0; i < 4; i++) {
		timer_init(&t[i], timer_fired);
		timer_set(&t[i], start + (4 - i) * 3 * NS_PER_MS);
	}
	timer_set(&t[3], start + 2 * NS_PER_MS);	/* anew */
	CHECK(timer_cancel(&t[0]));
	CHECK(!timer_cancel(&t[0]));
	sched_sleep_until(start + 20 * NS_PER_MS);
	CHECK(fired == 3);
	CHECK(fired_at[0] >= start + 2 * NS_PER_MS);
	CHECK(fired_at[1] >= start + 6 * NS_PER_MS);
	CHECK(fired_at[2] >= start + 9 * NS_PER_MS);
	CHECK(clock_now_ns() >= start + 20 * NS_PER_MS);
	for (u32 i = 0; i < 4; i++)
		timer_cancel_sync(&t[i]);
	timer_set(&t[1], 0);				/* in the past */
	sched_sleep_ns(3 * NS_PER_MS);
	CHECK(fired == 4);
}

/* Affinity: a thread is where it is told to be, and moves at once. */
static u32 astray;

static void
affinity_member(u32 i)
{
	struct cpumask m;

	for (u32 n = 0; n < 40; n++) {
		u32 cpu = (i + n) % ncpus;

		memset(&m, 0, sizeof(m));
		cpumask_set(&m, cpu);
		if (sched_set_own_affinity(&m) != 0 || cpu_id != cpu)
			atomic_inc(&astray);
		sched_yield();
		if (cpu_id != cpu)
			atomic_inc(&astray);
	}
}

SELFTEST(sched_affinity_is_obeyed)
{
	struct cpumask none = { { 0 } };

	astray = 0;
	crew_run(6, affinity_member, false);
	CHECK(astray == 0);
	CHECK(sched_set_own_affinity(&none) < 0);
}

/* Stealing: threads started on one CPU spread over all. They work until they
 * have; the deadline is for kernels that never let them. */
#define SPREAD_NS	(10 * NS_PER_S)
static u64 cpus_used;			/* [a] a bit for each */

static void
busy_member(u32 i)
{
	u64 until = clock_now_ns() + SPREAD_NS;

	(void)i;
	while (popcount_u64(atomic_load(&cpus_used)) < MIN(ncpus, 4u) &&
	    clock_now_ns() < until) {
		preempt_point();
		(void)atomic_fetch_or(&cpus_used, BIT(cpu_id % 64));
	}
}

SELFTEST(sched_work_spreads)
{
	cpus_used = 0;
	crew_run(6, busy_member, false);
	CHECK(popcount_u64(atomic_load(&cpus_used)) >= MIN(ncpus, 4u));
}

/* Fairness: nice 0 against nice 5 on one CPU is about 3 to 1. */
static u64 share[2];

static void
share_member(u32 i)
{
	struct cpumask one = { { 1 } };
	u64 until;

	(void)sched_set_own_affinity(&one);
	sched_set_nice(current, i == 0 ? 0 : 5);
	until = clock_now_ns() + 300 * NS_PER_MS;
	while (clock_now_ns() < until)
		preempt_point();
	share[i] = sched_thread_cpu_ns(current);
}

SELFTEST(sched_nice_divides_the_cpu)
{
	crew_run(2, share_member, false);
	CHECK(share[0] > share[1]);
	CHECK(share[0] < 6 * share[1]);
	CHECK(share[0] + share[1] > 200 * NS_PER_MS);
}

/* Real-time threads run before fair ones. */
static u64 rt_latest;
static u32 rt_nlate;
#define RT_WAKES	10
#define RT_LATE_NS	(100 * NS_PER_MS)	/* the host may be busy */

static void
rt_member(u32 i)
{
	struct cpumask one = { { 1 } };
	u64 until = clock_now_ns() + 50 * NS_PER_MS;

	(void)sched_set_own_affinity(&one);
	if (i == 0) {
		CHECK(sched_set_policy(current, SCHED_FIFO, 10) == 0);
		CHECK(sched_set_policy(current, SCHED_FIFO, 100) < 0);
		CHECK(sched_set_policy(current, SCHED_NORMAL, 1) < 0);
		for (u32 n = 0; n < RT_WAKES; n++) {
			u64 due = clock_now_ns() + 2 * NS_PER_MS, late;

			sched_sleep_until(due);
			late = clock_now_ns() - due;
			rt_latest = MAX(rt_latest, late);
			rt_nlate += late > RT_LATE_NS;
		}
		return;
	}
	while (clock_now_ns() < until)
		preempt_point();
}

SELFTEST(sched_real_time_goes_first)
{
	rt_latest = 0;
	rt_nlate = 0;
	crew_run(3, rt_member, false);
	kinfo("selftest: real-time wake-up at most %llu us late",
	    (unsigned long long)rt_latest / 1000);
	CHECK(rt_nlate <= RT_WAKES / 2);
}

/*
 * While memory is waited for, who holds a charge goes first: when it has done
 * its work, the others of its CPU have hardly begun. Work is counted in turns
 * of a loop, and ample, since the host may keep back ticks and interrupts.
 */
#define BOOST_CREW	4
#define BOOST_WORK_NS	(100 * NS_PER_MS)
static u64 boost_turns[BOOST_CREW];	/* [a] */
static u32 boost_ready, boost_done;	/* [a] */
static struct waitq boost_start = WAITQ_INIT(boost_start);

static void
boost_charged(u32 i)
{
	u64 until = sched_thread_cpu_ns(current) + BOOST_WORK_NS;

	for (; sched_thread_cpu_ns(current) < until; preempt_point())
		atomic_inc(&boost_turns[i]);
	for (u32 k = 0; k < BOOST_CREW; k++)
		CHECK(k == i || atomic_load(&boost_turns[k]) <
		    atomic_load(&boost_turns[i]) / 2);
	atomic_store(&boost_done, 1u);
	charge_end(&current->charge);
}

static void
boost_member(u32 i)
{
	struct cpumask one = { { 1 } };

	(void)sched_set_own_affinity(&one);
	if (i == 2 && !charge_try(&current->charge, &bound_selftest_sched, 1))
		CHECK(false);
	if (atomic_add_return(&boost_ready, 1) == BOOST_CREW)
		waitq_wake_all(&boost_start, 0);
	WAIT_EVENT(&boost_start, atomic_load(&boost_ready) == BOOST_CREW);
	if (i == 2) {
		boost_charged(i);
		return;
	}
	for (; !atomic_load(&boost_done); preempt_point()) {
		(void)sched_thread_cpu_ns(current);
		atomic_inc(&boost_turns[i]);
	}
}

SELFTEST(sched_charged_threads_go_first)
{
	boost_ready = boost_done = 0;
	memset(boost_turns, 0, sizeof(boost_turns));
	sched_boost_charged(true);
	crew_run(BOOST_CREW, boost_member, false);
	sched_boost_charged(false);
}

/* Stacks come back: making threads over and over takes no more memory. */
static void
nothing_member(u32 i)
{
	(void)i;
}

SELFTEST(sched_threads_give_all_back)
{
	struct frame_stats before, after;

	for (u32 n = 0; n < 4; n++)
		crew_run(CREW_MAX, nothing_member, false);
	sched_sleep_ns(5 * NS_PER_MS);
	rcu_barrier();
	(void)kstack_shrink();
	frame_stats(&before);
	for (u32 n = 0; n < 20; n++)
		crew_run(CREW_MAX, nothing_member, false);
	sched_sleep_ns(5 * NS_PER_MS);
	rcu_barrier();
	CHECK(rcu_pending() == 0);
	(void)kstack_shrink();
	frame_stats(&after);
	CHECK(after.used[FRAME_KSTACK] <=
	    before.used[FRAME_KSTACK] + ncpus * 8);
}

/* Frames and slabs. */
struct test_object {
	u64	word[6];
};
static KMEM_CACHE(test_cache, "selftest", struct test_object);

SELFTEST(mem_frames_come_and_go)
{
	struct frame *f[8];

	CHECK(charge_try(&current->charge, &bound_selftest_sched, 8));
	for (u32 i = 0; i < 8; i++) {
		f[i] = frame_get_zero(FRAME_BUFFER);
		CHECK(f[i]->refs == 1);
		CHECK(mem_is_zero(frame_virt(f[i]), PAGE_SIZE));
		for (u32 j = 0; j < i; j++)
			CHECK(f[j] != f[i]);
	}
	CHECK(current->charge.left == 0);
	for (u32 i = 0; i < 8; i++)
		frame_put(f[i]);
	CHECK(current->charge.left == 8);
	charge_end(&current->charge);
	CHECK(current->charge.bound == 0);
}

SELFTEST(mem_slab_objects_are_distinct)
{
	struct test_object *o[100];

	CHECK(charge_try(&current->charge, &bound_selftest_sched, 100));
	for (u32 i = 0; i < 100; i++) {
		o[i] = kmem_get_zero(&test_cache);
		CHECK(mem_is_zero(o[i], sizeof(*o[i])));
		memset(o[i], (int)i + 1, sizeof(*o[i]));
	}
	for (u32 i = 0; i < 100; i++) {
		CHECK(((u8 *)o[i])[0] == i + 1);
		CHECK(((u8 *)o[i])[sizeof(*o[i]) - 1] == i + 1);
		kmem_put(&test_cache, o[i]);
	}
	charge_end(&current->charge);
}

static void
slab_member(u32 i)
{
	struct test_object *o[20];

	for (u32 n = 0; n < 50; n++) {
		if (!charge_try(&current->charge, &bound_selftest_sched, 20)) {
			CHECK(false);
			return;
		}
		for (u32 k = 0; k < 20; k++) {
			o[k] = kmem_get(&test_cache);
			o[k]->word[3] = i * 1000 + k;
		}
		charge_end(&current->charge);
		sched_yield();
		for (u32 k = 0; k < 20; k++) {
			CHECK(o[k]->word[3] == i * 1000 + k);
			kmem_put(&test_cache, o[k]);
		}
	}
}

SELFTEST(mem_slab_on_all_cpus)
{
	crew_run(6, slab_member, true);
}
