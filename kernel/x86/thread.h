/*
 * The part of a thread that assembly and this rank know. It is the first
 * member of struct thread (kernel/sched/thread.h), at offset 0.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/percpu.h"

struct fpu_state;

/* Work to do before a thread returns to user mode: bits of x86_thread.work. */
#define WORK_RESCHED		BIT(0)	/* somebody else should run */
#define WORK_SIGNAL		BIT(1)	/* an unblocked signal is pending */
#define WORK_KILLED		BIT(2)	/* dying: every wait ends at once */
#define WORK_TRACE		BIT(3)	/* strace log of system calls */
#define WORK_SIGMASK		BIT(4)	/* a saved signal mask to restore */

/* a atomic; o this thread only; I immutable after creation */
struct x86_thread {
	u64		kstack_top;	/* [I] its stack at entry from user */
	u64		ksp;		/* [o] saved when not running */
	u32		work;		/* [a] WORK_*; the exit path looks */
	u32		is_user;	/* [I] it has a user mode */
	u64		fs_base;	/* [o] user's FS base (TLS) */
	u64		gs_base;	/* [o] user's GS base */
	struct fpu_state *fpu;		/* [I] save area; NULL: kernel thread */
	u64		kstack_base;	/* [I] lowest mapped address */
	u32		fpu_cpu;	/* [o] which loaded its FPU state */
};

/*
 * The running thread. Before the scheduler has threads of its own it is the
 * CPU's boot thread: zeroed, large enough for a struct thread, with kstack_base
 * and kstack_top of the stack that it runs on. kernel/sched/thread.h has it by
 * its full type.
 */
PERCPU_DECLARE(struct x86_thread *, x86_current);
