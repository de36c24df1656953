/*
 * Address spaces: VMAs in a tree, page tables below, pagers behind.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/rbtree.h"
#include "kernel/lib/types.h"
#include "kernel/mem/frame.h"
#include "kernel/sched/mutex.h"
#include "kernel/sync/rcu.h"
#include "kernel/x86/smp.h"

struct vma;
struct pager;

/*
 * What a file gives to the VM. A pager belongs to an inode (or is anonymous
 * shared memory); all calls may be made with the vma's aspace unlocked.
 */
struct pager_ops {
	/* One reference on behalf of a VMA more, or less. Neither sleeps. */
	void	(*get)(struct pager *p);
	void	(*put)(struct pager *p);
	/*
	 * The frame of page index, with a reference for the caller; writable
	 * says it will be written through a shared mapping. Takes frames under
	 * the caller's charge, sleeps. -EFAULT turns into SIGBUS past the end.
	 */
	int	(*get_page)(struct pager *p, u64 index, bool writable,
		    struct frame **out);
	/* The same without sleeping, lock-free where it can: NULL if not
	 * there. Used for fault-around. */
	struct frame *(*find_page)(struct pager *p, u64 index);
	/* "/bin/busybox" for /proc/PID/maps. */
	int	(*path)(struct pager *p, char *buf, usize len);
	void	(*identity)(struct pager *p, u64 *dev, u64 *ino);
};
struct pager {
	const struct pager_ops *ops;	/* [I] */
};

/* I immutable; m aspace lock; v under RCU, changed under m before page tables */
struct vma {
	struct rb_node	node;		/* [m] */
	u64		start, end;	/* [v] page aligned */
	u64		max_gap;	/* [m] largest hole below, in subtree */
	u32		prot;		/* [v] PROT_* */
	u32		flags;		/* [v] MAP_SHARED, MAP_GROWSDOWN, VMA_* */
	struct pager	*pager;		/* [I] NULL: anonymous */
	u64		pgoff;		/* [v] of start, in pages */
	u32		dead;		/* [a] gone from the tree */
	u32		max_prot;	/* [I] what mprotect may grant */
	struct rcu_head	rcu;
};

/* m lock; a atomic; I immutable */
struct aspace {
	struct mutex	lock;		/* VMA tree and layout */
	u32		refs;		/* [a] threads and lookers */
	u32		users;		/* [a] threads: at 0 it is torn down */
	struct rb_root	vmas;		/* [m, read under RCU] */
	paddr_t		cr3;		/* [I] */
	struct cpumask	cpus;		/* [a] CPUs that may cache it */
	u64		brk_start, brk;	/* [m] */
	u64		mmap_base;	/* [I] top of the mmap area */
	u64		stack_top;	/* [I] */
	u64		nvmas;		/* [m] */
	u64		total_pages, locked_pages, stack_pages; /* [m] mapped */
	u64		rss_anon, rss_file, rss_pt; /* [a] frames */
	u64		rss_peak;
	u64		limit_as, limit_stack, limit_data; /* rlimits, bytes */
	u64		arg_start, arg_end, env_start, env_end;	/* [I] */
	u64		start_code, end_code, start_data, end_data; /* [I] */
	u64		auxv[2 * 24];	/* [I] for /proc/PID/auxv */
	bool		torn;		/* [a] killed: memory is given back */
};

void	vm_init(void);

/* A new address space with no mappings, for exec. Draws on the charge. */
struct aspace *aspace_create(void);
/* A copy for fork; renewal points inside: the child belongs to the caller, who
 * puts it on error (-EINTR when killed, -ENOMEM by policy). */
int	aspace_fork(struct aspace *from, struct aspace **out);
void	aspace_get(struct aspace *as);
void	aspace_put(struct aspace *as);		/* sleeps */
void	aspace_switch(struct aspace *as);	/* this CPU runs on it */
void	aspace_users_get(struct aspace *as);
void	aspace_users_put(struct aspace *as);	/* last: frees all pages */
/* Give back all user frames of a killed process, while its threads may still be
 * on their way out. Takes no frame. */
void	aspace_tear_down(struct aspace *as);
/* Frames that its death gives back (page tables too): the killer's score. */
u64	aspace_frames(const struct aspace *as);

/* mmap(2) and kin: hold nothing; renewal points inside; errors as in the man
 * pages. addresses in bytes. */
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

/*
 * Resolve a fault at addr with PF_* error bits. 0; -EFAULT (SIGSEGV,
 * SEGV_MAPERR), -EACCES (SIGSEGV, SEGV_ACCERR), -ENXIO (SIGBUS), -EINTR killed.
 * The caller has reserved bound_of(fault).
 */
int	vm_fault(struct aspace *as, u64 addr, u32 error);

/* The user page at addr for futexes: its frame (one reference) if present. */
struct frame *vm_lookup_page(struct aspace *as, u64 addr);
/* The key of a shared futex: pager and offset, or the aspace. */
bool	vm_futex_key(struct aspace *as, u64 addr, u64 key[2]);
/* Copy from/to another process's memory (procfs cmdline, ptrace): bytes. */
usize	vm_peek(struct aspace *as, u64 addr, void *buf, usize len);

/* All VMAs in order, for /proc/PID/maps; called with the lock held. */
struct vma *vma_first(struct aspace *as);
struct vma *vma_next(struct vma *v);

/* A pager of anonymous shared memory (MAP_SHARED | MAP_ANONYMOUS, /dev/zero),
 * limited to nbytes; counted against the shared memory limit. -ENOMEM policy */
int	shm_pager_create(u64 nbytes, struct pager **out);
/* Unmap [index, index + n) of pager everywhere (truncate). */
void	vm_unmap_pager(struct pager *p, u64 index, u64 npages);
