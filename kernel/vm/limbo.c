/*
 * Limbo: unmapped pages that wait for other CPUs to forget them.
 *
 * Threads that map, use and unmap memory on several CPUs would interrupt each
 * other at every munmap, and wait for the answer. But an unmapped page does no
 * harm to anybody as long as neither its frame nor its address is used again.
 * So munmap flushes this CPU only, keeps the frames here, and new mappings go
 * below the addresses in limbo. One flush of all CPUs then settles a whole
 * batch: when it is large, when an address in limbo is wanted, and in any case
 * after a few grace periods, or one if somebody waits for memory. Until then
 * another thread that uses memory which this one has just unmapped may find it
 * still there instead of getting SIGSEGV; what it writes is lost.
 *
 * Only for anonymous frames that were mapped here alone, in the mmap area.
 *
 * Invariants: L1 every address in limbo is at or above limbo_low.
 *	L2 a frame in limbo has one reference, and no entry leads to it.
 * Lock: limbo_lock guards the chain, its count, limbo_low and limbo_gen. Ranges
 * enter under the address space's lock too, so that a holder of that who has
 * settled may map them. The same idea: Kumar et al., "LATR: Lazy Translation
 * Coherence", ASPLOS 2018.
 */
#include "kernel/vm/reserve.h"
#include "kernel/vm/vm_priv.h"

#define LIMBO_MAX	8192u	/* frames of one address space */
#define LIMBO_SHARE	64	/* all of them: a part of memory */
#define LIMBO_AGE	8	/* grace periods, some tens of ms */

static u64 limbo_total;			/* [a] frames */
static u64 limbo_total_max;		/* [I] */

void
limbo_init(void)
{
	struct frame_stats fs;

	frame_stats(&fs);
	limbo_total_max = fs.total / LIMBO_SHARE;
}

static void
put_chain(struct frame *f, u32 n)
{
	struct frame *next;

	for (; f; f = next) {
		next = f->next;
		frame_put(f);
	}
	atomic_sub(&limbo_total, n);
}

/* Take the chain over; flush: on every CPU that has as loaded, before. */
static void
settle(struct aspace *as, bool flush)
{
	struct frame *chain;
	u64 gen;
	u32 n;

	spin_lock(&as->limbo_lock);
	chain = as->limbo;
	n = as->nlimbo;
	gen = as->limbo_gen;
	as->limbo = NULL;
	WRITE_ONCE(as->nlimbo, 0);
	atomic_store_relaxed(&as->limbo_age, 0);
	spin_unlock(&as->limbo_lock);
	if (flush)
		tlb_flush_everywhere(as);
	spin_lock(&as->limbo_lock);
	if (as->limbo_gen == gen)		/* L1: nothing came in */
		WRITE_ONCE(as->limbo_low, LIMBO_NONE);
	spin_unlock(&as->limbo_lock);
	put_chain(chain, n);
}

void
limbo_settle(struct aspace *as)
{
	if (READ_ONCE(as->limbo_low) != LIMBO_NONE)
		settle(as, true);
}

void
limbo_drop(struct aspace *as)
{
	if (READ_ONCE(as->limbo_low) != LIMBO_NONE)
		settle(as, false);
}

static void
settle_rcu(struct rcu_head *head)
{
	struct aspace *as = CONTAINER_OF(head, struct aspace, limbo_rcu);

	if (READ_ONCE(as->limbo_low) != LIMBO_NONE && !reserve_is_short() &&
	    atomic_add_return(&as->limbo_age, 1) < LIMBO_AGE) {
		rcu_call(head, settle_rcu);
		return;
	}
	limbo_settle(as);
	/* The last look at as: see aspace_free_rcu(). */
	atomic_store_release(&as->limbo_queued, 0);
}

/* Is it right and worth while to let b's pages, from start on up, wait? */
static bool
may_wait(const struct tlb_batch *b, u64 start)
{
	const struct aspace *as = b->as;

	return b->naddrs != 0 && b->nframes == 0 && list_is_empty(&b->tables) &&
	    start >= as->mmap_base / 2 && start < as->mmap_base &&
	    tlb_has_others(as);
}

static bool
has_room(const struct aspace *as, u32 n)
{
	return READ_ONCE(as->nlimbo) + n <= LIMBO_MAX &&
	    atomic_load_relaxed(&limbo_total) + n <= limbo_total_max;
}

static void
take(struct aspace *as, struct tlb_batch *b, u64 start)
{
	struct frame **tail;

	tlb_batch_flush_here(b);
	for (tail = &b->chain; *tail; tail = &(*tail)->next)
		;
	spin_lock(&as->limbo_lock);
	*tail = as->limbo;
	as->limbo = b->chain;
	WRITE_ONCE(as->nlimbo, as->nlimbo + b->nchain);
	WRITE_ONCE(as->limbo_low, MIN(as->limbo_low, start));
	as->limbo_gen++;
	spin_unlock(&as->limbo_lock);
	atomic_add(&limbo_total, b->nchain);
	if (atomic_xchg(&as->limbo_queued, 1) == 0)
		rcu_call(&as->limbo_rcu, settle_rcu);
}

void
limbo_flush(struct tlb_batch *b, u64 start)
{
	struct aspace *as = b->as;
	bool settles;

	if (may_wait(b, start) && has_room(as, b->nchain)) {
		take(as, b, start);
		return;
	}
	/* One flush for all: addresses begin at the top again. */
	settles = b->naddrs != 0 && READ_ONCE(as->limbo_low) != LIMBO_NONE;
	if (settles)
		b->naddrs = TLB_ADDRS + 1;
	tlb_batch_flush(b);
	if (settles)
		settle(as, false);
}
