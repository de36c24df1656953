/*
 * What the signal calls of kernel/syscall do.
 */
#pragma once

#include "kernel/proc/task.h"

struct lx_sigaction;
struct lx_siginfo;
struct lx_stack;

/* rt_sigreturn: fills tf from the frame on the user's stack; its rax. */
long	signal_return(struct trapframe *tf);
/* sigaltstack, for a thread whose user stack pointer is sp. */
int	signal_altstack(u64 sp, const struct lx_stack *new,
	    struct lx_stack *old);
/* sigaction; new or old may be NULL. */
int	signal_action(int sig, const struct lx_sigaction *new,
	    struct lx_sigaction *old);
u64	signal_pending(void);
u64	signal_mask(void);			/* current's */
void	signal_change_mask(u64 mask);
/* sigtimedwait: the signal, -EAGAIN at the deadline, -EINTR. */
int	signal_wait(u64 set, u64 deadline_ns, struct lx_siginfo *info);
/* pause, sigsuspend: always -ERESTARTNOHAND. */
long	signal_pause(void);
/* kill(2) with its four kinds of pid. */
int	signal_kill(s32 pid, int sig);
/* To one thread; tgid 0: any process. */
int	signal_kill_task(u32 tgid, u32 tid, int sig);
/* rt_sigqueueinfo, rt_tgsigqueueinfo: the signal info->si_signo with info. */
int	signal_queue_info(u32 pid, const struct lx_siginfo *info);
int	signal_queue_task_info(u32 tgid, u32 tid,
	    const struct lx_siginfo *info);
