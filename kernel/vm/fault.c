/*
 * Page faults.
 *
 * A fault takes no lock of the address space. Under RCU it looks up the VMA and
 * the leaf page table, prepares the page, and locks only the table that the
 * entry is in. With that lock held it looks at the VMA again: everybody who
 * takes a VMA (or a permission) away changes the VMA first and then clears the
 * entries under the same table locks, so
 *
 *	either the fault sees the change, gives its page back and starts over,
 *	or the change finds the fault's entry.
 *
 * Frames are taken under the charge "fault" and cannot fail; taking them does
 * not sleep, so all of an anonymous fault is one RCU section. Only a page that
 * its file has not in memory makes a fault sleep: it then holds a reference to
 * the pager and nothing else, and afterwards looks everything up anew.
 *
 * Private pages are shared after fork by reference counts alone: who writes to
 * a page whose frame has one reference owns it; else it copies. Before it
 * copies it makes the entry absent and flushes it elsewhere, because another
 * thread's CPU may still have it writable, from before the fork.
 */
#include "kernel/trace/counter.h"
#include "kernel/vm/reserve.h"
#include "kernel/vm/vm_priv.h"
#include "kernel/x86/trap.h"

#define AROUND_PAGES	16	/* mapped at once, when the file has them */
#define RETRY		1	/* something changed meanwhile: look again */

/* One look: three tables, and a copy, or a page and nodes that lead to it. */
BOUND_ROW(fault);

/* A fault on its way. */
struct fault {
	struct aspace	*as;
	u64		addr;		/* of the page */
	u32		error;		/* PF_* */
	u32		prot;		/* the VMA's when it was looked up */
	struct vma	*v;		/* under RCU */
	struct frame	*pt;		/* under RCU */
	pte_t		*pte;
	bool		moved;		/* the entry leads to another frame */
	/* A page that the pager gave, to be used if it still is the right one
	 * (the fault's reference). */
	struct frame	*got;
	struct pager	*got_pager;	/* whose; only compared */
	u64		got_index, got_seq;
	bool		got_writable;
};

static inline bool
fault_is_write(const struct fault *f)
{
	return f->error & PF_WRITE;
}

/* Does prot allow what the fault wants? Any permission implies reading. */
static inline bool
prot_allows(u32 prot, u32 error)
{
	if (error & PF_WRITE)
		return prot & PROT_WRITE;
	if (error & PF_EXEC)
		return prot & PROT_EXEC;
	return prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
}

/* Lock the table, if the VMA is still what was looked up. */
static inline bool
fault_lock(struct fault *f) ACQUIRES_TRY(true, f->pt->lock) NO_THREAD_CHECK
{
	struct vma *v = f->v;

	spin_lock(&f->pt->lock);
	if (likely(!f->pt->pt_dead && !READ_ONCE(v->dead) &&
	    READ_ONCE(v->start) <= f->addr && f->addr < READ_ONCE(v->end) &&
	    prot_of(v) == f->prot && !READ_ONCE(f->as->torn)))
		return true;
	spin_unlock(&f->pt->lock);
	return false;
}

static inline void
fault_unlock(struct fault *f) RELEASES(f->pt->lock) NO_THREAD_CHECK
{
	spin_unlock(&f->pt->lock);
}

static inline pte_t
anon_entry(const struct fault *f, const struct frame *page)
{
	return frame_paddr(page) | pte_bits(f->prot) |
	    (f->prot & PROT_WRITE ? PTE_W | PTE_D : 0);
}

static inline void
note_anon(struct fault *f)
{
	if (unlikely(!READ_ONCE(f->v->has_anon)))
		WRITE_ONCE(f->v->has_anon, 1);
}

/* Nothing is there yet, in anonymous memory. */
static int
fault_anon(struct fault *f)
{
	struct frame *page = NULL;
	pte_t entry;

	if (fault_is_write(f)) {
		page = frame_get_zero(FRAME_ANON);
		entry = anon_entry(f, page);
		note_anon(f);
	} else {
		entry = zero_page | pte_bits(f->prot) | PTE_ZERO;
	}
	if (likely(fault_lock(f))) {
		if (likely(*f->pte == 0)) {
			WRITE_ONCE(*f->pte, entry);
			pt_entry_added(f->as, f->pt);
			fault_unlock(f);
			if (page)
				atomic_inc(&f->as->rss_anon);
			return 0;
		}
		fault_unlock(f);	/* another thread was quicker */
	}
	if (page)
		frame_put(page);
	return RETRY;
}

