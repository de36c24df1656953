/*
 * reserve_row(): the slow path, reclaim, and the standing reservations.
 *
 * The problem: a call that was promised its worst case never fails for memory;
 * so when memory is short, calls must wait before they begin, and something
 * must make memory, or they wait for ever.
 *
 *	reserve_row() - credit or global count --> admitted
 *	     | short
 *	     v
 *	line (FIFO) <--- freed frames wake the head
 *	     | head kicks
 *	     v
 *	reclaimer: shrink caches -> drain CPUs' private stocks -> await RCU
 *	           -> kill the worst -> (memory torn down) -> head is admitted
 *
 * The waiters hold nothing: no lock, no charge, no half-done work (P2); so the
 * reclaimer, the victim's exit and every holder of a charge can go on, and each
 * of them gives memory back. One reclaimer does one thing at a time, so that
 * nothing in reclaim needs a lock of its own; it takes no frame.
 *
 * R2 waiting is true whenever the line is not empty: no credit is kept then.
 * R3 only the head tries to take; who bypasses (killed, exiting, standing) goes
 *    to the front, and there are few of those.
 * R4 a kill is chosen only after a full turn (caches, drain, grace period) that
 *    left less than the head wants, and one at a time: the next is chosen
 *    only when the last victim's memory is back.
 *
 * Locks: line_lock (LOCK_RESERVE) guards the line and its statistics. It may be
 * taken under any lock of the ranks above, since freeing memory wakes the head.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/sched/wait.h"
#include "kernel/sync/rcu.h"
#include "kernel/trace/counter.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"
#include "kernel/vm/reserve.h"
#include "kernel/x86/clock.h"

#define RECLAIM_AGAIN_NS	(10 * 1000000ul)

/* One thread in line; on its stack. l line_lock; I immutable */
struct line_entry {
	struct list	node;		/* [l] */
	struct thread	*thread;	/* [I] */
	u32		frames;		/* [I] */
};

static struct spinlock line_lock = SPINLOCK_INIT(LOCK_RESERVE);
static struct list line = { &line, &line };	/* [l] FIFO */
static struct reserve_stats stats;		/* [l] */
static u64 admissions;				/* [l] from the line */

static struct shrinker *shrinkers;		/* [I after boot] */
static struct standing *standings;		/* [I after boot] */
static const struct killer_ops *killer;		/* [I after boot] */
static struct waitq reclaim_queue = WAITQ_INIT(reclaim_queue);
static u32 reclaim_wanted;			/* [a] */

/* ---- the line ---- */

static struct line_entry *
line_head_locked(void)
{
	return list_is_empty(&line) ? NULL :
	    CONTAINER_OF(line.next, struct line_entry, node);
}

bool
reserve_is_short(void)
{
	return !list_is_empty(&line);
}

/* Frames came back while somebody waits: let the head look again. */
static void
line_wake_head(void)
{
	struct line_entry *head;

	spin_lock(&line_lock);
	head = line_head_locked();
	if (head != NULL)
		(void)sched_wake_state(head->thread, BIT(THREAD_SLEEPING) |
		    BIT(THREAD_KILLABLE) | BIT(THREAD_BLOCKED));
	spin_unlock(&line_lock);
}

void
reserve_kick(void)
{
	atomic_store(&reclaim_wanted, 1);
	waitq_wake(&reclaim_queue, 0);
	line_wake_head();
}

static void
line_enter(struct line_entry *e, u32 frames, bool front)
{
	e->thread = current;
	e->frames = frames;
	spin_lock(&line_lock);
	if (list_is_empty(&line)) {
		charge_set_waiting(true);	/* R2 */
		sched_boost_charged(true);
	}
	if (front)
		list_push_front(&line, &e->node);
	else
		list_push_back(&line, &e->node);
	stats.waiting++;
	stats.waits++;
	stats.bypasses += front;
	memcpy(stats.last_waiter, current->name, sizeof(stats.last_waiter));
	spin_unlock(&line_lock);
	counter_inc(reserve_waits);
}

/* Out of the line; the next head may fit in what is there. */
static void
line_leave(struct line_entry *e, struct bound *row, bool admitted, u64 since_ns)
{
	u64 ns = clock_now_ns() - since_ns;

	spin_lock(&line_lock);
	list_remove(&e->node);
	stats.waiting--;
	admissions += admitted;
	stats.admitted += admitted && current->charge.ticket == 0;
	row->waits++;
	row->wait_ns += ns;
	row->longest_ns = MAX(row->longest_ns, ns);
	stats.longest_ns = MAX(stats.longest_ns, ns);
	if (list_is_empty(&line)) {
		charge_set_waiting(false);
		sched_boost_charged(false);
	}
	spin_unlock(&line_lock);
	line_wake_head();
}

