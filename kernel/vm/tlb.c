/*
 * Which CPU runs on which page tables, and what it may still have cached.
 *
 * A CPU keeps the last user's page tables loaded while it runs kernel threads
 * (it is lazy then): loading CR3 is dear, and most often the same process runs
 * next. loaded_aspace (sched.h) says whose; NULL is kernel_cr3. as->cpus holds
 * every CPU that has as loaded. Both are changed by the CPU itself only, with
 * interrupts off: the bit is set before CR3 is loaded and cleared after another
 * one is.
 *
 * Who takes permission away changes the page table first, then looks at the
 * mask, with a full barrier between; who loads CR3 sets its bit, with a full
 * barrier, and then walks the tables. So either the one sees the bit, or the
 * other the new entries.
 *
 * A CPU that is told to flush while it is lazy lets go of the address space
 * instead, and is not told again. Frames that were mapped are put only after
 * all have flushed (tlb_batch). Granting permission flushes nothing: a CPU with
 * an old entry faults, finds the entry in order and goes on (SDM 3A 4.10.4.3).
 *
 * When the last user of an address space is gone, nobody executes user code on
 * it, so its pages are freed without any flush. Its page tables, which a lazy
 * CPU may still walk on speculation, outlive that: the last reference tells all
 * other CPUs to let go, and frees them after a grace period. This CPU, too, has
 * let go by then: it leaves an address space without users at its next switch,
 * whatever comes next.
 */
#include "kernel/sched/sched.h"
#include "kernel/trace/counter.h"
#include "kernel/vm/vm_priv.h"
#include "kernel/x86/smp.h"

struct flush_request {
	struct aspace	*as;
	u32		naddrs;		/* above TLB_ADDRS: everything */
	const u64	*addrs;
};

bool
tlb_is_loaded(const struct aspace *as)
{
	u64 any = 0;

	for (u32 i = 0; i < ARRAY_LEN(as->cpus.bits); i++)
		any |= READ_ONCE(as->cpus.bits[i]);
	return any != 0;
}

static void
mask_set(struct aspace *as, u32 cpu)
{
	atomic_or(&as->cpus.bits[cpu / 64], BIT(cpu % 64));
}

static void
mask_clear(struct aspace *as, u32 cpu)
{
	atomic_and(&as->cpus.bits[cpu / 64], ~BIT(cpu % 64));
}

/* Interrupts off. */
static void
load(struct aspace *as)
{
	struct aspace *old = loaded_aspace;
	u32 cpu = cpu_id;

	if (as)
		mask_set(as, cpu);
	loaded_aspace = as;
	cpu_write_cr3(as ? as->cr3 : kernel_cr3);
	if (old)
		mask_clear(old, cpu);
}

void
aspace_switch_thread(struct thread *prev, struct thread *next)
{
	struct aspace *as = next->aspace;

	(void)prev;
	if (as == loaded_aspace)
		return;
	/* Stay lazy, unless that keeps a dead one's page tables. */
	if (as == NULL && READ_ONCE(loaded_aspace->users) != 0)
		return;
	load(as);
}

void
aspace_switch(struct aspace *as)
{
	u64 flags = cpu_irq_save();

	if (loaded_aspace != as)
		load(as);
	cpu_irq_restore(flags);
}

static void
flush_pages(u32 naddrs, const u64 *addrs)
{
	if (naddrs > TLB_ADDRS) {
		cpu_write_cr3(cpu_read_cr3());
		return;
	}
	for (u32 i = 0; i < naddrs; i++)
		cpu_invlpg(addrs[i]);
}

/* In interrupt context on a CPU of the mask; the asker waits and holds as. */
static void
flush_on_request_irq(void *arg)
{
	const struct flush_request *rq = arg;

	if (loaded_aspace != rq->as)
		return;
	if (current->aspace != rq->as)
		load(NULL);		/* lazy: leave */
	else
		flush_pages(rq->naddrs, rq->addrs);
}

static void
evict_irq(void *arg)
{
	if (loaded_aspace == arg)
		load(NULL);
}

