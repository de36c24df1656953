/*
 * Charges: the counts behind the promise. See charge.h for the equation, and
 * tests/model for its proof.
 *
 * The common case touches this CPU's credit only, by one locked operation each
 * at a call's start and end. Others take a credit away (drain) when the global
 * count does not suffice; that is why it is atomic though mostly private.
 *
 * While somebody waits in reserve_row() no credit is kept: what comes back goes
 * to the global count, for the head of the line. A give-back looks at
 * charge_credit_is_off after its locked add, and the waiter drains after it has
 * set that; so one of the two sees the other (store, barrier, load on both
 * sides), and no frame is stranded in a credit while the head waits. Putting
 * back what a credit did not have is a give-back too.
 */
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/mem/mem_priv.h"
#include "kernel/mem/slab.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"

PERCPU_DEFINE(u64, charge_credit);
bool charge_credit_is_off = true;
static void (*freed_hook)(void);	/* [I after boot] */

static s32
ticket_debt(const struct charge *c)
{
	return READ_ONCE(c->bound) - READ_ONCE(c->left) - READ_ONCE(c->paid);
}

/* n frames came back: what tickets are owed first. Returns the rest. */
static u64
tickets_pay_locked(u64 n)
{
	for (struct charge *c = frame_pool.tickets; c != NULL;
	    c = c->next_ticket) {
		s32 debt = ticket_debt(c);
		s32 pay = debt <= 0 ? 0 : (s32)MIN(n, (u64)debt);

		WRITE_ONCE(c->paid, c->paid + pay);
		n -= (u64)pay;
	}
	return n;
}

/* Test mode: of the unpromised frames keep are to be had, the rest is not. */
static void
hold_locked(u64 keep)
{
	struct frame_pool *pool = &frame_pool;
	u64 all = pool->unpromised + pool->held;

	pool->keep = keep;
	pool->unpromised = MIN(all, keep);
	pool->held = all - pool->unpromised;
	frame_gather_locked();
}

/* n more unpromised frames; in test mode what is too much is hidden. */
static void
unpromised_add_locked(u64 n)
{
	struct frame_pool *pool = &frame_pool;

	n = tickets_pay_locked(n);
	pool->unpromised += n;
	if (unlikely(pool->holding) && !pool->waiting &&
	    pool->unpromised > pool->keep)
		hold_locked(pool->keep);
}

/*
 * All CPUs' credits into the global count. One that is below zero belongs to a
 * CPU that is about to put back what it could not have: it keeps it. Hence no
 * exchange: what that took below zero would have to go back, and meanwhile the
 * CPU's own put-back would look like frames (tests/model, drain-late).
 */
static void
credit_drain_locked(void)
{
	for (u32 c = 0; c < ncpus; c++) {
		u64 *credit = PERCPU_OF(u64, charge_credit, c);
		u64 n = READ_ONCE(*credit);

		while ((s64)n > 0 && !atomic_try_cmpxchg(credit, &n, 0))
			;
		if ((s64)n > 0)
			unpromised_add_locked(n);
	}
}

/* Test mode at the edge: n frames are wanted, so n less missing are there. */
static void
edge_offer_locked(u64 n)
{
	struct frame_pool *pool = &frame_pool;

	if (likely(!pool->at_edge) || pool->waiting)
		return;
	credit_drain_locked();
	hold_locked(n - MIN(n, (u64)pool->missing));
}

/* n frames without a credit's help. */
static bool
pool_take_locked(u64 n)
{
	struct frame_pool *pool = &frame_pool;

	edge_offer_locked(n);
	if (pool->unpromised < n)
		credit_drain_locked();
	if (pool->unpromised < n)
		return false;
	pool->unpromised -= n;
	if (unlikely(pool->at_edge)) {
		pool->keep = 0;
		pool->nedge++;
	}
	return true;
}

/*
 * From the global count, with a batch for this CPU's credit if there is. While
 * somebody waits, only the head of the line may.
 */
static bool
pool_admit(u32 n, bool is_head)
{
	struct frame_pool *pool = &frame_pool;
	bool ok = true;

	spin_lock(&pool->lock);
	if (!is_head && pool->waiting) {
		ok = false;
	} else if (!is_head && !charge_credit_is_off &&
	    pool->unpromised >= n + pool->batch) {
		pool->unpromised -= n + pool->batch;
		atomic_add(PERCPU_THIS(u64, charge_credit), pool->batch);
	} else {
		ok = pool_take_locked(n);
	}
	spin_unlock(&pool->lock);
	return ok;
}

