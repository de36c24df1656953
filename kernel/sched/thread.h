/*
 * Threads: what runs. A user thread is embedded in a struct task
 * (kernel/proc/task.h); a kernel thread stands alone.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/rbtree.h"
#include "kernel/lib/types.h"
#include "kernel/mem/charge.h"
#include "kernel/sync/rcu.h"
#include "kernel/sync/spinlock.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/thread.h"

struct aspace;
struct cred;
struct fdtable;
struct fs_ctx;

enum thread_state {
	THREAD_RUNNABLE,	/* running or in a run queue */
	THREAD_SLEEPING,	/* wakes for its event, a signal or death */
	THREAD_KILLABLE,	/* wakes for its event or death */
	THREAD_BLOCKED,		/* wakes for its event only: mutexes, disk */
	THREAD_STOPPED,		/* job control */
	THREAD_DEAD,		/* has switched out for the last time */
};

/* thread.on_rq: 0 is off; moving: off its old queue, not yet on the new. */
#define THREAD_ON_RQ		1
#define THREAD_MOVING		2

#define THREAD_HELD_MAX		16
struct held_sleeplocks {
	u32		n;
	u8		class[THREAD_HELD_MAX];
	const void	*lock[THREAD_HELD_MAX];
};
#if defined(HARDTACK_DEBUG)
#define THREAD_HELD_LOCKS	struct held_sleeplocks held;
#define thread_held(t)		(&(t)->held)
#else
#define THREAD_HELD_LOCKS
#define thread_held(t)		((void)(t), (struct held_sleeplocks *)NULL)
#endif

/* Its open handle of a journal (fs/journal): journal NULL: none. */
struct journal_handle {
	void		*journal;
	u32		credits;	/* blocks it may still change */
	u32		revokes;	/* and free */
};

#define THREAD_STACK_BYTES	(4 * PAGE_SIZE)

/*
 * a atomic; o this thread only; I immutable; q the lock of its run queue, which
 * is that of CPU t->cpu (sched.c)
 */
struct thread {
	struct x86_thread x86;		/* first: rank 1 and entry.S know it */
	struct charge	charge;		/* [o] its call's reservation */

	u32		state;		/* [a] enum thread_state */
	u32		cpu;		/* [q] where it runs or ran last */
	bool		on_cpu;		/* [a] its registers are in a CPU */
	u8		on_rq;		/* [q] THREAD_ON_RQ, _MOVING */
	bool		is_idle;	/* [I] */
	u8		policy;		/* [q] SCHED_* of abi/sched.h */
	s8		nice;		/* [q] -20..19 */
	u8		rt_prio;	/* [q] 1..99 for FIFO and RR */
	u32		weight;		/* [q] from nice */
	bool		any_cpu;	/* [q] affinity names every CPU */
	bool		in_kernel;	/* [q] the last tick found it there */
	u64		vruntime;	/* [q] weighted ns */
	u64		vdeadline;	/* [q] virtual deadline */
	u64		vslice;		/* [q] one slice, weighted */
	u64		min_vruntime;	/* [q] least in its subtree */
	s64		vlag;		/* [q] off the queue: what it is owed */
	u64		slice_start_ns;	/* [q] of a real-time RR thread */
	u64		run_ns;		/* [q] total CPU time */
	u64		utime_ns, stime_ns; /* [q] its split, as ticks saw it */
	u64		nvcsw, nivcsw;	/* [q] switches: own will, forced */
	struct rb_node	rq_node;	/* [q] */
	struct list	rt_node;	/* [q] */
	struct cpumask	affinity;	/* [q] CPUs it may run on */

	u32		tid;		/* [I] */
	char		name[16];	/* [o] comm; a torn read is harmless */
	u64		start_ns;	/* [I] */
	struct list	all_node;	/* sched_for_each_thread() */
	void		(*fn)(void *);	/* [I] a kernel thread's body */
	void		*arg;		/* [I] */
	void		(*reap)(struct thread *); /* [o] set by thread_exit() */
	const char	*wait_what;	/* [o] why it sleeps, for dumps */
	u64		wait_since_ns;	/* [o] */