static bool
line_is_head(struct line_entry *e)
{
	bool is_head;

	spin_lock(&line_lock);
	is_head = line_head_locked() == e;
	spin_unlock(&line_lock);
	return is_head;
}

/* The head's turn: did it get what it waits for? */
static bool
line_admit(struct bound *row, u32 frames)
{
	struct charge *c = &current->charge;

	return c->ticket != 0 ? charge_ticket_refill(c, row, frames) :
	    charge_try_head(c, row, frames);
}

/*
 * Wait in line for frames on row's account. killable: a killed thread leaves
 * with -EINTR. front: the few that others wait for.
 */
static int
line_wait(struct bound *row, u32 frames, bool killable, bool front)
{
	struct line_entry e;
	u64 since_ns = clock_now_ns();
	u32 state = killable ? THREAD_KILLABLE : THREAD_BLOCKED;
	int err = 0;

	assert_holds_nothing();
	line_enter(&e, frames, front);
	current->wait_what = "reserve";
	for (;;) {
		sched_set_state(state);
		if (line_is_head(&e)) {			/* R3 */
			if (line_admit(row, frames))
				break;
			atomic_store(&reclaim_wanted, 1);
			waitq_wake(&reclaim_queue, 0);
		}
		if (killable && thread_is_killed(current)) {
			err = -EINTR;
			break;
		}
		schedule();
	}
	sched_set_state(THREAD_RUNNABLE);
	current->wait_what = NULL;
	line_leave(&e, row, err == 0, since_ns);
	return err;
}

/* A segment on a ticket: the ticket is made whole, or larger if row wants. */
static void
ticket_refill(struct bound *row, u32 nframes)
{
	struct charge *c = &current->charge;
	u32 want = MAX(nframes, (u32)c->ticket);

	if (!charge_ticket_refill(c, row, want))
		(void)line_wait(row, want, false, true);
}

int
reserve_slow(struct bound *row, u32 nframes)
{
	struct charge *c = &current->charge;

	if (c->ticket != 0) {
		ticket_refill(row, nframes);
		return 0;
	}
	if (c->bound != 0)
		charge_end(c);
	charge_note(row, NULL);
	if (nframes == 0 || charge_try(c, row, nframes))
		return 0;
	counter_inc(reserve_slow);
	if (current->standing != NULL) {
		standing_take(current->standing);
		ticket_refill(row, nframes);
		return 0;
	}
	if (current->reserve_exempt)
		return line_wait(row, nframes, false, true);
	if (thread_is_killed(current))
		return -EINTR;
	return line_wait(row, nframes, true, false);
}

/* ---- renewal ---- */

struct renewal
renewal_drop(void)
{
	struct charge *c = &current->charge;
	struct renewal r = { c->row, c->bound };

	charge_end(c);
	return r;
}

int
reserve_renew(void)
{
	return renewal_end(renewal_begin());
}

/* ---- the reclaimer ---- */

void
reserve_add_shrinker(struct shrinker *s)
{
	s->next = shrinkers;
	shrinkers = s;
}

const struct killer_ops *
reserve_set_killer(const struct killer_ops *ops)
{
	const struct killer_ops *old = killer;

	killer = ops;
	return old;
}

static u64
reclaim_caches(u64 want)
{
	u64 n = 0;

	for (struct shrinker *s = shrinkers; s != NULL; s = s->next)
		n += s->shrink(want);
	n += kstack_shrink();
	n += kmem_shrink();
	return n;
}

/*
 * Each CPU keeps free frames and free objects that only its own kernel code may
 * touch: so go there.
 */
static void
reclaim_drain_cpus(void)
{
	struct cpumask one, all;

	memset(&all, 0xff, sizeof(all));
	for (u32 c = 0; c < ncpus; c++) {
		memset(&one, 0, sizeof(one));
		cpumask_set(&one, c);
		(void)sched_set_own_affinity(&one);
		kmem_drain_cpu();
		frame_drain_cpu();
	}
	(void)sched_set_own_affinity(&all);
	(void)kmem_shrink();
}

/* What the head needs; 0 when nobody waits. *seen: admissions so far. */
static u32
reclaim_need(u64 *seen)
{
	struct line_entry *head;
	u32 need = 0;

	spin_lock(&line_lock);
	head = line_head_locked();
	if (head != NULL)
		need = head->thread->charge.ticket == 0 ? head->frames :
		    charge_ticket_lacks(&head->thread->charge);
	*seen = admissions;
	spin_unlock(&line_lock);
	return need;
}

/*
 * Give the head its chance; true if the line moved since *seen, or will as soon
 * as the head runs: nobody else takes what is there now (R3).
 */
static bool
reclaim_helped(u64 *seen)
{
	u32 need;
	u64 now;

	line_wake_head();
	sched_yield();
	need = reclaim_need(&now);
	return need == 0 || now != *seen || charge_unpromised() >= need;
}

