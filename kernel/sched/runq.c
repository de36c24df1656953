/*
 * The order of one run queue: who runs next.
 *
 * Fair threads are ordered by earliest eligible virtual deadline first (Stoica,
 * Abdel-Wahab: Earliest Eligible Virtual Deadline First, 1995). Each thread has
 * a weight, from its nice value. Its vruntime is the time it has run, divided
 * by the weight; the queue's virtual time V is the weighted mean of all
 * vruntimes, which is where each would be if the CPU could be shared perfectly.
 * A thread with vruntime <= V has had no more than its due: it is eligible. A
 * request for a slice r has the deadline vruntime + r / weight; of the eligible
 * threads the one with the earliest deadline runs. So nobody waits longer than
 * one slice beyond its fair time, and a thread that asks for little is served
 * soon.
 *
 * V is kept as a base and a sum of weight * (vruntime - base), so that joining,
 * leaving and running are an addition each; the division is done only when a
 * thread joins or leaves (V is needed) and never to compare:
 *
 *	v <= V  <=>  (v - base) * w_sum <= v_sum
 *
 * A sleeper takes its lag, V - vruntime, along and joins again at V - lag,
 * where lag is at most one slice either way. So a sleeper can neither save up
 * CPU time nor flee from what it owes.
 *
 * The queued threads are in a red-black tree by deadline, each with the least
 * vruntime in its subtree, which finds the first eligible one on one way down.
 * The running thread is not in the tree but in the sums.
 *
 * Real-time threads (FIFO, RR) stand before all fair ones, in a list for each
 * priority, until they have used 95% of a second.
 *
 * Invariants: R1 w_sum and v_sum are over the fair threads queued and curr.
 *	R2 nqueued counts the tree and the lists; nrunning curr too.
 * Lock: the queue's, held by every caller.
 */
#include "kernel/lib/assert.h"
#include "kernel/lib/bitmap.h"
#include "kernel/sched/sched_priv.h"

#define BOOST_LOOKS	64	/* threads to look at for one with a charge */
#define STEAL_LOOKS	16
#define IDLE_WEIGHT	3

/* 1024 * 1.25^-nice: one step of nice is a tenth of the CPU between two. */
static const u32 nice_weight[40] = {
	88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916,
	9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991, 1586, 1277,
	1024, 820, 655, 526, 423, 335, 272, 215, 172, 137,
	110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
};

void
runq_init(struct runq *rq, u32 cpu, struct thread *idle)
{
	spin_init(&rq->lock, LOCK_RUNQ);
	rq->cpu = cpu;
	rq->idle = idle;
	rq->curr = idle;
	rb_init_cached(&rq->fair);
	rq->exec_start_ns = clock_now_ns();
	rq->alarm_ns = CLOCK_NEVER;
	rq->tick_ns = CLOCK_NEVER;
	for (u32 i = 0; i < RT_PRIOS; i++)
		list_init(&rq->rt[i]);
}

void
runq_set_weight(struct thread *t)
{
	u64 slice = SLICE_NS;

	assert(t->nice >= -20 && t->nice <= 19);
	t->weight = nice_weight[t->nice + 20];
	if (t->policy == SCHED_IDLE)
		t->weight = IDLE_WEIGHT;
	if (t->policy == SCHED_BATCH)
		slice *= BATCH_SLICES;
	t->vslice = slice * NICE_0_WEIGHT / t->weight;
}

/* V; moves the base there, so that the sums stay small. */
static u64
virtual_time(struct runq *rq)
{
	s64 off;

	if (rq->w_sum == 0)
		return rq->v_base;
	off = rq->v_sum / rq->w_sum;
	rq->v_base += (u64)off;
	rq->v_sum -= off * rq->w_sum;
	return rq->v_base;
}

static inline bool
is_eligible(const struct runq *rq, u64 vruntime)
{
	return (s64)(vruntime - rq->v_base) * rq->w_sum <= rq->v_sum;
}

static inline void
sums_add(struct runq *rq, const struct thread *t)
{
	rq->w_sum += t->weight;
	rq->v_sum += (s64)(t->vruntime - rq->v_base) * t->weight;
}

static inline void
sums_sub(struct runq *rq, const struct thread *t)
{
	rq->w_sum -= t->weight;
	rq->v_sum -= (s64)(t->vruntime - rq->v_base) * t->weight;
	if (rq->w_sum == 0)
		rq->v_sum = 0;
}

static inline struct thread *
of_node(struct rb_node *n)
{
	return RB_ENTRY(n, struct thread, rq_node);
}

static inline bool
before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

static void
update_min_vruntime(struct rb_node *n)
{
	struct thread *t = of_node(n);
	u64 min = t->vruntime;

	if (n->left != NULL && before(of_node(n->left)->min_vruntime, min))
		min = of_node(n->left)->min_vruntime;
	if (n->right != NULL && before(of_node(n->right)->min_vruntime, min))
		min = of_node(n->right)->min_vruntime;
	t->min_vruntime = min;
}

static const struct rb_augment by_min_vruntime = { update_min_vruntime };