bool
charge_try_head(struct charge *c, struct bound *row, u32 n)
{
	dassert(c->bound == 0);
	if (!pool_admit(n, true))
		return false;
	charge_set(c, row, n);
	return true;
}

/* This CPU has too much, or somebody waits for it. */
void
charge_credit_spill(void)
{
	struct frame_pool *pool = &frame_pool;

	spin_lock(&pool->lock);
	unpromised_add_locked(atomic_xchg(PERCPU_THIS(u64, charge_credit), 0));
	spin_unlock(&pool->lock);
	if (READ_ONCE(pool->waiting) && freed_hook != NULL)
		freed_hook();
}

/*
 * The credit did not do: the pool's count. What was put back counts as given
 * back: who waits may have drained before that (tests/model, put-back-quiet).
 */
bool
charge_try_slow(u32 n)
{
	if (unlikely(READ_ONCE(charge_credit_is_off)) && charge_credit != 0)
		charge_credit_spill();
	return !READ_ONCE(frame_pool.waiting) && pool_admit(n, false);
}

/* n more unpromised frames: to this CPU's credit, or to who waits. */
static void
credit_add(u64 n)
{
	if (unlikely(!charge_credit_give(n) ||
	    charge_credit > 2ul * frame_pool.batch))
		charge_credit_spill();
}

void
charge_end_slow(struct charge *c)
{
	s32 left = c->left, peak = c->peak;

	if (unlikely(c->ticket != 0))
		return;			/* kept: charge_ticket_refill() */
	if (unlikely(c->priv != NULL)) {
		struct frame *priv = c->priv;

		c->priv = NULL;
		kmem_publish(priv);	/* may free frames: left grows */
		left = c->left;
	}
	if (unlikely(peak > (s32)c->row->peak))
		c->row->peak = peak;
	c->promise = 0;
	c->peak = 0;
	c->is_used = false;
	dassert(left >= 0);
	if (left != 0)
		credit_add(left);
	else if (unlikely(READ_ONCE(frame_pool.waiting)) && freed_hook != NULL)
		freed_hook();	/* a holder less: tests/model, quiet-end */
}

void
charge_refund(struct charge *c)
{
	if (likely(c->left < c->bound))
		c->left++;
	else
		credit_add(1);
}

/*
 * A call takes more than its bound: a bug in the table. Debug kernels panic; a
 * release kernel says so and serves it, from what nobody was promised or from
 * the emergency pool.
 */
void
charge_breach(struct charge *c)
{
	struct frame_pool *pool = &frame_pool;
	bool found = true;

	if (!mem_booting) {
		const char *row = c->row != NULL ? c->row->name : "none";

#if defined(HARDTACK_DEBUG)
		panic("bound breached: row %s, bound %d", row, c->bound);
#endif
		kerr("bound breached: row %s, bound %d%s", row, c->bound,
		    c->bound == 0 ? "; or a call after it, that has none" : "");
		backtrace_log(0, 0);
	}
	spin_lock(&pool->lock);
	if (pool->unpromised == 0)
		credit_drain_locked();
	if (pool->unpromised > 0) {
		pool->unpromised--;
	} else if (pool->emergency != NULL) {
		struct frame *f = pool->emergency;

		pool->emergency = f->next;
		pool->nemergency--;
		f->next = pool->list;
		pool->list = f;
		pool->nlist++;
	} else {
		found = false;
	}
	spin_unlock(&pool->lock);
	if (!found)
		panic("bound breached and the emergency pool is empty");
	c->left++;
	if (!mem_booting)
		c->bound++;
}

/* After a change of waiting, holding or tickets: the store before any drain. */
static void
credit_update_locked(void)
{
	struct frame_pool *pool = &frame_pool;

	atomic_store(&charge_credit_is_off, pool->waiting || pool->holding ||
	    pool->tickets != NULL || pool->batch == 0);
}

void
charge_init(void)
{
	spin_lock(&frame_pool.lock);
	credit_update_locked();
	spin_unlock(&frame_pool.lock);
}

void
charge_set_waiting(bool waiting)
{
	spin_lock(&frame_pool.lock);
	atomic_store(&frame_pool.waiting, waiting);
	credit_update_locked();
	if (!waiting && frame_pool.holding)
		unpromised_add_locked(0);
	spin_unlock(&frame_pool.lock);
}

/* ---- tickets ---- */

