/*
 * Charges: the counts behind the promise. See charge.h for the equation, and
 * tests/model for its proof.
 *
 * The common case touches this CPU's credit only, by one locked operation each
 * at a call's start and end. Others take a credit away (drain) when the global
 * count does not suffice; that is why it is atomic though mostly private.
 *
 * While somebody waits in reserve() no credit is kept: what comes back goes to
 * the global count, for the head of the line. A give-back that saw no waiter
 * looks again after its locked add, and the waiter drains after it has set
 * `waiting`; so one of the two sees the other (store, barrier, load on both
 * sides), and no frame is stranded in a credit while the head waits.
 */
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/mem/mem_priv.h"
#include "kernel/mem/slab.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"

u16 charge_peak[CHARGE_ROWS];
static bool no_credit;		/* [a] test mode */
static void (*freed_hook)(void);	/* [I after boot] */

/* n more unpromised frames; in test mode what is too much is hidden. */
static void
unpromised_add_locked(u64 n)
{
	struct frame_pool *pool = &frame_pool;

	pool->unpromised += n;
	if (unlikely(pool->holding) && !pool->waiting &&
	    pool->unpromised > pool->keep) {
		pool->held += pool->unpromised - pool->keep;
		pool->unpromised = pool->keep;
	}
}

/* All CPUs' credits into the global count. */
static void
credit_drain_locked(void)
{
	for (u32 c = 0; c < ncpus; c++) {
		u64 *credit =
		    &PERCPU_OF(struct frame_cpu, frame_cpu, c)->credit;

		if (READ_ONCE(*credit) != 0)
			unpromised_add_locked(atomic_xchg(credit, 0));
	}
}

/* From the global count, with a batch for this CPU's credit if there is. */
static bool
pool_admit(u32 n, bool batch)
{
	struct frame_pool *pool = &frame_pool;
	bool ok = true;

	spin_lock(&pool->lock);
	if (batch && !pool->waiting &&
	    pool->unpromised >= n + pool->batch) {
		pool->unpromised -= n + pool->batch;
		atomic_add(&PERCPU_THIS(struct frame_cpu, frame_cpu)->credit,
		    pool->batch);
	} else {
		if (pool->unpromised < n)
			credit_drain_locked();
		ok = pool->unpromised >= n;
		if (ok)
			pool->unpromised -= n;
	}
	spin_unlock(&pool->lock);
	return ok;
}

static inline void
charge_set(struct charge *c, u32 n)
{
	c->bound = c->left = c->low = n;
}

bool
charge_try_head(struct charge *c, u32 n)
{
	dassert(c->bound == 0);
	if (!pool_admit(n, false))
		return false;
	charge_set(c, n);
	return true;
}

bool
charge_try(struct charge *c, u32 n)
{
	u64 *credit = &PERCPU_THIS(struct frame_cpu, frame_cpu)->credit;
	u64 have = READ_ONCE(*credit);

	dassert(c->bound == 0);
	while (likely(have >= n)) {
		if (likely(atomic_try_cmpxchg(credit, &have, have - n))) {
			charge_set(c, n);
			return true;
		}
	}
	if (READ_ONCE(frame_pool.waiting))
		return false;
	if (!pool_admit(n, !READ_ONCE(no_credit)))
		return false;
	charge_set(c, n);
	return true;
}

/* n more unpromised frames: to this CPU's credit, or to who waits. */
static void
credit_add(u64 n)
{
	struct frame_pool *pool = &frame_pool;
	u64 *credit = &PERCPU_THIS(struct frame_cpu, frame_cpu)->credit;
	u64 now = atomic_add_return(credit, n);

	if (likely(now <= 2 * pool->batch && !READ_ONCE(pool->waiting) &&
	    !READ_ONCE(no_credit)))
		return;
	spin_lock(&pool->lock);
	unpromised_add_locked(atomic_xchg(credit, 0));
	spin_unlock(&pool->lock);
	if (READ_ONCE(pool->waiting) && freed_hook != NULL)
		freed_hook();
}

void
charge_end(struct charge *c)
{
	s32 left = c->left, peak = c->bound - c->low;

	if (unlikely(c->priv != NULL)) {
		struct frame *priv = c->priv;

		c->priv = NULL;
		kmem_publish(priv);	/* may free frames: left grows */
		left = c->left;
	}
	if (unlikely(peak > charge_peak[c->id]))
		charge_peak[c->id] = peak;
	c->bound = c->left = c->low = 0;
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
#if defined(HARDTACK_DEBUG)
		panic("bound breached: row %u, bound %d", c->id, c->bound);
#endif
		kerr("bound breached: row %u, bound %d", c->id, c->bound);
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
	c->low++;
	if (!mem_booting)
		c->bound++;
}

void
charge_set_waiting(bool waiting)
{
	spin_lock(&frame_pool.lock);
	atomic_store(&frame_pool.waiting, waiting);
	spin_unlock(&frame_pool.lock);
}

void
charge_hold(u64 keep)
{
	spin_lock(&frame_pool.lock);
	frame_pool.unpromised += frame_pool.held;
	frame_pool.held = 0;
	frame_pool.keep = keep;
	frame_pool.holding = true;
	atomic_store(&no_credit, true);
	credit_drain_locked();
	unpromised_add_locked(0);
	spin_unlock(&frame_pool.lock);
}

u64
charge_unhold(void)
{
	u64 n;

	spin_lock(&frame_pool.lock);
	n = frame_pool.held;
	frame_pool.unpromised += n;
	frame_pool.held = 0;
	frame_pool.holding = false;
	atomic_store(&no_credit, false);
	spin_unlock(&frame_pool.lock);
	return n;
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
