/*
 * Signals: what a thread does about them on its way back to user mode, stops
 * for job control, and restarts of calls that a signal cut short.
 *
 * A call that waits returns -ERESTARTSYS and kin (abi/errno.h) when a signal
 * wants it out. Here, where it is known whether a handler runs and with which
 * flags, that becomes -EINTR or the call again: the frame's rip steps back over
 * the two bytes of SYSCALL and rax holds the call's number as before.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/wait.h"
#include "kernel/abi/syscall_nr.h"
#include "kernel/lib/assert.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/sched/sched.h"
#include "kernel/x86/trap.h"

#define SYSCALL_BYTES	2	/* 0f 05 */

static void
restart_rewind(struct trapframe *tf, u64 nr)
{
	tf->rax = nr;
	tf->rip -= SYSCALL_BYTES;
}

/* act: the handler that will run, or NULL. */
static void
restart_fix(struct trapframe *tf, const struct sigact *act)
{
	s64 result = (s64)tf->rax;

	if ((s64)tf->orig_rax < 0)
		return;
	if (result == -ERESTARTNOINTR ||
	    (result == -ERESTARTSYS &&
	    (act == NULL || act->flags & SA_RESTART)) ||
	    (result == -ERESTARTNOHAND && act == NULL))
		restart_rewind(tf, tf->orig_rax);
	else if (result == -ERESTART_BLOCK && act == NULL)
		restart_rewind(tf, SYS_restart_syscall);
	else if (result == -ERESTARTSYS || result == -ERESTARTNOHAND ||
	    result == -ERESTART_BLOCK)
		tf->rax = (u64)-EINTR;
	tf->orig_rax = ~0ul;		/* once */
}

/* The last thread has stopped: the parent hears of it. */
static void
stop_tell_parent(struct proc *p, int code)
{
	spin_lock(&proc_tree_lock);
	(void)signal_parent_locked(p, code, code == CLD_STOPPED ?
	    (s32)p->stop_sig : SIGCONT);
	spin_unlock(&proc_tree_lock);
}

/* Stay here until SIGCONT or death. */
static void
stop_here(struct task *t)
{
	struct proc *p = t->proc;
	bool counted = false, tell_cont;
	u64 irq = spin_lock_irq(&p->siglock);

	while (p->flags & PROC_F_STOPPED && !thread_is_killed(&t->thread)) {
		if (!counted) {
			counted = true;
			if (++p->nstopped == p->nthreads) {
				p->flags |= PROC_F_STOP_EV;
				spin_unlock_irq(&p->siglock, irq);
				stop_tell_parent(p, CLD_STOPPED);
				irq = spin_lock_irq(&p->siglock);
				continue;
			}
		}
		sched_set_state(THREAD_STOPPED);
		spin_unlock_irq(&p->siglock, irq);
		schedule();
		irq = spin_lock_irq(&p->siglock);
	}
	if (counted)
		p->nstopped--;
	tell_cont = p->flags & PROC_F_CONT_TELL;
	p->flags &= ~PROC_F_CONT_TELL;
	spin_unlock_irq(&p->siglock, irq);
	if (tell_cont)
		stop_tell_parent(p, CLD_CONTINUED);
}

void
signal_stop_thread_left_locked(struct proc *p)
{
	if (p->flags & PROC_F_STOPPED && p->nthreads != 0 &&
	    p->nstopped == p->nthreads)
		p->flags |= PROC_F_STOP_EV;
}

/* A stop signal's default action: stop all threads. */
static void
stop_begin(struct task *t, int sig)
{
	struct proc *p = t->proc;
	bool orphaned = false;
	struct task *other;
	u64 irq;

	if (sig != SIGSTOP) {
		spin_lock(&proc_tree_lock);
		orphaned = pgrp_is_orphaned_locked(p->pid_pgrp, NULL);
		spin_unlock(&proc_tree_lock);
	}
	irq = spin_lock_irq(&p->siglock);
	/* Unless SIGCONT or SIGKILL came meanwhile. */
	if (!orphaned && p->flags & PROC_F_STOP_DEQ &&
	    !(p->flags & (PROC_F_EXITING | PROC_F_STOPPED))) {
		p->stop_sig = (u32)sig;
		p->flags |= PROC_F_STOPPED;
		p->flags &= ~(PROC_F_CONT_EV | PROC_F_CONT_TELL);
		list_for_each(other, &p->threads, thread_node) {
			if (other == t)
				continue;
			thread_set_work(&other->thread, WORK_SIGNAL);
			(void)sched_wake_state(&other->thread,
			    BIT(THREAD_SLEEPING));
		}
	}
	p->flags &= ~PROC_F_STOP_DEQ;
	spin_unlock_irq(&p->siglock, irq);
}

