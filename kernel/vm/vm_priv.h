/*
 * What the files of this folder share: the VMA tree, page tables, the batch of
 * a TLB flush.
 */
#pragma once

#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/mem/frame.h"
#include "kernel/sched/thread.h"
#include "kernel/vm/aspace.h"
#include "kernel/x86/cpu.h"

#define PT_SPAN			(PAGE_SIZE * PT_ENTRIES)	/* 2 MiB */
#define STACK_GUARD_PAGES	256	/* as Linux: stack_guard_gap */
#define VMAS_MAX		65530	/* as Linux: vm.max_map_count */
#define TABLES_IDLE_MAX		16	/* empty tables kept for reuse */

/* Software bits of leaf entries. */
#define PTE_ZERO		PTE_SW0	/* the shared zero page: no reference */
#define PTE_NONE		PTE_SW1	/* PROT_NONE: not present, has frame */

/* frame.flags of page tables: the level, and: */
#define PT_LEVEL		0x3
#define PT_IDLE			0x80	/* empty, counted in ntables_idle */

static inline u32
prot_of(const struct vma *v)
{
	return READ_ONCE(v->prot);
}

static inline bool
vma_is_shared(const struct vma *v)
{
	return v->flags & MAP_SHARED;
}

/* Private and writable: what counts as data. */
static inline bool
vma_is_data(const struct vma *v)
{
	return (v->prot & PROT_WRITE) && !(v->flags & MAP_SHARED);
}

static inline u64
vma_pages(const struct vma *v)
{
	return (v->end - v->start) >> PAGE_SHIFT;
}

/* The index in its pager of the page at addr. */
static inline u64
vma_index(const struct vma *v, u64 addr)
{
	return (addr >> PAGE_SHIFT) + v->pgdelta;
}

/*
 * The bits of a present leaf entry for prot, without PTE_W. Accessed is set
 * beforehand: the CPU would only spend time on setting it.
 */
static inline pte_t
pte_bits(u32 prot)
{
	return PTE_P | PTE_U | PTE_A | (prot & PROT_EXEC ? 0 : PTE_NX);
}

static inline bool
range_ok(u64 addr, u64 len)
{
	return !(addr & PAGE_MASK) && len <= USER_TOP && addr <= USER_TOP - len;
}

/* protect.c */
/* Is all of [start, end) mapped? */
bool	vm_range_is_mapped(struct aspace *as, u64 start, u64 end);

/* vma.c: the tree. All with as->lock held, unless it says otherwise. */

/* Under RCU: a VMA that holds addr, or NULL, which may be a mistake while the
 * tree is being changed: ask again with the lock held. */
struct vma *vma_find_rcu(struct aspace *as, u64 addr);
struct vma *vma_find(struct aspace *as, u64 addr);
struct vma *vma_prev(struct vma *v);
void	vma_tree_insert(struct aspace *as, struct vma *v);
void	vma_tree_erase(struct aspace *as, struct vma *v);
/* Change the bounds of a VMA that stays in its place in the order. */
void	vma_tree_resize(struct vma *v, u64 start, u64 end);
/* The highest hole of len bytes in [low, high), or -1. */
u64	vma_tree_find_hole(struct aspace *as, u64 len, u64 low, u64 high);

/* region.c: VMAs with their accounts, pagers and page tables. */
bool	vma_can_follow(const struct vma *a, const struct vma *b);
void	vma_insert(struct aspace *as, struct vma *v);
void	vma_remove(struct aspace *as, struct vma *v);
void	vma_set_bounds(struct aspace *as, struct vma *v, u64 start, u64 end);
/* v becomes [start, at); returns the new VMA of [at, end). */
struct vma *vma_split(struct aspace *as, struct vma *v, u64 at);
/*
 * Split the VMAs that reach across start or end, so that each lies inside of
 * [start, end) or outside; returns the first at or above start. There are two
 * VMAs more at most, so it is for before a loop over the range.
 */
struct vma *vma_split_range(struct aspace *as, u64 start, u64 end);
/* Join v to its neighbours where they are alike; returns the survivor. */
struct vma *vma_merge(struct aspace *as, struct vma *v);
void	vma_account(struct aspace *as, const struct vma *v, s64 npages);
/* One like another, in no tree. Draws on the charge. */
struct vma *vma_new(const struct vma *like);
void	vma_free_rcu(struct rcu_head *head);

/* pager.c */
void	vma_pager_attach(struct vma *v);	/* its list, and a reference */
void	vma_pager_detach(struct vma *v);

