/*
 * The order in which locks are taken: a lock may be taken only while all held
 * locks of its CPU (spinlocks) and thread (sleeping locks) come earlier here.
 * Debug kernels panic on a breach. Locks of one class nest only where the class
 * says so (by address). /proc/lockstat lists contention by class.
 */
#pragma once

/* The checks are compiled in always and called by debug kernels only. */
#if defined(HARDTACK_DEBUG)
#define LOCKDEP_ON	1
#else
#define LOCKDEP_ON	0
#endif

#define LOCK_CLASSES(X) \
	/* sleeping locks first: a spinlock may be taken under any of them */ \
	X(MOUNT, "mount", 0)		/* namespace changes */ \
	X(JOURNAL, "journal.handle", 0)	/* not a lock: credits are taken */ \
	X(RENAME, "rename", 0)		/* cross-directory renames */ \
	X(INODE_DIR, "inode.dir", 1)	/* a directory's entries */ \
	X(INODE, "inode", 1)		/* a file's data and attributes */ \
	X(MAPPING, "mapping", 0)	/* where a file's blocks are used */ \
	X(BLOCK_MAP, "ext.map", 0)	/* a file's tree of blocks */ \
	X(GROUP, "ext.group", 0)	/* bitmaps, orphans */ \
	X(PIPE_MUTEX, "pipe.mutex", 1)	\
	X(TTY_MUTEX, "tty.mutex", 0)	/* line discipline's reader */ \
	X(ASPACE, "aspace", 1)		/* VMA tree */ \
	X(OTHER_MUTEX, "mutex", 0) \
	/* spinlocks of the upper ranks */ \
	X(PROC_TREE, "proc.tree", 0)	/* pids, parents, groups, sessions */ \
	X(SIGHAND, "proc.signal", 0)	/* a process's signal state */ \
	X(FUTEX, "futex.bucket", 1) \
	X(FDTABLE, "fdtable", 0) \
	X(FILE, "file", 0)		/* offset and flags */ \
	X(DENTRY, "dentry", 1) \
	X(DCACHE, "dcache", 0)		/* hash and LRU */ \
	X(VINODE, "inode.spin", 1)	\
	X(PCACHE, "pcache", 0)		/* pages of one file */ \
	X(BUFFERS, "buffers", 0)	/* metadata blocks of a device */ \
	X(PIPE, "pipe", 1) \
	X(POLL, "poll", 1) \
	X(TTY, "tty", 0) \
	X(DEV, "dev", 0) \
	X(BLOCK, "block", 0)		/* a disk's queues; after DEV */ \
	X(PAGER, "pager", 0)		/* who maps a file */ \
	X(PAGETABLE, "pagetable", 1)	/* one page table's entries */ \
	X(UPPER, "upper", 0)		/* short leaf locks of ranks > 6 */ \
	X(RESERVE, "reserve", 0)	/* waiters' queue */ \
	/* sched */ \
	X(WAITQ, "waitq", 1) \
	X(TIMER, "timer", 1) \
	X(RUNQ, "runq", 1) \
	/* mem */ \
	X(CACHE, "slab.cache", 0) \
	X(FRAMES, "frames.global", 0) \
	X(FRAMES_CPU, "frames.cpu", 1) \
	X(RCU, "rcu", 0) \
	X(KSTACK, "kstack", 0) \
	X(TLB, "tlb", 0) \
	X(INTR, "intr", 0)		/* interrupt controllers */ \
	X(LEAF, "leaf", 0)		/* nothing is taken under it */ \
	X(CONSOLE, "console", 0)

enum lock_class {
#define X(id, name, nests) LOCK_##id,
	LOCK_CLASSES(X)
#undef X
	NLOCK_CLASSES
};
