/*
 * Tasks and processes: a task is a user thread; a process is what its tasks
 * share.
 */
#pragma once

#include "kernel/abi/resource.h"
#include "kernel/abi/signal.h"
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include "kernel/sched/thread.h"
#include "kernel/sched/timer.h"
#include "kernel/sched/wait.h"

struct file;
struct lineage;
struct pid;
struct trapframe;
struct tty;

/* Signals 1 to 31: at most one of each is pending, so its origin has a fixed
 * place and sending one takes no memory. */
#define SIG_STD		(SIGRTMIN - 1)

struct sigsrc {
	u32	pid, uid;
	s32	code;			/* SI_USER, SEGV_MAPERR, ... */
};

/* Pending signals, of a task or of a process. s siglock */
struct sigpend {
	u64		mask;		/* [s] bit sig - 1 */
	struct list	queue;		/* [s] struct sigqueue, oldest first */
	struct sigsrc	src[SIG_STD];	/* [s] of the standard ones */
};

/* One action of sigaction(2). */
struct sigact {
	u64	handler;		/* LX_SIG_*, or user code */
	u64	mask;
	u64	restorer;
	u32	flags;			/* SA_* */
	u32	pad_;
};

/* A process's actions, half a frame; [s] of its process. */
struct sighand {
	struct sigact	act[NSIG];	/* of signal sig: act[sig - 1] */
};
_Static_assert(sizeof(struct sighand) == 2048, "two to a frame");

/* How a call that a signal cut short goes on: restart_syscall(2). */
enum restart_kind {
	RESTART_NONE, RESTART_NANOSLEEP, RESTART_FUTEX, RESTART_POLL,
	RESTART_KINDS
};

/* One user thread. o this task only; s process' siglock; T PROC_TREE lock */
struct task {
	struct thread	thread;		/* first */
	struct proc	*proc;		/* [I] */
	struct list	thread_node;	/* [s] proc.threads */
	u64		blocked;	/* [o, s] signal mask */
	u64		saved_mask;	/* [o] with WORK_SIGMASK */
	u64		sigwait;	/* [s] what rt_sigtimedwait waits for */
	union {
		struct sigpend	pend;	/* [s] thread-directed signals */
		struct {
			u64	pending;
			struct list siginfo;
		};
	};
	u64		fault_addr;	/* [o] of the last fault's signal */
	uptr_t		altstack;	/* [o] */
	u64		altstack_len;
	u32		altstack_flags;
	u32		pad_;
	uptr_t		clear_tid;	/* [o] set_tid_address, CLEARTID */
	uptr_t		robust_list;	/* [o] */
	usize		robust_len;
	u32		restart_fn;	/* [o] enum restart_kind */
	u64		restart_arg[6];
	u64		minflt, majflt;	/* [o] */
	struct pid	*pid;		/* [T] its number */
	struct aspace	*building;	/* [o] fork's, exec's: for the killer */
	uptr_t		set_tid;	/* [o] CLONE_CHILD_SETTID */
	struct rcu_head	rcu;
};

static inline struct task *
current_task(void)
{
	return (struct task *)current;
}

/*
 * A number in use: as a thread's, a process's, a process group's or a
 * session's. It is free again when it is none of these.
 * T PROC_TREE lock; r read under RCU; I
 */
struct pid {
	struct hlist_node node;		/* [r, T] hash chain */
	u32		nr;		/* [I] */
	u32		uses;		/* [T] */
	struct task	*task;		/* [r, T] live thread with this tid */
	struct proc	*proc;		/* [r, T] process, until it is reaped */
	struct list	members;	/* [T] proc.pgrp_node */
	struct rcu_head	rcu;
};

/* ITIMER_VIRTUAL or ITIMER_PROF: looks, when so much time has passed, whether
 * the process has used it. s siglock */
struct cpu_itimer {
	struct timer	timer;
	struct proc	*proc;			/* [I] */
	u64		deadline_ns;		/* [s] CPU time; 0: off */
	u64		interval_ns;		/* [s] */
};

#define PROC_F_EXITING	BIT(0)		/* all its threads are to end */
#define PROC_F_STOPPED	BIT(1)		/* job control: all threads stop */
#define PROC_F_STOP_EV	BIT(2)		/* wait4(WUNTRACED) has not seen it */
#define PROC_F_CONT_EV	BIT(3)		/* wait4(WCONTINUED) has not seen it */
#define PROC_F_INIT	BIT(4)		/* process 1: immune to defaults */
#define PROC_F_VICTIM	BIT(5)		/* the killer chose it */
#define PROC_F_NOWAIT	BIT(6)		/* reap at once: SIGCHLD is ignored */
#define PROC_F_EXECING	BIT(7)		/* exec ends the other threads */
#define PROC_F_SUBREAPER BIT(8)		/* prctl */
#define PROC_F_NEW_PRIVS BIT(9)		/* prctl: no_new_privs */
#define PROC_F_STOP_DEQ	BIT(10)		/* a stop signal is being acted on */
#define PROC_F_TORN	BIT(12)		/* a victim: its memory is back */
#define PROC_F_CONT_TELL BIT(11)	/* its parent is to hear of SIGCONT */

