/*
 * Address spaces: VMAs in a tree, page tables below, pagers behind.
 * docs/memory.md has the picture.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/rbtree.h"
#include "kernel/lib/types.h"
#include "kernel/mem/frame.h"
#include "kernel/sched/mutex.h"
#include "kernel/sync/rcu.h"
#include "kernel/x86/smp.h"

struct aspace;
struct pager;
struct thread;
struct trapframe;
struct vma;

/*
 * What a file gives to the VM. A pager belongs to an inode (or is anonymous
 * shared memory); all calls may be made with the vma's aspace unlocked.
 */
struct pager_ops {
	/* One reference on behalf of a VMA more, or less. Neither sleeps; put
	 * is called from RCU callbacks. */
	void	(*get)(struct pager *p);
	void	(*put)(struct pager *p);
	/*
	 * The frame of page index, with a reference for the caller; writable
	 * says it will be written through a shared mapping. Takes frames under
	 * the caller's charge (row "fault"), sleeps. -EFAULT turns into SIGBUS
	 * past the end. -EAGAIN: a frame went into what leads to the page; ask
	 * again, under a new charge.
	 */
	int	(*get_page)(struct pager *p, u64 index, bool writable,
		    struct frame **out);
	/* The same without sleeping, lock-free where it can: NULL if not
	 * there. Used for fault-around, and before get_page for reading. */
	struct frame *(*find_page)(struct pager *p, u64 index);
	/* "/bin/busybox" for /proc/PID/maps. */
	int	(*path)(struct pager *p, char *buf, usize len);
	void	(*identity)(struct pager *p, u64 *dev, u64 *ino);
	/* msync(MS_SYNC) and fsync of a range of pages; NULL: nothing to do. */
	int	(*sync)(struct pager *p, u64 index, u64 npages);
};

#define PAGER_RAM	BIT(0)	/* pages live in memory only: nobody needs to
				 * know when one is first written */
#define PAGER_SHM	BIT(1)	/* anonymous shared memory */

/* I immutable; l lock; a atomic */
struct pager {
	const struct pager_ops *ops;	/* [I] */
	u32		flags;		/* [I] PAGER_* */
	struct spinlock	lock;		/* LOCK_PAGER: list, bounds of VMAs */
	struct list	vmas;		/* [l] who maps it, by pager_node */
	u64		unmap_seq;	/* [a] counts vm_unmap_pager() calls */
};
void	pager_init(struct pager *p, const struct pager_ops *ops);

/* vma.flags beside MAP_SHARED, MAP_GROWSDOWN and MAP_NORESERVE */
#define VMA_LOCKED	BIT(24)		/* mlock() */
#define VMA_DONTFORK	BIT(25)		/* madvise() */
#define VMA_WIPEONFORK	BIT(26)
#define VMA_HEAP	BIT(27)		/* made by brk() */
#define VMA_VDSO	BIT(28)		/* named [vdso] in maps */
#define VMA_VVAR	BIT(29)		/* named [vvar] */
#define VMA_STACK	BIT(30)		/* the first thread's stack */
#define VMA_FLAGS	(VMA_LOCKED | VMA_DONTFORK | VMA_WIPEONFORK | \
			VMA_HEAP | VMA_VDSO | VMA_VVAR | VMA_STACK)

/*
 * I immutable; m aspace lock; v under RCU, changed under m before page tables
 * (with a pager: under the pager's lock too); a atomic
 */
struct vma {
	struct rb_node	node;		/* [m] */
	u64		start, end;	/* [v] page aligned */
	u64		gap;		/* [m] the hole right below */
	u64		max_gap;	/* [m] largest hole below, in subtree */
	u32		prot;		/* [v] PROT_* */
	u32		flags;		/* [v] MAP_SHARED, _GROWSDOWN, VMA_* */
	struct pager	*pager;		/* [I] NULL: anonymous */
	u64		pgoff;		/* [v] of start, in pages */
	u64		pgdelta;	/* [I] pgoff - page number of start:
					 * faults compute an index from it */
	u32		dead;		/* [a] gone from the tree */
	u32		max_prot;	/* [I] what mprotect may grant */
	u32		has_anon;	/* [a] a private page was ever made */
	struct aspace	*as;		/* [I] */
	struct list	pager_node;	/* [pager.lock] */
	struct rcu_head	rcu;
};

