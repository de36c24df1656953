/*
 * User page tables.
 *
 * Four levels; the leaf tables (level 0) hold the pages. A table is a frame of
 * its own whose descriptor has the lock that guards its entries, the count of
 * those in use, and a place on the address space's list of tables, so that the
 * end needs no walk to find them.
 *
 * An entry in use holds one reference to its frame, except those of the shared
 * zero page. It is present, or (PROT_NONE) has PTE_NONE set instead, and keeps
 * its frame.
 *
 * Tables are found without a lock, under RCU. A table is added by compare and
 * exchange: the loser of a race gives its own back. A leaf table without VMAs
 * is marked pt_dead under its lock, unlinked, and freed after a TLB flush (CPUs
 * cache upper levels too, and INVLPG drops all of these: SDM 3A 4.10.4.1) and a
 * grace period. Upper levels stay until the end.
 *
 * A process that maps and unmaps one page again and again keeps a few empty
 * leaf tables (PT_IDLE, ntables_idle) instead of making a new one each time.
 */
#include "kernel/vm/vm_priv.h"

paddr_t zero_page;

void
pt_init(void)
{
	/* Before frame_boot_end(): owed to nobody, never put. */
	zero_page = frame_paddr(frame_get_zero(FRAME_KERNEL));
}

static void
list_table(struct aspace *as, struct frame *f)
{
	spin_lock(&as->pt_lock);
	list_push_back(&as->tables, &f->pt_node);
	spin_unlock(&as->pt_lock);
	atomic_inc(&as->rss_pt);
}

static void
unlist_table(struct aspace *as, struct frame *f)
{
	spin_lock(&as->pt_lock);
	list_remove(&f->pt_node);
	spin_unlock(&as->pt_lock);
	atomic_dec(&as->rss_pt);
}

/* Fill the empty entry e with a new table of level; returns what is there. */
static noinline pte_t
add_table(struct aspace *as, pte_t *e, u32 level)
{
	struct frame *f = frame_get_zero(FRAME_PAGETABLE);
	pte_t new = frame_paddr(f) | PTE_P | PTE_W | PTE_U | PTE_A;
	pte_t old = 0;

	spin_init(&f->lock, LOCK_PAGETABLE);
	f->flags = level;
	f->pt_used = 0;
	f->pt_dead = 0;
	list_table(as, f);
	if (atomic_try_cmpxchg(e, &old, new))
		return new;
	unlist_table(as, f);
	frame_put(f);
	return old;
}

struct frame *
pt_make(struct aspace *as, u64 addr)
{
	pte_t *t = phys_to_virt(as->cr3), *e, entry;

	for (u32 level = 3; level > 0; level--) {
		e = &t[pt_index(addr, level)];
		entry = READ_ONCE(*e);
		if (unlikely(!(entry & PTE_P)))
			entry = add_table(as, e, level - 1);
		t = phys_to_virt(entry & PTE_ADDR);
	}
	return frame_of_virt(t);
}

struct frame *
pt_seek(struct aspace *as, u64 *addr, u64 end)
{
	while (*addr < end) {
		pte_t *t = phys_to_virt(as->cr3), entry;
		u32 level;

		for (level = 3; level > 0; level--) {
			entry = READ_ONCE(t[pt_index(*addr, level)]);
			if (!(entry & PTE_P))
				break;
			t = phys_to_virt(entry & PTE_ADDR);
		}
		if (level == 0)
			return frame_of_virt(t);
		/* Nothing in what this entry would span. */
		*addr = (*addr | ((PAGE_SIZE << 9 * level) - 1)) + 1;
	}
	*addr = end;
	return NULL;
}

/* The entry of level 1 that leads to addr's leaf table, which exists. */
static pte_t *
leaf_link(struct aspace *as, u64 addr)
{
	pte_t *t = phys_to_virt(as->cr3);

	for (u32 level = 3; level > 1; level--)
		t = phys_to_virt(t[pt_index(addr, level)] & PTE_ADDR);
	return &t[pt_index(addr, 1)];
}

static u64
table_end(u64 addr, u64 end)
{
	return MIN(end, ROUND_DOWN(addr, PT_SPAN) + PT_SPAN);
}

/* Take note of an entry that was just cleared. */
static inline void
zap_entry(struct tlb_batch *b, pte_t pte, u64 addr)
{
	struct frame *f;

	if ((pte & PTE_P) && !b->unused)
		tlb_batch_addr(b, addr);
	f = pte_frame(pte);
	if (!f)
		return;
	if (f->use == FRAME_ANON)
		b->nanon++;
	else
		b->nfile++;
	if (b->unused) {
		frame_put(f);
	} else if (f->use == FRAME_ANON && atomic_load_acquire(&f->refs) == 1) {
		/* Ours alone, so its descriptor is free for a link. */
		f->next = b->chain;
		b->chain = f;
		b->nchain++;
	} else {
		b->frames[b->nframes++] = f;
	}
}

