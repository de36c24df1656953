/*
 * The context switch.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/thread.h"

/*
 * Save the callee-saved registers and the stack of prev, continue next where it
 * was saved. Also FPU state and FS/GS bases of user threads, x86_current, and
 * the TSS stack. Interrupts are off. Returns, in the resumed thread's context,
 * the thread that ran just before on this CPU.
 */
struct x86_thread *x86_switch(struct x86_thread *prev, struct x86_thread *next);

/*
 * Prepare t (kstack_top set) so that its first switch-in calls
 * start(prev, arg) on an empty stack; prev is the thread that ran before.
 */
void	x86_thread_init(struct x86_thread *t,
	    void (*start)(struct x86_thread *prev, void *arg), void *arg);

/*
 * The same for a user thread: start(prev, arg) runs first, and when it returns
 * the thread enters user mode with the frame at the top of its stack
 * (trap_frame_of()), which the caller fills in.
 */
void	x86_user_thread_init(struct x86_thread *t,
	    void (*start)(struct x86_thread *prev, void *arg), void *arg);

struct trapframe;
struct trapframe *trap_frame_of(struct x86_thread *t);

/*
 * The running user thread's fs_base and gs_base as fields: save brings them up
 * to date (the user may have changed the registers by WRFSBASE; fork and
 * arch_prctl(ARCH_GET_FS) need it), load makes changed fields take effect
 * (exec, arch_prctl(ARCH_SET_FS)).
 */
void	x86_save_user_bases(void);
void	x86_load_user_bases(void);
