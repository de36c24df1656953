/*
 * Signals, as the calls see them: actions, masks, waits. kill.c sends them.
 */
#include "kernel/abi/errno.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/proc/sigcall.h"
#include "kernel/sched/sched.h"

#define SIG_UNBLOCKABLE	(LX_SIGMASK(SIGKILL) | LX_SIGMASK(SIGSTOP))
#define SA_KNOWN	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | \
	SA_RESTORER | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND)

/* The new action ignores sig: what is pending of it is gone. POSIX 2.4.3 */
static void
signal_flush_ignored_locked(struct proc *p, int sig) REQUIRES(p->siglock)
{
	struct task *t;

	sigpend_discard(&p->pend, LX_SIGMASK(sig));
	list_for_each(t, &p->threads, thread_node)
		sigpend_discard(&t->pend, LX_SIGMASK(sig));
	signal_recalc_locked(p, current_task());
}

int
signal_action(int sig, const struct lx_sigaction *new,
    struct lx_sigaction *old)
{
	struct proc *p = current_proc();
	struct sigact *act;
	u64 irq;

	if (sig < 1 || sig > NSIG ||
	    (new != NULL && LX_SIGMASK(sig) & SIG_UNBLOCKABLE))
		return -EINVAL;
	act = &p->sighand->act[sig - 1];
	irq = spin_lock_irq(&p->siglock);
	if (old != NULL)
		*old = (struct lx_sigaction){ act->handler, act->flags,
			act->restorer, act->mask };
	if (new != NULL) {
		act->handler = new->sa_handler;
		act->flags = (u32)new->sa_flags & SA_KNOWN;
		act->restorer = new->sa_restorer;
		act->mask = new->sa_mask & ~SIG_UNBLOCKABLE;
		if (signal_is_ignored(p, sig))
			signal_flush_ignored_locked(p, sig);
	}
	spin_unlock_irq(&p->siglock, irq);
	return 0;
}

u64
signal_pending(void)
{
	struct task *t = current_task();

	return (READ_ONCE(t->pend.mask) | READ_ONCE(t->proc->pend.mask)) &
	    t->blocked;
}

u64
signal_mask(void)
{
	return current_task()->blocked;
}

void
signal_change_mask(u64 mask)
{
	signal_set_mask(mask);
}

int
signal_wait(u64 set, u64 deadline_ns, struct lx_siginfo *info)
{
	struct task *t = current_task();
	struct proc *p = t->proc;
	bool in_time = true;
	int sig;
	u64 irq;

	set &= ~SIG_UNBLOCKABLE;
	irq = spin_lock_irq(&p->siglock);
	for (;;) {
		sig = signal_take_locked(p, t, set, info);
		if (sig != 0 || !in_time)
			break;
		signal_recalc_locked(p, t);
		if (thread_has_signal(&t->thread)) {
			sig = -EINTR;
			break;
		}
		t->sigwait = set;
		sched_set_state(THREAD_SLEEPING);
		spin_unlock_irq(&p->siglock, irq);
		in_time = schedule_until(deadline_ns);
		irq = spin_lock_irq(&p->siglock);
		t->sigwait = 0;
	}
	signal_recalc_locked(p, t);
	spin_unlock_irq(&p->siglock, irq);
	return sig != 0 ? sig : -EAGAIN;
}

long
signal_pause(void)
{
	for (;;) {
		sched_set_state(THREAD_SLEEPING);
		if (thread_has_signal(current))
			break;
		schedule();
	}
	sched_set_state(THREAD_RUNNABLE);
	return -ERESTARTNOHAND;
}