static void
ticket_set(struct charge *c, struct bound *row, u32 n, s32 left)
{
	c->row = row;
	c->bound = (s32)n;
	c->left = left;
	c->peak = (s32)n - left;
	c->is_used = true;
}

void
charge_ticket_begin(struct charge *c, struct bound *row, u32 n)
{
	assert(c->bound == 0 && c->ticket == 0 && n > 0);
	spin_lock(&frame_pool.lock);
	ticket_set(c, row, n, (s32)n);
	c->ticket = (s32)n;
	c->paid = 0;
	c->next_ticket = frame_pool.tickets;
	frame_pool.tickets = c;
	credit_update_locked();
	spin_unlock(&frame_pool.lock);
}

bool
charge_ticket_refill(struct charge *c, struct bound *row, u32 n)
{
	struct frame_pool *pool = &frame_pool;
	struct frame *priv = c->priv;
	s32 have, take;

	c->priv = NULL;
	kmem_publish(priv);		/* may free frames: left grows */
	spin_lock(&pool->lock);
	have = c->left + c->paid;
	c->paid = 0;
	if (have < (s32)n)
		edge_offer_locked((u64)((s32)n - have));
	if (have < (s32)n && pool->unpromised < (u64)((s32)n - have))
		credit_drain_locked();
	take = have >= (s32)n ? 0 :
	    (s32)MIN((u64)((s32)n - have), pool->unpromised);
	pool->unpromised -= (u64)take;
	have += take;
	ticket_set(c, row, n, MIN(have, (s32)n));
	if (have > (s32)n)
		unpromised_add_locked((u64)(have - (s32)n));
	spin_unlock(&pool->lock);
	return have >= (s32)n;
}

u32
charge_ticket_lacks(const struct charge *c)
{
	s32 debt = ticket_debt(c);

	return debt < 0 ? 0 : (u32)debt;
}

void
charge_ticket_end(struct charge *c)
{
	struct charge **at = &frame_pool.tickets;
	u64 over;

	spin_lock(&frame_pool.lock);
	assert(c->left == c->ticket && c->bound == c->ticket);
	while (*at != c)
		at = &(*at)->next_ticket;
	*at = c->next_ticket;
	c->promise = 0;
	c->ticket = c->peak = 0;
	c->is_used = false;
	over = (u64)c->paid;
	c->paid = 0;
	unpromised_add_locked(over);
	credit_update_locked();
	spin_unlock(&frame_pool.lock);
}

/* ---- test mode ---- */

static void
hold_begin_locked(u64 keep)
{
	frame_pool.unpromised += frame_pool.held;
	frame_pool.held = 0;
	frame_pool.keep = keep;
	frame_pool.holding = true;
	credit_update_locked();
	credit_drain_locked();
	unpromised_add_locked(0);
}

void
charge_hold(u64 keep)
{
	spin_lock(&frame_pool.lock);
	frame_pool.at_edge = false;
	hold_begin_locked(keep);
	spin_unlock(&frame_pool.lock);
}

void
charge_hold_edge(u32 missing)
{
	spin_lock(&frame_pool.lock);
	frame_pool.at_edge = true;
	frame_pool.missing = missing;
	frame_pool.nedge = 0;
	hold_begin_locked(0);
	spin_unlock(&frame_pool.lock);
}

u64
charge_unhold_some(u64 want)
{
	struct frame_pool *pool = &frame_pool;
	u64 n;

	spin_lock(&pool->lock);
	n = want - MIN(want, pool->unpromised);
	n = MIN(n, pool->held);
	pool->held -= n;
	pool->unpromised += n;
	spin_unlock(&pool->lock);
	return n;
}

u64
charge_unhold(void)
{
	u64 n;

	spin_lock(&frame_pool.lock);
	n = frame_pool.held;
	frame_pool.unpromised += n;
	frame_pool.held = 0;
	frame_pool.holding = frame_pool.at_edge = false;
	credit_update_locked();
	spin_unlock(&frame_pool.lock);
	return n;
}

u64
charge_edge_admissions(void)
{
	return READ_ONCE(frame_pool.nedge);
}

u64
charge_held(void)
{
	return READ_ONCE(frame_pool.held);
}

u64
charge_unpromised(void)
{
	u64 n;

	spin_lock(&frame_pool.lock);
	credit_drain_locked();
	n = frame_pool.unpromised;
	spin_unlock(&frame_pool.lock);
	return n;
}

void
charge_set_freed_hook(void (*freed)(void))
{
	freed_hook = freed;
}
