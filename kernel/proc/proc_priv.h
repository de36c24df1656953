/*
 * What the files of kernel/proc share among themselves.
 */
#pragma once

#include "kernel/lib/annot.h"
#include "kernel/mem/slab.h"
#include "kernel/proc/task.h"
#include "kernel/sync/spinlock.h"

/* Parents, children, groups, sessions, pids. Taken before any siglock. */
extern struct spinlock proc_tree_lock;
extern struct proc *init_proc;			/* [I after boot] */
extern struct sighand sighand_default;		/* all SIG_DFL */

extern struct kmem_cache task_cache, proc_cache, pid_cache, sighand_cache,
	    fpu_cache, sigqueue_cache, lineage_cache, timer_cache;

struct aspace;
struct trapframe;

/* pid.c */
void	pid_init(void);
/* A new number, with no use yet. NULL: all are taken. Draws on the charge. */
struct pid *pid_alloc(void);
void	pid_hold_locked(struct pid *pid) REQUIRES(proc_tree_lock);
void	pid_release_locked(struct pid *pid) REQUIRES(proc_tree_lock);
struct pid *pid_find(u32 nr);			/* under RCU */
/* Put p into the group (and session) numbered by pid. */
void	proc_set_pgrp_locked(struct proc *p, struct pid *pid)
	    REQUIRES(proc_tree_lock);
void	proc_set_session_locked(struct proc *p, struct pid *pid)
	    REQUIRES(proc_tree_lock);
u32	pid_count(void);			/* numbers in use */
u32	pid_newest(void);

/* proc.c: the objects. All draw on the charge; fields of no meaning yet are
 * zero. */
struct task *task_create(struct proc *p, const char *name);
void	task_free_rcu(struct task *t);
/* thread_exit's reap: frees the stack; the rest after a grace period. */
void	task_reap(struct thread *t);
struct proc *proc_create(void);
/* Drop what the process's end leaves: pids and links. Zombie -> REAPED. */
void	proc_reap_locked(struct proc *p) REQUIRES(proc_tree_lock);
void	proc_add_task_locked(struct proc *p, struct task *t)
	    REQUIRES(p->siglock);
/* The aspace of p with a reference, or NULL. */
struct aspace *proc_aspace_get(struct proc *p);

/* user counts, by hashed uid: usercount.c */
enum user_count { USER_NPROC, USER_SIGPENDING, USER_COUNTS };
bool	user_count_add(u32 uid, enum user_count which, u64 limit);
void	user_count_sub(u32 uid, enum user_count which);
void	user_count_move(u32 from, u32 to, enum user_count which);
extern u32 proc_max_threads;			/* [I] by memory */
extern u32 proc_nthreads;			/* [a] */

/* signal.c */
struct sigqueue {
	struct list	node;		/* [s] sigpend.queue */
	struct lx_siginfo info;		/* [I while queued] */
	u32		uid;		/* [I] whose RLIMIT_SIGPENDING */
	bool		is_timers;	/* [I] part of a struct posix_timer */
};

enum sig_default { SIGDEF_TERM, SIGDEF_IGNORE, SIGDEF_STOP, SIGDEF_CONT };
enum sig_default signal_default(int sig);
void	sigpend_init(struct sigpend *s);
void	sigpend_flush(struct sigpend *s);	/* nobody sees it any more */
void	sigpend_discard(struct sigpend *s, u64 mask);	/* taken, unseen */
/* Post sig to t, or to p when t is NULL. */
void	signal_post_locked(struct proc *p, struct task *t, int sig,
	    const struct sigsrc *src) REQUIRES(p->siglock);
/* The same for what q carries: true if q is among the pending signals now, else
 * it stays the caller's. */
bool	signal_post_entry_locked(struct proc *p, struct task *t,
	    struct sigqueue *q) REQUIRES(p->siglock);
/*
 * Send info with an entry of its own, under RCU: draws a sigqueue object on the
 * caller's charge. -EAGAIN: RLIMIT_SIGPENDING is reached.
 */