/* The CPUs of as but this one; false: there are none. */
static bool
others_of(const struct aspace *as, struct cpumask *out)
{
	u64 any = 0;
	u32 cpu = cpu_id;

	for (u32 i = 0; i < ARRAY_LEN(out->bits); i++) {
		out->bits[i] = READ_ONCE(as->cpus.bits[i]);
		if (i == cpu / 64)
			out->bits[i] &= ~BIT(cpu % 64);
		any |= out->bits[i];
	}
	return any != 0;
}

bool
tlb_has_others(const struct aspace *as)
{
	struct cpumask others;

	if (ncpus == 1)
		return false;
	smp_mb();
	return others_of(as, &others);
}

static void
ask_others(struct flush_request *rq)
{
	struct cpumask others;

	if (ncpus == 1)
		return;
	smp_mb();
	if (!others_of(rq->as, &others))
		return;
	counter_inc(tlb_shootdowns);
	smp_call(&others, flush_on_request_irq, rq);
}

void
tlb_flush_others(struct aspace *as, u64 addr)
{
	struct flush_request rq = { as, 1, &addr };

	ask_others(&rq);
}

void
tlb_flush_everywhere(struct aspace *as)
{
	struct flush_request rq = { as, TLB_ADDRS + 1, NULL };

	if (loaded_aspace == as)
		flush_pages(rq.naddrs, NULL);
	ask_others(&rq);
}

void
tlb_flush_here(struct aspace *as, u64 addr)
{
	if (loaded_aspace == as)
		cpu_invlpg(addr);
}

/* Make every CPU but this one let go of as, which has no users. */
static void
evict_others(struct aspace *as)
{
	struct cpumask others;

	if (ncpus > 1 && others_of(as, &others))
		smp_call(&others, evict_irq, as);
}

void
tlb_let_go(struct aspace *as)
{
	evict_others(as);
	rcu_call(&as->rcu, aspace_free_rcu);
}

void
tlb_batch_init(struct tlb_batch *b, struct aspace *as)
{
	b->as = as;
	b->unused = false;
	b->naddrs = 0;
	b->nframes = 0;
	b->nchain = 0;
	b->nanon = 0;
	b->nfile = 0;
	b->chain = NULL;
	list_init(&b->tables);
}

static void
account_gone(struct tlb_batch *b)
{
	struct aspace *as = b->as;
	u64 rss;

	if (b->nanon + b->nfile == 0)
		return;
	rss = atomic_load_relaxed(&as->rss_anon) +
	    atomic_load_relaxed(&as->rss_file);
	if (rss > atomic_load_relaxed(&as->rss_peak))
		atomic_max_u64(&as->rss_peak, rss);
	if (b->nanon)
		atomic_sub(&as->rss_anon, b->nanon);
	if (b->nfile)
		atomic_sub(&as->rss_file, b->nfile);
	b->nanon = 0;
	b->nfile = 0;
}

static void
free_table_rcu(struct rcu_head *head)
{
	frame_put(CONTAINER_OF(head, struct frame, pt_rcu));
}

void
tlb_batch_flush_here(struct tlb_batch *b)
{
	if (b->naddrs != 0 && loaded_aspace == b->as)
		flush_pages(b->naddrs, b->addrs);
	account_gone(b);
}

void
tlb_batch_flush(struct tlb_batch *b)
{
	struct list *l;
	struct frame *f;

	tlb_batch_flush_here(b);
	if (b->naddrs != 0) {
		struct flush_request rq = { b->as, b->naddrs, b->addrs };

		ask_others(&rq);
		b->naddrs = 0;
	}
	while ((f = b->chain) != NULL) {
		b->chain = f->next;
		frame_put(f);
	}
	b->nchain = 0;
	for (u32 i = 0; i < b->nframes; i++)
		frame_put(b->frames[i]);
	b->nframes = 0;
	/* Faults that look for their table under RCU may stand on these. */
	while ((l = list_pop_front(&b->tables)) != NULL)
		rcu_call(&LIST_ENTRY(l, struct frame, pt_node)->pt_rcu,
		    free_table_rcu);
}