/* tlb.c */
#define TLB_ADDRS		64
#define TLB_FRAMES		64
#define TLB_CHAIN_MAX		2048
struct tlb_batch {
	struct aspace	*as;
	bool		unused;		/* nobody runs on as any more */
	u32		naddrs;		/* above TLB_ADDRS: flush it all */
	u32		nframes;
	u32		nchain;
	u32		nanon, nfile;	/* no longer resident */
	struct frame	*chain;		/* anonymous, ours alone, by next */
	struct list	tables;		/* tables out of use, by pt_node */
	u64		addrs[TLB_ADDRS];
	struct frame	*frames[TLB_FRAMES];
};
void	tlb_batch_init(struct tlb_batch *b, struct aspace *as);
/* Flush what was collected on every CPU that may cache it, then put the
 * collected frames. Interrupts on. */
void	tlb_batch_flush(struct tlb_batch *b);

static inline void
tlb_batch_addr(struct tlb_batch *b, u64 addr)
{
	if (b->naddrs < TLB_ADDRS)
		b->addrs[b->naddrs] = addr;
	b->naddrs++;
}

/* May a CPU other than this one have translations of as? */
bool	tlb_has_others(const struct aspace *as);
/* Flush one page on the others only, on this CPU only. */
void	tlb_flush_others(struct aspace *as, u64 addr);
void	tlb_flush_here(struct aspace *as, u64 addr);
bool	tlb_is_loaded(const struct aspace *as);		/* by any CPU */
/* The last reference is gone: aspace_free_rcu() once no CPU has it loaded. */
void	tlb_let_go(struct aspace *as);

/* The first half of tlb_batch_flush(): this CPU, and the accounts. */
void	tlb_batch_flush_here(struct tlb_batch *b);
/* Flush all of as wherever it is loaded. */
void	tlb_flush_everywhere(struct aspace *as);

/* limbo.c */
#define LIMBO_NONE		(~0ul)
void	limbo_init(void);
/* End a munmap: flush b, whose pages are all at or above start, or let them
 * wait for a flush of other CPUs. With as->lock held. */
void	limbo_flush(struct tlb_batch *b, u64 start);
/* Flush everywhere what waits, and free it: before a range that may be in limbo
 * is mapped. With as->lock held, nothing comes in meanwhile. */
void	limbo_settle(struct aspace *as);
void	limbo_drop(struct aspace *as);	/* without a flush: no users */

/* May [start, end) be mapped, for all that limbo knows? */
static inline bool
limbo_is_clear(const struct aspace *as, u64 end)
{
	return end <= READ_ONCE(as->limbo_low);
}

/* pagetable.c */
extern paddr_t zero_page;		/* [I] always zeros, never put */
void	pt_init(void);
/*
 * The leaf table for addr; made with all above it where missing (at most three
 * frames of the charge). Under RCU: look at pt_dead once it is locked.
 */
struct frame *pt_make(struct aspace *as, u64 addr);
/* The first existing leaf table for an address in [*addr, end), *addr moved
 * there; NULL, *addr = end. Under RCU or as->lock. */
struct frame *pt_seek(struct aspace *as, u64 *addr, u64 end);
/* Clear the entries of [start, end) into b. May flush b and yield between
 * tables, where can_yield. */
void	pt_zap(struct tlb_batch *b, u64 start, u64 end, bool can_yield);
/* Set the entries of [start, end) to the protection of v. */
void	pt_protect(struct tlb_batch *b, struct vma *v, u64 start, u64 end);
/* Free leaf tables in [start, end), where no VMA is. */
void	pt_free_range(struct tlb_batch *b, u64 start, u64 end);
void	pt_free_all(struct aspace *as);

static inline pte_t *
pt_entries(const struct frame *pt)
{
	return frame_virt(pt);
}

static inline u32
pt_leaf_index(u64 addr)
{
	return addr >> PAGE_SHIFT & (PT_ENTRIES - 1);
}

/* An entry of a locked table comes into use. */
static inline void
pt_entry_added(struct aspace *as, struct frame *pt)
{
	if (pt->pt_used++ == 0 && unlikely(pt->flags & PT_IDLE)) {
		pt->flags &= ~PT_IDLE;
		atomic_dec(&as->ntables_idle);
	}
}

/* The frame of a leaf entry in use, or NULL for the zero page. */
static inline struct frame *
pte_frame(pte_t pte)
{
	return pte & PTE_ZERO ? NULL : frame_of_paddr(pte & PTE_ADDR);
}

/* fault.c */
/* vm_fault() in a segment of its own. -EINTR also when killed in
 * reserve_row(). */
int	vm_fault_charged(struct aspace *as, u64 addr, u32 error);

/* mmap.c */
/* The limits of as allow npages more of such a mapping. 0, -ENOMEM. */
int	vm_may_add(struct aspace *as, u64 npages, u32 prot, u32 flags);
int	vm_unmap_locked(struct aspace *as, u64 start, u64 end);
u64	vm_find_place(struct aspace *as, u64 hint, u64 len, u32 flags);

/* aspace.c */
void	aspace_free_rcu(struct rcu_head *head);	/* nobody has it any more */
