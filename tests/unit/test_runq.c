/*
 * The order of a run queue: fairness, lag, deadlines, real time.
 *
 * Time is simulated: there is no clock and no CPU, just kernel/sched/runq.c.
 * The test does what schedule() and the tick do: charge curr, put it back,
 * take the next, and end slices every 4 ms. Shares are compared with what the
 * weights promise; a random mix of joining, leaving, sleeping and running must
 * keep the counts and the sum of weights right (R1 and R2 of runq.c).
 */
#include "tests/unit/unit.h"

#include "kernel/sched/sched_priv.h"
#include "kernel/x86/clock.h"

#define NTHREADS	8
#define SECOND		NS_PER_S

bool sched_boosting;
struct clock_scale clock_scale;
static struct runq rq;
static struct thread idle, t[NTHREADS];
static u64 now;

void
assert_failed(const char *expr, const char *file, int line)
{
	fprintf(stderr, "# %s:%d: assert %s\n", file, line, expr);
	abort();
}

static void
begin(void)
{
	memset(&rq, 0, sizeof(rq));
	memset(&idle, 0, sizeof(idle));
	memset(t, 0, sizeof(t));
	idle.is_idle = true;
	now = SECOND;
	runq_init(&rq, 0, &idle);
	rq.exec_start_ns = now;
	for (int i = 0; i < NTHREADS; i++) {
		t[i].any_cpu = true;
		t[i].weight = NICE_0_WEIGHT;
		runq_set_weight(&t[i]);
	}
}

/* What schedule() does with a curr that goes on wanting the CPU. */
static void
switch_thread(void)
{
	struct thread *next;

	runq_update(&rq, now);
	if (!rq.curr->is_idle)
		runq_put_prev(&rq, rq.curr);
	next = runq_take(&rq);
	rq.curr = next != NULL ? next : &idle;
	rq.slice_over = false;
	if (rq.curr->rt_prio != 0 && rq.curr->slice_start_ns == 0)
		rq.curr->slice_start_ns = now;
}

static void
sleep_curr(void)
{
	runq_update(&rq, now);
	runq_leave_curr(&rq, rq.curr);
	rq.curr = &idle;
	switch_thread();
}

/* Run for ns with ticks of 4 ms; slices end as the tick says. */
static void
run(u64 ns)
{
	for (u64 end = now + ns; now < end;) {
		now += TICK_BUSY_NS;
		runq_update(&rq, now);
		if (runq_slice_is_over(&rq, now))
			switch_thread();
	}
}

static void
join(int i)
{
	runq_update(&rq, now);
	runq_join(&rq, &t[i]);
	if (rq.curr->is_idle)
		switch_thread();
}

static void
test_equal_shares(void)
{
	begin();
	for (int i = 0; i < 5; i++)
		join(i);
	CHECK_EQ(rq.nrunning, 5);
	CHECK_EQ(rq.nqueued, 4);
	run(10 * SECOND);
	for (int i = 0; i < 5; i++) {
		CHECK(t[i].run_ns > 2 * SECOND - 20 * NS_PER_MS);
		CHECK(t[i].run_ns < 2 * SECOND + 20 * NS_PER_MS);
	}
}

static void
test_nice_shares(void)
{
	begin();
	t[0].nice = 0;
	t[1].nice = 5;		/* 1024 : 335 */
	t[2].nice = -5;		/* 3121 */
	for (int i = 0; i < 3; i++) {
		runq_set_weight(&t[i]);
		join(i);
	}
	run(44800 * NS_PER_MS);	/* 10 ms for each unit of weight */
	CHECK(t[0].run_ns / NS_PER_MS > 10240 * 98 / 100);
	CHECK(t[0].run_ns / NS_PER_MS < 10240 * 102 / 100);
	CHECK(t[1].run_ns / NS_PER_MS > 3350 * 98 / 100);
	CHECK(t[1].run_ns / NS_PER_MS < 3350 * 102 / 100);
	CHECK(t[2].run_ns / NS_PER_MS > 31210 * 98 / 100);
	CHECK(t[2].run_ns / NS_PER_MS < 31210 * 102 / 100);
}

/* A long sleep gives no claim on the past. */
static void
test_sleeper_saves_nothing(void)
{
	u64 before;

	begin();
	join(0);
	join(1);
	run(SECOND);
	while (rq.curr != &t[1])
		run(TICK_BUSY_NS);
	sleep_curr();
	run(100 * SECOND);
	before = t[0].run_ns;
	join(1);
	run(SECOND);
	CHECK(t[0].run_ns - before > 490 * NS_PER_MS);
}

/* Sleeping just before the slice ends does not erase what was had. */
static void
test_sleeper_pays(void)
{
	u64 first, second;

	begin();
	join(0);
	join(1);
	for (int i = 0; i < 1000; i++) {
		run(TICK_BUSY_NS);
		if (rq.curr == &t[1]) {
			now += 2 * NS_PER_MS;
			sleep_curr();
			now += 1000;
			join(1);
		}
	}
	first = t[0].run_ns;
	second = t[1].run_ns;
	CHECK(second < first * 11 / 10);
}