/* An entry in order for prot that does not let it: mprotect left it so. */
static void
repair_entry(struct fault *f, pte_t old)
{
	WRITE_ONCE(*f->pte, (old & (PTE_ADDR | PTE_W | PTE_D | PTE_ZERO)) |
	    pte_bits(f->prot));
}

/*
 * Copy a private page on write; the table is locked and the entry old is
 * present or PROT_NONE. Returns the frame to put after unlocking, or NULL.
 */
static struct frame *
copy_on_write(struct fault *f, pte_t old)
{
	struct frame *was = pte_frame(old), *page;

	if (was && was->use == FRAME_ANON &&
	    atomic_load_acquire(&was->refs) == 1) {
		WRITE_ONCE(*f->pte, anon_entry(f, was));
		return NULL;
	}
	note_anon(f);
	if (ncpus > 1) {
		WRITE_ONCE(*f->pte, 0);
		tlb_flush_others(f->as, f->addr);
	}
	if (was) {
		page = frame_get(FRAME_ANON);
		frame_copy(frame_virt(page), frame_virt(was));
	} else {
		page = frame_get_zero(FRAME_ANON);
	}
	WRITE_ONCE(*f->pte, anon_entry(f, page));
	f->moved = true;
	if (!was || was->use != FRAME_ANON) {
		atomic_inc(&f->as->rss_anon);
		if (was)
			atomic_dec(&f->as->rss_file);
	}
	return was;
}

/* The entry holds a page already. */
static int
fault_present(struct fault *f)
{
	struct frame *was = NULL;
	bool denied;
	pte_t old;

	if (!fault_lock(f))
		return RETRY;
	old = *f->pte;
	denied = fault_is_write(f) &&
	    (old & (PTE_P | PTE_W)) != (PTE_P | PTE_W);
	if (old == 0 || (denied && vma_is_shared(f->v))) {
		fault_unlock(f);
		return RETRY;
	}
	if (denied)
		was = copy_on_write(f, old);
	else if (!(old & PTE_P) || (f->error & PF_EXEC))
		repair_entry(f, old);
	fault_unlock(f);
	/* The fault has dropped the old entry, but a CPU may read ahead. */
	if (f->moved)
		tlb_flush_here(f->as, f->addr);
	if (was)
		frame_put(was);
	return 0;
}

/* Install page (a reference) for the fault; takes over the reference. */
static int
install_file_page(struct fault *f, struct frame *page, bool writable)
{
	pte_t entry = frame_paddr(page) | pte_bits(f->prot), old;
	struct frame *put = page;
	int rc = RETRY;

	if (writable && (f->prot & PROT_WRITE))
		entry |= PTE_W | (fault_is_write(f) ? PTE_D : 0);
	if (!fault_lock(f)) {
		frame_put(page);
		return RETRY;
	}
	old = *f->pte;
	if (READ_ONCE(f->v->pager->unmap_seq) != f->got_seq) {
		rc = RETRY;
	} else if (old == 0) {
		WRITE_ONCE(*f->pte, entry);
		pt_entry_added(f->as, f->pt);
		put = NULL;
		rc = 0;
	} else if (pte_frame(old) == page) {
		WRITE_ONCE(*f->pte, entry | (old & (PTE_D | PTE_W)));
		rc = 0;
	}
	fault_unlock(f);
	if (put)
		frame_put(put);
	else
		atomic_inc(&f->as->rss_file);
	return rc;
}

/* A private copy of page (a reference, taken over) for a write. */
static int
install_private_copy(struct fault *f, struct frame *page)
{
	struct frame *copy = frame_get(FRAME_ANON);
	int rc = RETRY;

	frame_copy(frame_virt(copy), frame_virt(page));
	frame_put(page);
	note_anon(f);
	if (fault_lock(f)) {
		if (*f->pte == 0 &&
		    READ_ONCE(f->v->pager->unmap_seq) == f->got_seq) {
			WRITE_ONCE(*f->pte, anon_entry(f, copy));
			pt_entry_added(f->as, f->pt);
			rc = 0;
		}
		fault_unlock(f);
	}
	if (rc == 0)
		atomic_inc(&f->as->rss_anon);
	else
		frame_put(copy);
	return rc;
}