/* T PROC_TREE lock (spinlock), read under RCU; s siglock; I; a */
struct proc {
	u32		refs;		/* [a] */
	u32		pid;		/* [I] */
	struct proc	*parent;	/* [T] */
	struct list	children, sibling;	/* [T] */
	u32		pgrp, session;	/* [T] */
	struct pid	*pid_self, *pid_pgrp, *pid_session; /* [T] */
	struct list	pgrp_node;	/* [T] pid_pgrp->members */
	struct tty	*ctty;		/* [T] session leader's */
	struct list	threads;	/* [s] live tasks */
	u32		nthreads;	/* [s] */
	u32		nstopped;	/* [s] of them, in a job control stop */
	struct task	*leader;	/* [s] the first; for names */
	struct aspace	*aspace;	/* [s] owned; NULL once given up */
	struct cred	*cred;		/* [r] newest, for look-ups */
	struct spinlock	siglock;	/* LOCK_SIGHAND; interrupts off */
	struct sighand	*sighand;	/* [I] actions */
	union {
		struct sigpend	pend;	/* [s] process-directed signals */
		struct {
			u64	pending;
			struct list siginfo;
		};
	};
	s32		chld_status;	/* [s] what the pending SIGCHLD says */
	u64		chld_utime, chld_stime;
	struct waitq	wait_child;	/* wait4 */
	struct waitq	wait_vfork;	/* the parent of a vfork */
	struct waitq	wait_exec;	/* exec: the other threads are gone */
	u32		state;		/* [T] PROC_RUNNING, ZOMBIE, REAPED */
	u32		flags;		/* [s] PROC_F_* */
	s32		exit_code;	/* [s] wait status */
	u32		exit_signal;	/* [I] to the parent; 0: none */
	u32		stop_sig;	/* [s] */
	bool		vfork_done;	/* [a] */
	u64		start_ns;
	u64		utime_ns, stime_ns, cutime_ns, cstime_ns; /* [s] */
	u64		minflt, majflt, cminflt, cmajflt;
	u64		nvcsw, nivcsw, cnvcsw, cnivcsw;
	u64		maxrss, cmaxrss;	/* frames */
	struct lx_rlimit rlim[RLIM_NLIMITS];	/* [s] */
	struct file	*exe;		/* [s] */
	char		comm[16];
	struct timer	alarm;		/* ITIMER_REAL */
	struct cpu_itimer cpu_timer[2];	/* ITIMER_VIRTUAL, ITIMER_PROF */
	u64		alarm_interval_ns;	/* [s] */
	u64		alarm_deadline_ns;	/* [s] 0: off */
	struct list	timers;		/* [s] struct posix_timer */
	u32		next_timer;	/* [s] */
	u32		pdeath_sig;	/* [o] prctl */
	bool		dumpable, did_exec;
	u64		oom_lineage;	/* [T] killer: lineage id */
	struct lineage	*lineage;	/* [s] owned reference */
	s32		oom_adj;
	u32		acct_uid;	/* [s] who pays RLIMIT_NPROC */
	struct rcu_head	rcu;
};

enum proc_state { PROC_RUNNING, PROC_ZOMBIE, PROC_REAPED };

void	proc_init(void);
extern bool proc_trace_init;	/* [I] strace process 1 and its children */
/* Make process 1 and run path in it; returns. Boot thread, once. */
void	proc_start_init(const char *path, const char *const argv[],
	    const char *const envp[]);

/* By pid, under RCU; proc_get to keep. NULL: none. */
struct proc *proc_find(u32 pid);
struct task *task_find(u32 tid);
void	proc_get(struct proc *p);
void	proc_put(struct proc *p);
/* Iterate in pid order for /proc: the lowest pid >= pid, referenced. */
struct proc *proc_next(u32 pid);
static inline struct proc *
current_proc(void)
{
	return current_task()->proc;
}

/*
 * Send sig, 1 to NSIG; src NULL: from the kernel. Any context but interrupts.
 * Takes no memory, so a real-time signal is pending but once, and its origin is
 * not told: kill(2) and sigqueue(3) queue theirs (kill.c).
 */
void	signal_send_proc(struct proc *p, int sig, const struct sigsrc *src);
void	signal_send_task(struct task *t, int sig, const struct sigsrc *src);
void	signal_send_pgrp(u32 pgrp, int sig);
/* A fault in user mode: cannot be blocked or ignored. */
void	signal_force(int sig, int code, u64 addr);
/*
 * Wait with another signal mask (ppoll, pselect, sigsuspend): mask holds until
 * the call returns to user mode; a handler that ends the wait runs with it, and
 * then the old mask is back. -EFAULT, -EINVAL; set NULL: nothing.
 */
int	signal_temp_mask(uptr_t set, usize set_bytes);
u64	proc_rlimit(int which);			/* current's soft limit */
noreturn void	proc_exit_group(s32 status);

/* restart_syscall(2) for kind calls fn with the task's restart_arg. */
void	restart_register(enum restart_kind kind, long (*fn)(const u64 *args));
/* Remember how to go on; returns -ERESTART_BLOCK for the caller to return. */
long	restart_set(enum restart_kind kind, const u64 *args, u32 nargs);