/* R4: one victim at a time. */
static void
reclaim_kill(u32 need)
{
	static bool said_none;

	if (killer == NULL || !killer->victim_done())
		return;
	if (killer->kill_worst(need)) {
		stats.kills++;
		counter_inc(kills);
		said_none = false;
	} else if (!said_none) {
		kerr("memory: %u frames wanted and nobody left to kill", need);
		said_none = true;
	}
}

static void
reclaim_turn(void)
{
	u64 seen, freed;
	u32 need = reclaim_need(&seen);

	if (need == 0)
		return;
	stats.reclaim_turns++;
	freed = reclaim_caches(need);
	stats.reclaimed_frames += freed;
	if (reclaim_helped(&seen))
		return;
	reclaim_drain_cpus();
	if (reclaim_helped(&seen))
		return;
	if (rcu_pending() != 0) {
		stats.grace_waits++;
		rcu_synchronize();
		stats.reclaimed_frames += reclaim_caches(need);
		if (reclaim_helped(&seen))
			return;
	}
	reclaim_kill(need);
}

/*
 * A turn for each kick: the head's, the end of a victim (reserve_kick()). While
 * somebody waits it also looks again by itself, since what made the last turn
 * fruitless (a process not yet killable, a cache in use) may pass unannounced.
 */
static void
reclaimer_main(void *arg)
{
	struct waiter w;

	(void)arg;
	current->reserve_exempt = true;
	sched_set_nice(current, -20);	/* the line waits for it */
	waiter_init(&w, false);
	for (;;) {
		wait_prepare(&reclaim_queue, &w, THREAD_BLOCKED);
		if (atomic_xchg(&reclaim_wanted, 0) == 0)
			(void)schedule_until(reserve_is_short() ?
			    clock_now_ns() + RECLAIM_AGAIN_NS : CLOCK_NEVER);
		(void)wait_finish(&reclaim_queue, &w);
		reclaim_turn();
	}
}

/* ---- standing reservations ---- */

void
standing_add(struct standing *s)
{
	waitq_init(&s->waiters);
	s->next = standings;
	standings = s;
	for (u32 i = 0; i < s->count; i++) {
		struct charge c = { 0 };

		if (!charge_try_head(&c, s->row, s->row->frames))
			panic("standing reservation %s does not fit",
			    s->row->name);
	}
}

void
standing_remove(struct standing *s)
{
	struct standing **at = &standings;

	assert(s->in_use == 0);
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	for (u32 i = 0; i < s->count; i++) {
		struct charge c = { 0 };

		charge_set(&c, s->row, s->row->frames);
		charge_end(&c);
	}
}

static bool
standing_try(struct standing *s)
{
	u32 used = atomic_load_relaxed(&s->in_use);

	while (used < s->count)
		if (atomic_try_cmpxchg(&s->in_use, &used, used + 1))
			return true;
	return false;
}

void
standing_take(struct standing *s)
{
	struct charge *c = &current->charge;

	assert_holds_nothing();
	if (c->bound != 0)
		charge_end(c);
	WAIT_EVENT(&s->waiters, standing_try(s));
	charge_ticket_begin(c, s->row, s->row->frames);
}

/*
 * What the holder has used up is paid back before the ticket is free again; he
 * waits for that at the front of the line, with his own memory given back.
 */
void
standing_give(struct standing *s)
{
	struct charge *c = &current->charge;

	assert(c->ticket == (s32)s->row->frames);
	ticket_refill(s->row, 0);
	charge_ticket_end(c);
	atomic_dec(&s->in_use);
	waitq_wake(&s->waiters, 0);
}

void
standing_enter(struct standing *s)
{
	assert(current->standing == NULL);
	current->standing = s;
}

void
standing_leave(void)
{
	struct standing *s = current->standing;

	current->standing = NULL;
	if (current->charge.ticket != 0)
		standing_give(s);
	else
		reserve_end();
}

/* ---- for /proc/reserve ---- */

void
reserve_stats(struct reserve_stats *out)
{
	spin_lock(&line_lock);
	*out = stats;
	spin_unlock(&line_lock);
	out->rcu_pending = rcu_pending();
	out->reclaimable = 0;
	for (struct shrinker *s = shrinkers; s != NULL; s = s->next)
		out->reclaimable += s->count();
}

void
reserve_row_stats(const struct bound *row, struct bound *out)
{
	spin_lock(&line_lock);
	*out = *row;
	spin_unlock(&line_lock);
}

struct standing *
standing_first(void)
{
	return standings;
}

struct shrinker *
shrinker_first(void)
{
	return shrinkers;
}

void
reserve_init(void)
{
	charge_set_freed_hook(line_wake_head);
	reserve_hold_init();
	(void)kthread_create("reclaim", reclaimer_main, NULL);
}
