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
struct tty;
struct sighand;

/* One user thread. o this task only; s process' siglock; T PROC_TREE lock */
struct task {
	struct thread	thread;		/* first */
	struct proc	*proc;		/* [I] */
	struct list	thread_node;	/* [s] proc.threads */
	u64		blocked;	/* [o, s] signal mask */
	u64		saved_mask;	/* [o] WORK_SIGMASK: sigsuspend, ppoll */
	u64		pending;	/* [s] thread-directed signals */
	struct list	siginfo;	/* [s] queued struct sigqueue */
	uptr_t		altstack;	/* [o] */
	u64		altstack_len;
	u32		altstack_flags;
	uptr_t		clear_tid;	/* [o] set_tid_address, CLEARTID */
	uptr_t		robust_list;	/* [o] */
	usize		robust_len;
	u32		restart_fn;	/* [o] restart_syscall kind */
	u64		restart_arg[4];
};

static inline struct task *
current_task(void)
{
	return (struct task *)current;
}

/* T PROC_TREE lock (spinlock), read under RCU; s siglock; I; a */
struct proc {
	u32		refs;		/* [a] */
	u32		pid;		/* [I] */
	struct proc	*parent;	/* [T] */
	struct list	children, sibling;	/* [T] */
	u32		pgrp, session;	/* [T] */
	struct tty	*ctty;		/* [T] session leader's */
	struct list	threads;	/* [s] live tasks */
	u32		nthreads;	/* [s] */
	struct task	*leader;	/* [s] the first; for names */
	struct aspace	*aspace;	/* [I until exec or exit] */
	struct cred	*cred;		/* newest, for look-ups by others: RCU */
	struct spinlock	siglock;	/* LOCK_SIGHAND */
	struct sighand	*sighand;	/* [I] actions; shared by CLONE_SIGHAND */
	u64		pending;	/* [s] process-directed signals */
	struct list	siginfo;	/* [s] */
	struct waitq	wait_child;	/* wait4 */
	u32		state;		/* [T] PROC_RUNNING, ZOMBIE, REAPED */
	u32		flags;		/* [s] PROC_F_* */
	s32		exit_code;	/* [s] wait status */
	u32		stop_sig;	/* [s] */
	u64		start_ns;
	u64		utime_ns, stime_ns, cutime_ns, cstime_ns; /* [s] */
	u64		minflt, majflt, cminflt, cmajflt;
	struct lx_rlimit64 rlim[RLIM_NLIMITS];	/* [s] */
	struct file	*exe;		/* [s] */
	char		comm[16];
	struct timer	alarm;		/* ITIMER_REAL */
	u64		alarm_interval_ns;
	bool		dumpable, did_exec;
	u64		oom_lineage;	/* [T] killer: lineage id */
	s32		oom_adj;
	struct rcu_head	rcu;
};

enum proc_state { PROC_RUNNING, PROC_ZOMBIE, PROC_REAPED };

void	proc_init(void);
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

/* Signals. info NULL: SI_KERNEL. Any context but interrupts. */
int	signal_send_proc(struct proc *p, int sig, const struct lx_siginfo *info);
int	signal_send_task(struct task *t, int sig, const struct lx_siginfo *info);
int	signal_send_pgrp(u32 pgrp, int sig);
/* A fault in user mode: cannot be blocked or ignored. */
void	signal_force(int sig, int code, u64 addr);
u64	proc_rlimit(int which);			/* current's soft limit */
noreturn void	proc_exit_group(s32 status);