static noinline void
tree_insert_among(struct runq *rq, struct thread *t)
{
	struct rb_node **link = &rq->fair.root.node, *parent = NULL;
	bool leftmost = true;

	while (*link != NULL) {
		parent = *link;
		if (before(t->vdeadline, of_node(parent)->vdeadline)) {
			link = &parent->left;
		} else {
			link = &parent->right;
			leftmost = false;
		}
	}
	rb_link(&t->rq_node, parent, link);
	for (; parent != NULL; parent = rb_parent(parent)) {
		if (!before(t->vruntime, of_node(parent)->min_vruntime))
			break;
		of_node(parent)->min_vruntime = t->vruntime;
	}
	rb_insert_fix_cached_aug(&rq->fair, &t->rq_node, leftmost,
	    &by_min_vruntime);
}

static inline void
tree_insert(struct runq *rq, struct thread *t)
{
	t->min_vruntime = t->vruntime;
	if (likely(rb_is_empty(&rq->fair.root)))
		rb_insert_only(&rq->fair, &t->rq_node);
	else
		tree_insert_among(rq, t);
}

static inline void
tree_erase(struct runq *rq, struct thread *t)
{
	struct rb_node *n = &t->rq_node;

	if (likely(rq->fair.root.node == n && n->left == NULL &&
	    n->right == NULL))
		rb_init_cached(&rq->fair);	/* it was alone */
	else
		rb_erase_cached_aug(&rq->fair, n, &by_min_vruntime);
}

static void
rt_insert(struct runq *rq, struct thread *t, bool at_front)
{
	if (at_front)
		list_push_front(&rq->rt[t->rt_prio], &t->rt_node);
	else
		list_push_back(&rq->rt[t->rt_prio], &t->rt_node);
	bitmap_set(rq->rt_bits, t->rt_prio);
	rq->nrt++;
}

static void
rt_erase(struct runq *rq, struct thread *t)
{
	list_remove(&t->rt_node);
	if (list_is_empty(&rq->rt[t->rt_prio]))
		bitmap_clear(rq->rt_bits, t->rt_prio);
	rq->nrt--;
}

static struct thread *
rt_first(struct runq *rq)
{
	u32 word = rq->rt_bits[1] != 0;
	u32 prio;

	if (rq->rt_bits[word] == 0)
		return NULL;
	prio = word * 64 + highest_bit(rq->rt_bits[word]);
	return list_first(&rq->rt[prio], struct thread, rt_node);
}

/* How far behind its due t is, at most a slice either way. */
static s64
lag_of(struct runq *rq, const struct thread *t)
{
	s64 lag = (s64)(virtual_time(rq) - t->vruntime);
	s64 most = (s64)t->vslice;

	return lag > most ? most : lag < -most ? -most : lag;
}

/* A new period: real-time threads may run again. */
static noinline void
begin_rt_period(struct runq *rq, u64 now)
{
	rq->rt_period_ns = now;
	rq->rt_used_ns = 0;
	rq->rt_throttled = false;
}

static noinline void
charge_rt(struct runq *rq, u64 now, u64 delta)
{
	if (now - rq->rt_period_ns >= RT_PERIOD_NS)
		begin_rt_period(rq, now);
	rq->rt_used_ns += delta;
	rq->rt_throttled = rq->rt_used_ns > RT_LIMIT_NS;
}

void
runq_update(struct runq *rq, u64 now)
{
	struct thread *t = rq->curr;
	u64 delta = now - rq->exec_start_ns;
	u64 dv = delta;

	if (unlikely((s64)delta <= 0))
		return;
	rq->exec_start_ns = now;
	if (unlikely(rq->rt_throttled) &&
	    now - rq->rt_period_ns >= RT_PERIOD_NS)
		begin_rt_period(rq, now);
	if (t->is_idle) {
		rq->idle_ns += delta;
		return;
	}
	t->run_ns += delta;
	if (t->in_kernel) {
		t->stime_ns += delta;
		rq->system_ns += delta;
	} else {
		t->utime_ns += delta;
		rq->user_ns += delta;
	}
	if (thread_is_rt(t)) {
		charge_rt(rq, now, delta);
		return;
	}
	if (unlikely(t->weight != NICE_0_WEIGHT))
		dv = delta * NICE_0_WEIGHT / t->weight;
	t->vruntime += dv;
	rq->v_sum += (s64)(dv * t->weight);
	if (unlikely(!before(t->vruntime, t->vdeadline))) {
		t->vdeadline = t->vruntime + t->vslice;
		rq->slice_over = true;
	}
}

void
runq_join(struct runq *rq, struct thread *t)
{
	rq->nrunning++;
	rq->nqueued++;
	t->on_rq = THREAD_ON_RQ;
	if (thread_is_rt(t)) {
		rt_insert(rq, t, false);
		return;
	}
	t->vruntime = virtual_time(rq) - (u64)t->vlag;
	t->vdeadline = t->vruntime + t->vslice;
	sums_add(rq, t);
	tree_insert(rq, t);
}