/* m lock; a atomic; I immutable once a thread runs on it; t pt_lock */
struct aspace {
	/* What faults and switches read. */
	struct rb_root	vmas;		/* [m, read under RCU] */
	paddr_t		cr3;		/* [I] */
	u32		torn;		/* [a] killed: memory is given back */
	u32		refs;		/* [a] threads and lookers */
	u32		users;		/* [a] threads: at 0 it is torn down */
	u32		ntables_idle;	/* [a] empty tables kept for reuse */
	struct cpumask	cpus aligned(CACHE_LINE); /* [a] may cache it */
	struct mutex	lock aligned(CACHE_LINE); /* VMA tree and layout */
	struct spinlock	pt_lock;	/* the list of page tables */
	struct list	tables;		/* [t] frames of tables below the top */
	struct spinlock	limbo_lock;	/* limbo.c: unmapped, not yet flushed */
	struct frame	*limbo;		/* [limbo_lock] frames, by next */
	u32		nlimbo;		/* [limbo_lock] */
	u32		limbo_queued;	/* [a] limbo_rcu is under way */
	u32		limbo_age;	/* [a] grace periods since it settled */
	u64		limbo_low;	/* [limbo_lock] lowest address in it */
	u64		limbo_gen;	/* [limbo_lock] counts what came in */
	struct rcu_head	limbo_rcu;

	u64		brk_start, brk;	/* [m] */
	u64		mmap_base;	/* [I] top of the mmap area */
	u64		stack_top;	/* [I] */
	u64		nvmas;		/* [m] */
	u64		total_pages, locked_pages, stack_pages; /* [m] mapped */
	u64		data_pages;	/* [m] private and writable */
	u64		rss_anon, rss_file, rss_pt; /* [a] frames */
	u64		rss_peak;	/* [a] largest anon + file so far */
	u64		limit_as, limit_stack, limit_data; /* rlimits, bytes */
	u64		limit_memlock;
	u32		lock_future;	/* [m] mlockall(MCL_FUTURE) */
	u64		arg_start, arg_end, env_start, env_end;	/* [I] */
	u64		start_code, end_code, start_data, end_data; /* [I] */
	u64		auxv[2 * 24];	/* [I] for /proc/PID/auxv */
	struct rcu_head	rcu;
};

void	vm_init(void);
extern int vm_overcommit;	/* [a] vm.overcommit_memory: 0, 1 or 2 */

/*
 * A new address space with no mappings, for exec: one reference and one user,
 * the thread that will run on it. Draws on the charge (2 frames).
 */
struct aspace *aspace_create(void);
/*
 * Choose the places of stack, mmap area and brk: random is 24 random bytes
 * (zeros: no randomisation), limit_stack is set. The caller then maps its image
 * and sets brk_start and brk to aspace_brk_base().
 */
void	aspace_set_layout(struct aspace *as, const u64 random[3]);
/* Where brk starts for an image that ends at end; random: 8 random bytes. */
u64	aspace_brk_base(const struct aspace *as, u64 end, u64 random);

/*
 * A copy for fork: *out has one reference and one user, and is set before the
 * first renewal point inside: it belongs to the caller, who puts it on error
 * (-EINTR when killed). Nobody else may change it before this returns.
 */
int	aspace_fork(struct aspace *from, struct aspace **out);
void	aspace_get(struct aspace *as);
/* Drop a reference; tears down what was not yet. Sleeps, takes no frame. */
void	aspace_put(struct aspace *as);
void	aspace_users_get(struct aspace *as);
/*
 * One thread less runs on as; the last frees all pages. A thread sets its own
 * current->aspace to NULL (or another) first, and copies nothing to or from
 * user space after. Each thread's user count comes with a reference.
 */
void	aspace_users_put(struct aspace *as);
/* This CPU runs on as from now on; current->aspace is set to it already. */
void	aspace_switch(struct aspace *as);
/* The scheduler's hook: interrupts off, just before the registers switch. */
void	aspace_switch_thread(struct thread *prev, struct thread *next);
/* Give back all user frames of a killed process, while its threads may still be
 * on their way out. Takes no frame. Sleeps for the aspace's mutex. */
void	aspace_tear_down(struct aspace *as);
/* Frames that its death gives back (page tables too): the killer's score. */
u64	aspace_frames(const struct aspace *as);
/* The high-water mark of resident pages, brought up to date. */
u64	aspace_rss_peak(struct aspace *as);