/* The aligned window of file pages around a fault, for reading. */
struct window {
	u64		start, end;	/* addresses */
	u64		seq;		/* of unmappings, before the look-ups */
	pte_t		*pte;		/* of start */
	u32		n, nmapped;
	struct frame	*pages[AROUND_PAGES];	/* a reference each, or NULL */
};

/* Collect what the file has in memory; false: not the faulting page. */
static bool
window_find(struct fault *f, struct window *w)
{
	struct pager *p = f->v->pager;
	u32 me = (f->addr - w->start) >> PAGE_SHIFT;
	u64 index = vma_index(f->v, w->start);

	w->seq = READ_ONCE(p->unmap_seq);
	w->pages[me] = p->ops->find_page(p, index + me);
	if (!w->pages[me])
		return false;
	w->pte = f->pte - me;
	w->n = (w->end - w->start) >> PAGE_SHIFT;
	for (u32 i = 0; i < w->n; i++)
		if (i != me)
			w->pages[i] = READ_ONCE(w->pte[i]) != 0 ? NULL :
			    p->ops->find_page(p, index + i);
	return true;
}

/* Map them, if nothing has changed; whose entry is in use keep theirs. */
static bool
window_map(struct fault *f, struct window *w, pte_t bits)
{
	struct vma *v = f->v;
	bool ok;

	w->nmapped = 0;
	if (!fault_lock(f))
		return false;
	/* The window's ends may have moved with the VMA's. */
	ok = READ_ONCE(v->pager->unmap_seq) == w->seq &&
	    READ_ONCE(v->start) <= w->start && w->end <= READ_ONCE(v->end);
	for (u32 i = 0; ok && i < w->n; i++) {
		if (!w->pages[i] || w->pte[i] != 0)
			continue;
		WRITE_ONCE(w->pte[i], frame_paddr(w->pages[i]) | bits);
		pt_entry_added(f->as, f->pt);
		w->pages[i] = NULL;
		w->nmapped++;
	}
	fault_unlock(f);
	return ok;
}

/*
 * Map what the file has in memory of the fault's aligned window, for reading.
 * Returns 0 if the faulting page was among it, RETRY if something changed,
 * -ENOENT if the pager must be asked for the page.
 */
static int
fault_around(struct fault *f)
{
	struct vma *v = f->v;
	u64 span = AROUND_PAGES * PAGE_SIZE;
	pte_t bits = pte_bits(f->prot);
	struct window w;
	bool ok;

	w.start = MAX(ROUND_DOWN(f->addr, span), READ_ONCE(v->start));
	w.end = MIN(ROUND_DOWN(f->addr, span) + span, READ_ONCE(v->end));
	if (w.start > f->addr || w.end <= f->addr)
		return RETRY;
	if (!window_find(f, &w))
		return -ENOENT;
	if (vma_is_shared(v) && (v->pager->flags & PAGER_RAM) &&
	    (f->prot & PROT_WRITE))
		bits |= PTE_W;
	ok = window_map(f, &w, bits);
	for (u32 i = 0; i < w.n; i++)
		if (w.pages[i])
			frame_put(w.pages[i]);
	if (w.nmapped)
		atomic_add(&f->as->rss_file, w.nmapped);
	return ok ? 0 : RETRY;
}

static void
drop_got(struct fault *f)
{
	if (f->got)
		frame_put(f->got);
	f->got = NULL;
}

/* Leave RCU and ask the pager; what it gives is in f->got for the next turn. */
static int
ask_pager(struct fault *f, struct pager *p, u64 index, bool writable)
{
	int rc;

	drop_got(f);
	p->ops->get(p);
	f->got_seq = atomic_load(&p->unmap_seq);
	f->got_pager = p;
	f->got_index = index;
	f->got_writable = writable;
	rcu_read_unlock();
	rc = p->ops->get_page(p, index, writable, &f->got);
	rcu_read_lock();
	if (rc != 0)
		f->got = NULL;
	p->ops->put(p);
	if (rc == 0 || rc == -EAGAIN)
		return RETRY;
	return rc == -EINTR ? -EINTR : -ENXIO;
}

