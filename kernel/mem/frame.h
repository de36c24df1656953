/*
 * Frames: 4 KiB pages of physical memory, the one currency of the kernel.
 *
 * frame_get() takes one under the running thread's charge (charge.h) and cannot
 * fail. Frames are counted references; a frame goes back when the last is put.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/list.h"
#include "kernel/sync/rcu.h"
#include "kernel/sync/spinlock.h"
#include "kernel/x86/paging.h"

struct kmem_cache;

/* What a frame is used for; counted per CPU, shown in /proc/meminfo. */
enum frame_use {
	FRAME_FREE,
	FRAME_RESERVED,		/* not RAM of ours, or lost to firmware */
	FRAME_KERNEL,		/* image, boot data, per-CPU areas */
	FRAME_SLAB,
	FRAME_PAGETABLE,
	FRAME_KSTACK,
	FRAME_ANON,		/* a user's private page */
	FRAME_FILE,		/* page cache, tmpfs */
	FRAME_BUFFER,		/* pipes, path names, other kernel buffers */
	FRAME_USES
};

/*
 * One descriptor per frame of RAM. The union belongs to the user of the frame.
 * a atomic; u as the frame's user says
 */
struct frame {
	u32	refs;		/* [a] 0: free */
	u8	use;		/* [I while taken] enum frame_use */
	u8	flags;		/* [u] FRAME_F_* */
	struct spinlock	lock;	/* [u] page tables: guards their entries */
	union {
		struct {	/* free: the next free frame */
			struct frame	*next;
		};
		struct {	/* slab: mem/slab.c */
			struct kmem_cache *slab_cache;
			pfn_t		slab_next, slab_prev;
			u16		slab_free;	/* index of first */
			u16		slab_inuse;
			u16		slab_state;
		};
		struct {	/* page cache and tmpfs */
			void		*fc_owner;	/* whose page */
			u64		fc_index;	/* in pages */
			pfn_t		fc_lru_next, fc_lru_prev;
		};
		struct rcu_head	rcu;	/* to be put after a grace period */
		struct {	/* page table: vm/pagetable.c */
			u32		pt_used;	/* entries in use */
			u32		pt_dead;
			union {		/* listed, then on its way out */
				struct list	pt_node;
				struct rcu_head	pt_rcu;
			};
		};
		u64	priv[3];
	};
};
#if !defined(HARDTACK_DEBUG)
_Static_assert(sizeof(struct frame) <= 40, "a descriptor is 1% of its frame");
#endif

extern struct frame *frames;		/* [I] indexed by PFN */
extern pfn_t nframes;			/* [I] descriptors: highest PFN + 1 */

static inline pfn_t
frame_pfn(const struct frame *f)
{
	return (pfn_t)(f - frames);
}

static inline paddr_t
frame_paddr(const struct frame *f)
{
	return (paddr_t)frame_pfn(f) << PAGE_SHIFT;
}

static inline void *
frame_virt(const struct frame *f)
{
	return phys_to_virt(frame_paddr(f));
}

static inline struct frame *
frame_of_paddr(paddr_t pa)
{
	return &frames[pa >> PAGE_SHIFT];
}

/* For an address in the physical map (slab objects, frames' contents). */
static inline struct frame *
frame_of_virt(const void *va)
{
	return frame_of_paddr(virt_to_phys(va));
}

/*
 * Take a frame, one reference, contents undefined (poisoned in debug kernels)
 * or zeroed. Draws on the running thread's charge. Not in interrupts.
 */
struct frame *frame_get(enum frame_use use);
struct frame *frame_get_zero(enum frame_use use);

static inline void
frame_ref(struct frame *f)
{
	(void)__atomic_fetch_add(&f->refs, 1, __ATOMIC_RELAXED);
}

void	frame_free(struct frame *f);	/* the last reference is gone */

/* Drop a reference; the frame is free when it was the last. */
static inline void
frame_put(struct frame *f)
{
	if (__atomic_sub_fetch(&f->refs, 1, __ATOMIC_ACQ_REL) == 0)
		frame_free(f);
}

/* A user's PFN may be outside of RAM (device memory): such have no frame. */
static inline bool
pfn_is_ram(u64 pfn)
{
	return pfn < nframes && frames[pfn].use != FRAME_RESERVED;
}

struct frame_stats {
	u64	total, free;		/* frames; total is RAM we manage */
	u64	promised;		/* remaining charges of calls */
	u64	credits;		/* unpromised, set aside on CPUs */
	u64	used[FRAME_USES];
};
void	frame_stats(struct frame_stats *out);

/* Whole frames, by pointers into the physical map. */
void	frame_clear(void *va);
void	frame_copy(void *dst, const void *src);

/* Until frame_boot_end() nothing is charged: there are no calls yet. */
extern bool mem_booting;
void	frame_boot_end(void);

/* Bring this CPU's free list back to the global one (from a thread on it). */
void	frame_drain_cpu(void);