/*
 * Clear entries of one table in [start, end), as many as b has room for;
 * returns how far it came. The lock is held only to clear: threads that fault
 * nearby wait for it.
 */
static u64
zap_table(struct tlb_batch *b, struct frame *pt, u64 start, u64 end)
{
	struct { pte_t pte; u64 addr; } gone[TLB_FRAMES];
	pte_t *t = pt_entries(pt) + pt_leaf_index(start), pte;
	u32 used, n = 0, max = TLB_FRAMES - b->nframes;

	spin_lock(&pt->lock);
	used = pt->pt_used;
	for (; start < end && n < max && used != 0; start += PAGE_SIZE, t++) {
		pte = *t;
		if (pte == 0)
			continue;
		WRITE_ONCE(*t, 0);
		used--;
		gone[n].pte = pte;
		gone[n++].addr = start;
	}
	pt->pt_used = used;
	spin_unlock(&pt->lock);
	for (u32 i = 0; i < n; i++)
		zap_entry(b, gone[i].pte, gone[i].addr);
	return used == 0 ? end : start;
}

void
pt_zap(struct tlb_batch *b, u64 start, u64 end, bool can_yield)
{
	struct frame *pt;

	while ((pt = pt_seek(b->as, &start, end)) != NULL) {
		start = zap_table(b, pt, start, table_end(start, end));
		if (b->nframes == TLB_FRAMES || b->nchain >= TLB_CHAIN_MAX)
			tlb_batch_flush(b);
		if (can_yield && unlikely(current->x86.work & WORK_RESCHED)) {
			tlb_batch_flush(b);
			preempt_point();
		}
	}
}

/* What entry pte of v becomes under v's protection. */
static pte_t
protected_entry(const struct vma *v, pte_t pte)
{
	pte_t new = pte & (PTE_ADDR | PTE_A | PTE_D | PTE_ZERO);
	struct frame *f = pte_frame(pte);

	if (!(v->prot & (PROT_READ | PROT_WRITE | PROT_EXEC)))
		return new | PTE_NONE | PTE_U | PTE_NX;
	new |= pte_bits(v->prot);
	if (!(v->prot & PROT_WRITE) || !f)
		return new;
	if (vma_is_shared(v) ? (v->pager->flags & PAGER_RAM) || (pte & PTE_D) :
	    f->use == FRAME_ANON && atomic_load_acquire(&f->refs) == 1)
		new |= PTE_W;
	return new;
}

/* Does a CPU with old cached allow what new forbids? */
static bool
entry_loses(pte_t old, pte_t new)
{
	if (!(old & PTE_P))
		return false;
	return !(new & PTE_P) || (old & ~new & PTE_W) || (new & ~old & PTE_NX);
}

static void
protect_table(struct tlb_batch *b, struct vma *v, struct frame *pt, u64 start,
    u64 end)
{
	pte_t *t = pt_entries(pt) + pt_leaf_index(start), old, new;

	spin_lock(&pt->lock);
	if (pt->pt_used == 0)
		start = end;
	for (; start < end; start += PAGE_SIZE, t++) {
		old = *t;
		if (old == 0)
			continue;
		new = protected_entry(v, old);
		WRITE_ONCE(*t, new);
		if (entry_loses(old, new))
			tlb_batch_addr(b, start);
	}
	spin_unlock(&pt->lock);
}

void
pt_protect(struct tlb_batch *b, struct vma *v, u64 start, u64 end)
{
	struct frame *pt;
	u64 stop;

	while ((pt = pt_seek(b->as, &start, end)) != NULL) {
		stop = table_end(start, end);
		protect_table(b, v, pt, start, stop);
		start = stop;
	}
}

void
pt_free_range(struct tlb_batch *b, u64 start, u64 end)
{
	struct aspace *as = b->as;
	struct frame *pt;

	for (; (pt = pt_seek(as, &start, end)) != NULL; start += PT_SPAN) {
		if (pt->flags & PT_IDLE)
			continue;
		spin_lock(&pt->lock);
		assert(pt->pt_used == 0);
		if (atomic_load_relaxed(&as->ntables_idle) < TABLES_IDLE_MAX) {
			pt->flags |= PT_IDLE;
			atomic_inc(&as->ntables_idle);
			spin_unlock(&pt->lock);
			continue;
		}
		pt->pt_dead = 1;
		WRITE_ONCE(*leaf_link(as, start), 0);
		spin_unlock(&pt->lock);
		unlist_table(as, pt);
		list_push_back(&b->tables, &pt->pt_node);
		tlb_batch_addr(b, start);
	}
}

void
pt_free_all(struct aspace *as)
{
	struct list *l;

	while ((l = list_pop_front(&as->tables)) != NULL)
		frame_put(LIST_ENTRY(l, struct frame, pt_node));
	frame_put(frame_of_paddr(as->cr3));
}