int	signal_queue_proc(struct proc *p, const struct lx_siginfo *info);
int	signal_queue_task(struct task *t, const struct lx_siginfo *info);
/* The whole process ends with a wait status. Wakes all its threads. */
void	proc_kill_locked(struct proc *p, s32 status) REQUIRES(p->siglock);
/* Set current's mask: wakes others for what it no longer takes. */
void	signal_set_mask(u64 mask);
void	signal_set_mask_locked(struct proc *p, struct task *t, u64 mask)
	    REQUIRES(p->siglock);
void	signal_recalc_locked(struct proc *p, struct task *t)
	    REQUIRES(p->siglock);
/* t leaves: others look at what it would have taken. */
void	signal_retarget_locked(struct proc *p, struct task *t, u64 which)
	    REQUIRES(p->siglock);
/* Take one pending signal of mask; 0: none. t is current, of p. */
int	signal_take_locked(struct proc *p, struct task *t, u64 mask,
	    struct lx_siginfo *info) REQUIRES(p->siglock);
bool	signal_is_ignored(const struct proc *p, int sig);
/*
 * Tell child's parent: SIGCHLD (or exit_signal) and its wait4. True if nobody
 * will wait for it: a child that ended is to be reaped at once.
 */
bool	signal_parent_locked(struct proc *child, int code, s32 status)
	    REQUIRES(proc_tree_lock);
/* As the calls: kill, tkill, sigqueue, with permission checks. */
int	signal_may_send(struct proc *p, int sig);

/* sigdeliver.c */
void	signal_return_work(struct trapframe *tf);
/* A job control stop is complete when all threads are counted. */
void	signal_stop_thread_left_locked(struct proc *p) REQUIRES(p->siglock);

/* sigframe.c: false if the user's stack cannot take it. */
bool	sigframe_push(struct trapframe *tf, int sig, const struct sigact *act,
	    const struct lx_siginfo *info, u64 mask);

/* futex.c */
void	futex_init(void);
/* robust.c */
void	robust_list_exit(struct task *t);

/* exit.c */
void	task_leave_memory(struct aspace *next);
noreturn void	task_exit(s32 status);
void	exit_init(void);
void	proc_vfork_done(struct proc *p);

/* job.c */
void	job_init(void);
bool	pgrp_is_orphaned_locked(struct pid *pgrp, const struct proc *leaving)
	    REQUIRES(proc_tree_lock);
/* After p's exit or a move between groups: HUP and CONT for stopped orphans. */
void	job_check_orphans_locked(struct proc *p, struct proc *parent)
	    REQUIRES(proc_tree_lock);
void	job_session_leader_exit(struct proc *p);

/* itimer.c */
void	itimer_init_proc(struct proc *p);
void	itimer_exit_proc(struct proc *p);
void	itimer_exec_proc(struct proc *p);

/* killer.c */
void	killer_init(void);
struct lineage *lineage_create(void);
void	lineage_get(struct lineage *l);
void	lineage_put(struct lineage *l);
u64	lineage_id(const struct lineage *l);
bool	lineage_may_fork(const struct lineage *l);
void	killer_memory_gone_locked(struct proc *p) REQUIRES(p->siglock);
void	killer_proc_ended(struct proc *p);

/* vdso_map.c */
void	vdso_init(void);
/* Map it; *base is where its ELF header stands, 0 without one. */
int	vdso_map(struct aspace *as, u64 *base);

/* fault.c */
void	fault_init(void);

/* start.c, exec.c: as execve, from kernel memory. */
struct exec_strings {
	bool	in_kernel;		/* else user addresses */
	u64	argv, envp;		/* arrays that end with NULL */
};
struct exec_path {
	int		dirfd;
	const char	*name;
	u32		walk_flags;	/* WALK_* */
	const char	*shown;		/* what the program hears as its path */
};
int	exec_image(const struct exec_path *path,
	    const struct exec_strings *strings, struct trapframe *tf);