/* mmap(2) and kin: hold nothing; renewal points inside; errors as in the man
 * pages. addresses in bytes. flags may carry VMA_*. A reference to pager is
 * taken for the mapping; the caller keeps its own. MAP_SHARED without a pager
 * makes a shared memory pager. */
long	vm_map(struct aspace *as, u64 addr, u64 len, u32 prot, u32 flags,
	    struct pager *pager, u64 pgoff, u32 max_prot);
int	vm_unmap(struct aspace *as, u64 addr, u64 len);
int	vm_protect(struct aspace *as, u64 addr, u64 len, u32 prot);
u64	vm_brk(struct aspace *as, u64 brk);
int	vm_advise(struct aspace *as, u64 addr, u64 len, int advice);
long	vm_remap(struct aspace *as, u64 old, u64 old_len, u64 new_len,
	    u32 flags, u64 new_addr);
int	vm_sync(struct aspace *as, u64 addr, u64 len, int flags);
int	vm_mincore(struct aspace *as, u64 addr, u64 len, uptr_t vec);
/* mlock, munlock (nothing is ever paged out: locking is faulting in). */
int	vm_lock(struct aspace *as, u64 addr, u64 len, u32 mlock_flags);
int	vm_unlock(struct aspace *as, u64 addr, u64 len);
int	vm_lock_all(struct aspace *as, u32 mcl_flags);
int	vm_unlock_all(struct aspace *as);
/* Fault in [addr, addr + len); write: as if written. 0, -ENOMEM (a hole),
 * -EFAULT, -EINTR. Renewal points inside. */
int	vm_populate(struct aspace *as, u64 addr, u64 len, bool write);

/*
 * Resolve a fault at addr with PF_* error bits. 0; -EFAULT (SIGSEGV,
 * SEGV_MAPERR), -EACCES (SIGSEGV, SEGV_ACCERR), -ENXIO (SIGBUS), -EINTR killed.
 * The caller has reserved the bound "fault" and holds nothing.
 */
int	vm_fault(struct aspace *as, u64 addr, u32 error);
extern struct bound bound_fault;	/* that row */
/* The whole of a fault from user mode: reserves, resolves, ends. */
int	vm_user_fault(struct trapframe *tf, u64 addr, u64 error);

/* The user page at addr for futexes: its frame (one reference) if present. */
struct frame *vm_lookup_page(struct aspace *as, u64 addr);
/* The key of a shared futex: pager and offset, or the aspace. False: not
 * mapped. */
bool	vm_futex_key(struct aspace *as, u64 addr, u64 key[2]);
/* Copy from/to another process's memory (procfs cmdline, ptrace): bytes. A
 * renewal point: hold nothing. */
usize	vm_peek(struct aspace *as, u64 addr, void *buf, usize len);
/* Copy into as, which need not be current, private copies being made: exec's
 * arguments. A renewal point. 0, -EFAULT, -EINTR. buf NULL: zeros. */
int	vm_poke(struct aspace *as, u64 addr, const void *buf, usize len);

/* All VMAs in order, for /proc/PID/maps; called with the lock held. */
struct vma *vma_first(struct aspace *as);
struct vma *vma_next(struct vma *v);
/* The first that ends above addr; NULL: none. With the lock held. */
struct vma *vma_at_or_above(struct aspace *as, u64 addr);
/* Its resident pages, for smaps; with the lock held. */
struct vma_pages {
	u64	present, anon;		/* zero page: not counted */
	u64	shared, shared_dirty;	/* with another table, or a cache */
	u64	private_dirty;
};
void	vma_count_pages(struct aspace *as, struct vma *v,
	    struct vma_pages *out);

/* A pager of anonymous shared memory (MAP_SHARED | MAP_ANONYMOUS, /dev/zero),
 * limited to nbytes; counted against the shared memory limit. One reference for
 * the caller, dropped by ops->put. -ENOMEM policy */
int	shm_pager_create(u64 nbytes, struct pager **out);
u64	shm_frames(void);		/* in use, for /proc/meminfo */
/* Unmap [index, index + n) of pager everywhere (truncate). Its pages are gone
 * from the pager already, or its size is cut. No spinlock held. */
void	vm_unmap_pager(struct pager *p, u64 index, u64 npages);
