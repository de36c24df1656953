/*
 * What the calls about processes do: clone, exec, exit, wait, groups.
 */
#pragma once

#include "kernel/abi/resource.h"
#include "kernel/proc/task.h"

struct clone_request {
	u64	flags;			/* CLONE_* without CSIGNAL */
	u32	exit_signal;
	u64	stack;			/* 0: as the parent's */
	u64	tls;
	uptr_t	parent_tid, child_tid;
};
/* The child's number, or an errno; tf: the parent's frame. */
long	proc_clone(const struct clone_request *r, const struct trapframe *tf);

/* The image is replaced and tf filled, or an errno. argv, envp: user arrays. */
int	proc_exec(int dirfd, const char *name, u32 at_flags, uptr_t argv,
	    uptr_t envp, struct trapframe *tf);

noreturn void	task_exit(s32 status);

struct wait_request {
	int	idtype;			/* P_ALL, P_PID, P_PGID */
	u32	id;
	u32	options;
};
struct wait_result {
	u32	pid, uid;
	s32	code;			/* CLD_* */
	s32	status;			/* wait4's word */
	struct lx_rusage usage;
};
/* The child's pid; 0: WNOHANG and none yet; an errno. */
long	proc_wait(const struct wait_request *r, struct wait_result *out);
struct lx_rusage proc_usage(int who);		/* RUSAGE_* */

int	job_setpgid(u32 pid, u32 pgrp);
long	job_getpgid(u32 pid);
long	job_getsid(u32 pid);
long	job_setsid(void);

/* setrlimit and prlimit: of current's process or another's; new or old may be
 * NULL. */
int	proc_set_limit(u32 pid, int which, const struct lx_rlimit *new,
	    struct lx_rlimit *old);