/* A woken thread that is owed time goes before one in mid-slice. */
static void
test_wake_preempts(void)
{
	begin();
	for (int i = 0; i < 3; i++)
		join(i);
	run(100 * NS_PER_MS);
	while (rq.curr != &t[2])
		switch_thread();
	now += 100000;
	sleep_curr();
	run(200 * NS_PER_MS);
	t[2].vlag = (s64)t[2].vslice;		/* all that can be owed */
	runq_update(&rq, now);
	runq_join(&rq, &t[2]);
	CHECK(runq_should_preempt(&rq, &t[2], false));
	switch_thread();
	CHECK(rq.curr == &t[2]);
	/* One that owes does not, not even by an interrupt. */
	sleep_curr();
	t[2].vlag = -(s64)t[2].vslice;
	runq_join(&rq, &t[2]);
	CHECK(!runq_should_preempt(&rq, &t[2], true));
}

static void
test_real_time(void)
{
	begin();
	join(0);
	t[1].rt_prio = 10;
	t[1].policy = SCHED_FIFO;
	t[2].rt_prio = 20;
	t[2].policy = SCHED_FIFO;
	t[3].rt_prio = 20;
	t[3].policy = SCHED_FIFO;
	for (int i = 1; i < 4; i++) {
		runq_join(&rq, &t[i]);
		CHECK(runq_should_preempt(&rq, &t[i], false));
	}
	switch_thread();
	CHECK(rq.curr == &t[2]);
	switch_thread();		/* preempted: still the first */
	CHECK(rq.curr == &t[2]);
	runq_yield(&rq);
	switch_thread();
	CHECK(rq.curr == &t[3]);
	sleep_curr();
	sleep_curr();
	CHECK(rq.curr == &t[1]);
	/* 95% of a second, then the others get theirs. */
	run(10 * SECOND);
	CHECK(t[0].run_ns > 400 * NS_PER_MS);
	CHECK(t[0].run_ns < 600 * NS_PER_MS);
}

static void
test_round_robin(void)
{
	begin();
	for (int i = 0; i < 3; i++) {
		t[i].rt_prio = 5;
		t[i].policy = SCHED_RR;
		join(i);
	}
	run(9 * RR_SLICE_NS + 50 * NS_PER_MS);
	for (int i = 0; i < 3; i++) {
		CHECK(t[i].run_ns > 250 * NS_PER_MS);
		CHECK(t[i].run_ns < 450 * NS_PER_MS);
	}
}

/* Threads come, go and change at random: counts and sums stay right. */
static void
test_random(void)
{
	bool on[NTHREADS] = { false };

	begin();
	for (int n = 0; n < 200000; n++) {
		int i = (int)(unit_random() % NTHREADS);
		u32 queued = 0;
		s64 weight = 0;

		now += unit_random() % (2 * NS_PER_MS);
		runq_update(&rq, now);
		if (!on[i]) {
			t[i].nice = (s8)((int)(unit_random() % 40) - 20);
			runq_set_weight(&t[i]);
			join(i);
			on[i] = true;
		} else if (rq.curr == &t[i]) {
			if (unit_random() % 2) {
				sleep_curr();
				on[i] = false;
			} else {
				switch_thread();
			}
		} else if (unit_random() % 3 == 0) {
			runq_leave(&rq, &t[i]);
			on[i] = false;
		}
		for (int k = 0; k < NTHREADS; k++) {
			queued += on[k];
			weight += on[k] ? (s64)t[k].weight : 0;
		}
		CHECK(rq.nrunning == queued);
		CHECK(rq.w_sum == weight);
		CHECK((queued != 0) == !rq.curr->is_idle);
		if (unit_bad > 0)
			return;
	}
}

/* Who holds a charge is taken first while memory is waited for. */
static void
test_boost(void)
{
	begin();
	for (int i = 0; i < 4; i++)
		join(i);
	t[3].charge.bound = 1;
	sched_boosting = true;
	switch_thread();
	CHECK(rq.curr == &t[3]);
	sched_boosting = false;
}

/* Who yielded again and again while alone keeps nobody waiting for it: its
 * slice ends in time when another comes. */
static void
test_yields_do_not_add_up(void)
{
	begin();
	join(0);
	for (int i = 0; i < 10000; i++) {
		runq_yield(&rq);
		switch_thread();
	}
	CHECK(rq.curr == &t[0]);
	join(1);
	run(4 * TICK_BUSY_NS);
	CHECK(t[1].run_ns > 0);
}

UNIT_MAIN("runq", { "equal_shares", test_equal_shares },
    { "nice_shares", test_nice_shares },
    { "sleeper_saves_nothing", test_sleeper_saves_nothing },
    { "sleeper_pays", test_sleeper_pays },
    { "wake_preempts", test_wake_preempts },
    { "real_time", test_real_time }, { "round_robin", test_round_robin },
    { "random", test_random }, { "boost", test_boost },
    { "yields_do_not_add_up", test_yields_do_not_add_up })