	/* What upper ranks hang on a user thread; NULL in kernel threads. */
	struct aspace	*aspace;	/* [o] whose page tables it runs on */
	struct cred	*cred;		/* [o, r] */
	struct fdtable	*fds;		/* [o] */
	struct fs_ctx	*fs;		/* [o] */
	bool		reserve_exempt;	/* [o] init, reclaim: no long waits */
	struct standing	*standing;	/* [o] what it goes on with when memory
					 * is short: standing_enter() */
	struct journal_handle handle;	/* [o] */
	struct warm	*warm;		/* [o] fs/vfs: what a look at names
					 * lacks; NULL: there is none */
	THREAD_HELD_LOCKS	/* debug kernels: the sleeping locks it holds */
};
_Static_assert(offsetof(struct thread, x86) == 0, "entry.S");
_Static_assert(offsetof(struct thread, charge) ==
    offsetof(struct charged_thread, charge), "kernel/mem/charge.h");

#define current	((struct thread *)x86_current)

static inline bool
thread_is_killed(const struct thread *t)
{
	return READ_ONCE(t->x86.work) & WORK_KILLED;
}

/* A signal or death wants t out of its interruptible sleep. */
static inline bool
thread_has_signal(const struct thread *t)
{
	return READ_ONCE(t->x86.work) & (WORK_KILLED | WORK_SIGNAL);
}

/* Set WORK_* bits; if t is running on another CPU, makes it look soon. */
void	thread_set_work(struct thread *t, u32 bits);
void	thread_clear_work(struct thread *t, u32 bits);

/*
 * Initialise t (zeroed memory) as a thread named name with a kernel stack
 * (kstack_get(): draws on the charge). Runnable after thread_start().
 *
 * The memory of t is given back no sooner than a grace period after
 * thread_exit(): a waker may still look at it.
 */
void	thread_init(struct thread *t, const char *name);
/* For fork: t gets current's nice value, policy and CPUs. */
void	thread_inherit(struct thread *t);
void	thread_start(struct thread *t);		/* first wake; picks a CPU */
/* What x86_user_thread_init() is given as start: ends the switch to t. */
void	thread_first(struct x86_thread *prev, void *arg);

/*
 * A kernel thread running fn(arg). Boot time, or under a charge that covers it.
 * It ends when fn returns or calls kthread_exit().
 */
struct thread *kthread_create(const char *name, void (*fn)(void *), void *arg);
#define KTHREAD_ANY_CPU		(~0u)
struct thread *kthread_create_on(u32 cpu, const char *name,
	    void (*fn)(void *), void *arg);
noreturn void	kthread_exit(void);	/* current, a kernel thread, ends */

/*
 * The last act of a thread: switches away for ever; then reap(t) is called, in
 * another thread's context with interrupts off and no locks held, when its
 * stack is free: it may only queue t for somebody else (or put its memory).
 */
noreturn void	thread_exit(void (*reap)(struct thread *));

/* Kernel stacks: mapped, with a guard page below; cached; 4 frames each. */
void	kstack_get(struct x86_thread *t);	/* sets kstack_base and top */
void	kstack_put(struct x86_thread *t);
u32	kstack_shrink(void);			/* frames freed */

u64	kstack_cached(void);		/* frames kstack_shrink() could free */
void	kstack_trim(void);		/* keep but few stacks; may wait */

/* All threads but the idle ones, under RCU. */
extern struct list all_threads;
#define sched_for_each_thread(t) \
	for ((t) = LIST_ENTRY(rcu_load(all_threads.next), struct thread, \
	    all_node); \
	    &(t)->all_node != &all_threads; \
	    (t) = LIST_ENTRY(rcu_load((t)->all_node.next), struct thread, \
	    all_node))
