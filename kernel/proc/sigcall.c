/*
 * Signals, as the calls see them: actions, masks, waits, and whom kill(2)
 * means.
 */
#include "kernel/abi/errno.h"
#include "kernel/file/cred.h"
#include "kernel/lib/refcount.h"
#include "kernel/lib/string.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/proc/sigcall.h"
#include "kernel/sched/sched.h"
#include "kernel/sync/rcu.h"

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

static struct lx_siginfo
kill_info(int sig, int code)
{
	struct lx_siginfo info;

	memset(&info, 0, sizeof(info));
	info.si_signo = sig;
	info.si_code = code;
	info.u.rt.si_pid = (s32)current_proc()->pid;
	info.u.rt.si_uid = current_cred()->uid;
	return info;
}

/* The call's answer over many targets: success if one took it. */
struct kill_tally {
	int	error;
	bool	any, ok;
};

static void
kill_one(struct proc *p, int sig, struct kill_tally *tally)
{
	struct lx_siginfo info = kill_info(sig, SI_USER);
	int error = signal_may_send(p, sig);

	tally->any = true;
	if (error != 0) {
		tally->error = error;
		return;
	}
	tally->ok = true;
	/* Real-time signals to many are sent without their origin: that
	 * takes no memory. */
	if (sig != 0)
		(void)signal_send_proc(p, sig, sig > SIG_STD ? NULL : &info);
}

static int
kill_result(const struct kill_tally *tally)
{
	if (tally->ok)
		return 0;
	return tally->any ? tally->error : -ESRCH;
}

static int
kill_group(u32 pgrp, int sig)
{
	struct kill_tally tally = { 0, false, false };
	struct pid *pid;
	struct proc *p;

	spin_lock(&proc_tree_lock);
	pid = pid_find(pgrp);
	if (pid != NULL)
		list_for_each(p, &pid->members, pgrp_node)
			kill_one(p, sig, &tally);
	spin_unlock(&proc_tree_lock);
	return kill_result(&tally);
}

static int
kill_all(int sig)
{
	struct kill_tally tally = { 0, false, false };
	struct proc *p;
	u32 nr = 2;

	while ((p = proc_next(nr)) != NULL) {
		nr = p->pid + 1;
		if (p != current_proc() && p != init_proc)
			kill_one(p, sig, &tally);
		proc_put(p);
		preempt_point();
	}
	return kill_result(&tally);
}

static int
kill_proc(u32 nr, int sig, const struct lx_siginfo *info)
{
	struct proc *p;
	int error = -ESRCH;

	rcu_read_lock();
	p = proc_find(nr);
	if (p == NULL) {		/* a thread's number will do */
		struct task *t = task_find(nr);

		p = t != NULL ? t->proc : NULL;
	}
	if (p != NULL)
		error = signal_may_send(p, sig);
	if (error == 0 && sig != 0)
		error = signal_send_proc(p, sig, info);
	rcu_read_unlock();
	return error;
}

int
signal_kill(s32 pid, int sig)
{
	struct lx_siginfo info;

	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	if (pid > 0) {
		info = kill_info(sig, SI_USER);
		return kill_proc((u32)pid, sig, &info);
	}
	if (pid == -1)
		return kill_all(sig);
	if (pid == INT32_MIN)
		return -ESRCH;
	return kill_group(pid == 0 ? current_proc()->pgrp : (u32)-pid, sig);
}

int
signal_kill_task(u32 tgid, u32 tid, int sig, const struct lx_siginfo *info)
{
	struct lx_siginfo own;
	struct task *t;
	int error = -ESRCH;

	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	if (info == NULL) {
		own = kill_info(sig, SI_TKILL);
		info = &own;
	}
	rcu_read_lock();
	t = task_find(tid);
	if (t != NULL && (tgid == 0 || t->proc->pid == tgid)) {
		error = signal_may_send(t->proc, sig);
		if (error == 0 && sig != 0)
			error = signal_send_task(t, sig, info);
	}
	rcu_read_unlock();
	return error;
}

int
signal_queue(u32 pid, int sig, const struct lx_siginfo *info)
{
	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	return kill_proc(pid, sig, info);
}