void
runq_leave(struct runq *rq, struct thread *t)
{
	rq->nrunning--;
	rq->nqueued--;
	t->on_rq = 0;
	if (thread_is_rt(t)) {
		rt_erase(rq, t);
		return;
	}
	t->vlag = lag_of(rq, t);
	tree_erase(rq, t);
	sums_sub(rq, t);
}

void
runq_leave_curr(struct runq *rq, struct thread *t)
{
	rq->nrunning--;
	t->on_rq = 0;
	if (thread_is_rt(t))
		return;
	t->vlag = lag_of(rq, t);
	sums_sub(rq, t);
}

void
runq_join_curr(struct runq *rq, struct thread *t)
{
	rq->nrunning++;
	t->on_rq = THREAD_ON_RQ;
	if (thread_is_rt(t))
		return;
	t->vruntime = virtual_time(rq) - (u64)t->vlag;
	t->vdeadline = t->vruntime + t->vslice;
	sums_add(rq, t);
}

void
runq_put_prev(struct runq *rq, struct thread *t)
{
	rq->nqueued++;
	if (thread_is_rt(t))	/* first again; last if its slice is over */
		rt_insert(rq, t, t->slice_start_ns != 0);
	else
		tree_insert(rq, t);
}

/* While memory is waited for: a thread whose progress gives some back. */
static struct thread *
first_charged(struct runq *rq)
{
	struct rb_node *n = rq->fair.leftmost;

	for (u32 i = 0; n != NULL && i < BOOST_LOOKS; i++, n = rb_next(n))
		if (of_node(n)->charge.bound != 0)
			return of_node(n);
	return NULL;
}

static struct thread *
fair_first(struct runq *rq)
{
	struct rb_node *n = rq->fair.leftmost;

	if (likely(n == NULL || is_eligible(rq, of_node(n)->vruntime)))
		return n == NULL ? NULL : of_node(n);
	n = rq->fair.root.node;
	while (n != NULL) {
		if (n->left != NULL &&
		    is_eligible(rq, of_node(n->left)->min_vruntime))
			n = n->left;
		else if (is_eligible(rq, of_node(n)->vruntime))
			return of_node(n);
		else
			n = n->right;
	}
	/* Only curr is eligible, and it is leaving. */
	return of_node(rq->fair.leftmost);
}

struct thread *
runq_take(struct runq *rq)
{
	struct thread *t = NULL;

	if (rq->nqueued == 0)
		return NULL;
	if (unlikely(rq->nrt != 0) &&
	    !(rq->rt_throttled && rq->nrt != rq->nqueued))
		t = rt_first(rq);
	if (unlikely(t != NULL)) {
		rt_erase(rq, t);
	} else {
		if (unlikely(READ_ONCE(sched_boosting)))
			t = first_charged(rq);
		if (likely(t == NULL))
			t = fair_first(rq);
		tree_erase(rq, t);
	}
	rq->nqueued--;
	return t;
}

/*
 * Should t, just queued, run before curr? Who was woken by an interrupt need
 * only be eligible: a key press does not wait for the end of a slice.
 */
bool
runq_should_preempt(struct runq *rq, struct thread *t, bool by_irq)
{
	const struct thread *curr = rq->curr;

	if (curr->is_idle)
		return true;
	if (thread_is_rt(t) || thread_is_rt(curr))
		return t->rt_prio > curr->rt_prio;
	if (t->policy == SCHED_IDLE || t->policy == SCHED_BATCH)
		return false;
	return curr->policy == SCHED_IDLE ||
	    ((by_irq || before(t->vdeadline, curr->vdeadline)) &&
	    is_eligible(rq, t->vruntime));
}

bool
runq_slice_is_over(struct runq *rq, u64 now)
{
	struct thread *t = rq->curr;

	if (rq->nqueued == 0)
		return false;
	if (thread_is_rt(t)) {
		if (rq->rt_throttled)
			return rq->nrt != rq->nqueued;
		if (t->policy == SCHED_RR &&
		    now - t->slice_start_ns >= RR_SLICE_NS) {
			t->slice_start_ns = 0;	/* to the end of its list */
			return true;
		}
		return false;
	}
	return rq->slice_over || (rq->nrt != 0 && !rq->rt_throttled);
}

/* curr gives up its turn: its deadline goes behind those of its peers, but not
 * ever further, since till then its slice is not over either. */
void
runq_yield(struct runq *rq)
{
	struct thread *t = rq->curr;

	if (thread_is_rt(t))
		t->slice_start_ns = 0;
	else
		t->vdeadline = t->vruntime + 2 * t->vslice;
}

struct thread *
runq_candidate(struct runq *rq, u32 cpu)
{
	struct thread *t = rt_first(rq);
	struct rb_node *n = rq->fair.leftmost;

	if (t != NULL && thread_may_run_on(t, cpu))
		return t;
	for (u32 i = 0; n != NULL && i < STEAL_LOOKS; i++, n = rb_next(n))
		if (thread_may_run_on(of_node(n), cpu))
			return of_node(n);
	return NULL;
}