/* A page of a file that is not mapped, or is and must become writable. */
static int
fault_file(struct fault *f)
{
	struct vma *v = f->v;
	struct pager *p = v->pager;
	u64 index = vma_index(v, f->addr);
	bool shared_write = fault_is_write(f) && vma_is_shared(v);
	struct frame *page = NULL;
	int rc;

	if (f->got && f->got_pager == p && f->got_index == index &&
	    (f->got_writable || !shared_write)) {
		page = f->got;
		f->got = NULL;
	} else if (!fault_is_write(f)) {
		rc = fault_around(f);
		if (rc != -ENOENT)
			return rc;
	} else if (!shared_write) {
		f->got_seq = atomic_load(&p->unmap_seq);
		page = p->ops->find_page(p, index);
	}
	if (!page)
		return ask_pager(f, p, index, shared_write);
	if (fault_is_write(f) && !shared_write)
		return install_private_copy(f, page);
	return install_file_page(f, page, shared_write ||
	    (vma_is_shared(v) && (p->flags & PAGER_RAM)));
}

/* May the stack v grow down to addr? With the lock held. */
static bool
stack_can_grow(struct aspace *as, struct vma *v, u64 addr)
{
	struct vma *below = vma_prev(v);
	u64 npages = (v->start - addr) >> PAGE_SHIFT;
	u64 low = below ? below->end : USER_MIN;

	if (below && (below->prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) &&
	    !(below->flags & MAP_GROWSDOWN))
		low += STACK_GUARD_PAGES * PAGE_SIZE;
	return addr >= low && v->end - addr <= as->limit_stack &&
	    vm_may_add(as, npages, v->prot, v->flags) == 0;
}

/* No VMA was found without the lock: look with it, and let a stack grow. */
static noinline int
fault_no_vma(struct fault *f)
{
	struct aspace *as = f->as;
	struct vma *v;
	int rc = -EFAULT;

	mutex_lock(&as->lock);
	v = vma_at_or_above(as, f->addr);
	if (v && v->start <= f->addr) {
		rc = RETRY;
	} else if (v && (v->flags & MAP_GROWSDOWN) &&
	    stack_can_grow(as, v, f->addr)) {
		if (!limbo_is_clear(as, v->start))
			limbo_settle(as);
		vma_set_bounds(as, v, f->addr, v->end);
		rc = RETRY;
	}
	mutex_unlock(&as->lock);
	return rc;
}

/* One try, under RCU. */
static inline int
fault_try(struct fault *f)
{
	pte_t entry;

	f->prot = prot_of(f->v);
	if (unlikely(!prot_allows(f->prot, f->error)))
		return READ_ONCE(f->v->dead) ? RETRY : -EACCES;
	f->pt = pt_make(f->as, f->addr);
	f->pte = pt_entries(f->pt) + pt_leaf_index(f->addr);
	entry = READ_ONCE(*f->pte);
	if (!f->v->pager)
		return entry == 0 ? fault_anon(f) : fault_present(f);
	if (entry == 0 || (fault_is_write(f) && !(entry & PTE_W) &&
	    vma_is_shared(f->v)))
		return fault_file(f);
	return fault_present(f);
}

int
vm_fault(struct aspace *as, u64 addr, u32 error)
{
	struct fault f = { .as = as, .addr = PAGE_DOWN(addr), .error = error };
	int rc;

	if (unlikely(addr >= USER_TOP || addr < USER_MIN))
		return -EFAULT;
	counter_inc(faults);
	for (;;) {
		rcu_read_lock();
		f.v = vma_find_rcu(as, addr);
		rc = likely(f.v) ? fault_try(&f) : RETRY;
		rcu_read_unlock();
		if (likely(rc != RETRY))
			break;
		if (unlikely(READ_ONCE(as->torn) ||
		    thread_is_killed(current))) {
			rc = -EINTR;
			break;
		}
		if (!f.v) {
			rc = fault_no_vma(&f);
			if (rc != RETRY)
				break;
		}
		/* Who unmaps, truncates or forks against us can make us look
		 * again and again, so each look is a segment. But for the page
		 * in f.got, pinned so that the next look ends, nothing is
		 * held. */
		if (unlikely(reserve_renew() != 0)) {
			rc = -EINTR;
			break;
		}
	}
	drop_got(&f);
	return rc;
}

int
vm_fault_charged(struct aspace *as, u64 addr, u32 error)
{
	int rc;

	rc = reserve_row(&bound_fault);
	if (likely(rc == 0)) {
		rc = vm_fault(as, addr, error);
		reserve_end();
	}
	return rc;
}

int
vm_user_fault(struct trapframe *tf, u64 addr, u64 error)
{
	(void)tf;
	return vm_fault_charged(current->aspace, addr, error);
}