/* No room for a frame: SIGSEGV; if it was SIGSEGV's own, nothing can help. */
static void
frame_failed(struct task *t, int sig)
{
	struct proc *p = t->proc;
	u64 irq;

	if (sig == SIGSEGV) {
		irq = spin_lock_irq(&p->siglock);
		p->sighand->act[SIGSEGV - 1].handler = LX_SIG_DFL;
		spin_unlock_irq(&p->siglock, irq);
	}
	signal_force(SIGSEGV, SI_KERNEL, 0);
}

/* Run act's handler. The mask to return to is what the call began with. */
static void
handler_enter(struct task *t, struct trapframe *tf, int sig,
    const struct sigact *act, const struct lx_siginfo *info)
{
	u64 old = t->blocked, mask;

	if (t->thread.x86.work & WORK_SIGMASK) {
		old = t->saved_mask;
		thread_clear_work(&t->thread, WORK_SIGMASK);
	}
	restart_fix(tf, act);
	if (!sigframe_push(tf, sig, act, info, old)) {
		frame_failed(t, sig);
		return;
	}
	mask = t->blocked | act->mask;
	if (!(act->flags & SA_NODEFER))
		mask |= LX_SIGMASK(sig);
	signal_set_mask(mask);
}

/*
 * Take the next signal that needs more than being ignored. Its action goes to
 * *act. 0: none, or all threads stop, or the process ends.
 */
static int
signal_next(struct task *t, struct sigact *act, struct lx_siginfo *info)
{
	struct proc *p = t->proc;
	struct sigact *a;
	u64 irq = spin_lock_irq(&p->siglock);
	int sig;

	for (;;) {
		sig = signal_take_locked(p, t, ~t->blocked, info);
		if (sig == 0)
			break;
		a = &p->sighand->act[sig - 1];
		if (a->handler == LX_SIG_DFL &&
		    signal_default(sig) == SIGDEF_TERM &&
		    !(p->flags & PROC_F_INIT)) {
			proc_kill_locked(p, LX_WSTATUS_SIGNAL(sig));
			sig = 0;
			break;
		}
		if (signal_is_ignored(p, sig))
			continue;
		*act = *a;
		if (a->handler != LX_SIG_DFL && a->flags & SA_RESETHAND)
			a->handler = LX_SIG_DFL;
		break;
	}
	if (sig == 0)
		signal_recalc_locked(p, t);
	spin_unlock_irq(&p->siglock, irq);
	return sig;
}

static bool
restart_is_pending(const struct trapframe *tf)
{
	s64 result = (s64)tf->rax;

	return (s64)tf->orig_rax >= 0 &&
	    (result == -ERESTARTNOHAND || result == -EINTR);
}

/* A wait with another mask that no signal ended: the old mask is back. */
static void
temp_mask_end(struct task *t)
{
	thread_clear_work(&t->thread, WORK_SIGMASK);
	signal_set_mask(t->saved_mask);
}

static void
signal_deliver(struct task *t, struct trapframe *tf)
{
	struct lx_siginfo info;
	struct sigact act;
	int sig;

	if (t->thread.x86.work & WORK_SIGMASK && !restart_is_pending(tf))
		temp_mask_end(t);
	for (;;) {
		if (t->proc->flags & (PROC_F_STOPPED | PROC_F_CONT_TELL))
			stop_here(t);
		sig = signal_next(t, &act, &info);
		if (thread_is_killed(&t->thread))
			return;
		if (sig == 0)
			break;
		if (act.handler != LX_SIG_DFL) {
			handler_enter(t, tf, sig, &act, &info);
			return;
		}
		assert(signal_default(sig) == SIGDEF_STOP);
		stop_begin(t, sig);
	}
	restart_fix(tf, NULL);
	if (t->thread.x86.work & WORK_SIGMASK)
		temp_mask_end(t);
}

void
signal_return_work(struct trapframe *tf)
{
	struct task *t = current_task();
	struct proc *p = t->proc;
	u32 work = READ_ONCE(t->thread.x86.work);

	if (unlikely(work & WORK_KILLED))
		task_exit(p->flags & PROC_F_EXITING ? p->exit_code : 0);
	if (work & (WORK_SIGNAL | WORK_SIGMASK))
		signal_deliver(t, tf);
	if (work & WORK_RESCHED)
		sched_yield();
}
