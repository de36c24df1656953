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

#define THREAD_STACK_BYTES	(4 * PAGE_SIZE)

/*
 * a atomic; o this thread only; I immutable; q its run queue's lock
 * (or its pi-free wake-up protocol, see sched.c)
 */
struct thread {
	struct x86_thread x86;		/* first: rank 1 and entry.S know it */
	struct charge	charge;		/* [o] its call's reservation */

	u32		state;		/* [a] enum thread_state */
	u32		cpu;		/* [q] where it runs or ran last */
	bool		on_cpu;		/* [a] its registers are in a CPU */
	bool		on_rq;		/* [q] */
	bool		is_idle;	/* [I] */
	u8		policy;		/* [q] SCHED_* of abi/sched.h */
	s8		nice;		/* [q] -20..19 */
	u8		rt_prio;	/* [q] 1..99 for FIFO and RR */
	u32		weight;		/* [q] from nice */
	u64		vruntime;	/* [q] weighted ns */
	u64		vdeadline;	/* [q] virtual deadline */
	u64		slice_start_ns;	/* [q] */
	u64		run_ns;		/* [q] total CPU time */
	u64		utime_ns, stime_ns; /* [o] split at kernel entry ticks */
	u64		nvcsw, nivcsw;	/* [q] context switches: own will, forced */
	struct rb_node	rq_node;	/* [q] */
	struct list	rt_node;	/* [q] */
	struct cpumask	affinity;	/* [q] CPUs it may run on */

	u32		tid;		/* [I] */
	char		name[16];	/* [o] comm; a torn read is harmless */
	u64		start_ns;	/* [I] */
	struct list	all_node;	/* every thread: sched_for_each_thread() */
	void		(*fn)(void *);	/* [I] a kernel thread's body */
	void		*arg;		/* [I] */
	const char	*wait_what;	/* [o] why it sleeps, for dumps */
	u64		wait_since_ns;	/* [o] */

	/* What upper ranks hang on a user thread; NULL in kernel threads. */
	struct aspace	*aspace;	/* [o] whose page tables it runs on */
	struct cred	*cred;		/* [o, r] */
	struct fdtable	*fds;		/* [o] */
	struct fs_ctx	*fs;		/* [o] */
	bool		reserve_exempt;	/* [o] init, reclaim: never waits long */
	bool		oom_ticket;	/* [o] holds an exit ticket */
#if defined(HARDTACK_DEBUG)
	void		*held_locks[16]; /* [o] sleeping locks, in order */
	u8		held_class[16];
	u32		nheld;
	u32		rcu_depth;
#endif
};
_Static_assert(offsetof(struct thread, x86) == 0, "entry.S");

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
 */
void	thread_init(struct thread *t, const char *name);
void	thread_start(struct thread *t);		/* first wake; picks a CPU */

/*
 * A kernel thread running fn(arg). Boot time, or under a charge that covers it.
 * It never returns to user mode; fn must not return.
 */
struct thread *kthread_create(const char *name, void (*fn)(void *), void *arg);
struct thread *kthread_create_on(u32 cpu, const char *name,
	    void (*fn)(void *), void *arg);

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

/* All threads, under RCU. Entries stay valid until the reader's end. */
extern struct list all_threads;
