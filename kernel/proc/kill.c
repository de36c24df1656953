/*
 * kill(2) and its kin: whom they mean, who may, and what it takes.
 *
 * Standard signals take no memory. A real-time one to one process or thread,
 * and what sigqueue(3) sends, is queued in an entry that row sigqueue pays; it
 * is reserved here, before anything is looked up.
 */
#include "kernel/abi/errno.h"
#include "kernel/file/cred.h"
#include "kernel/lib/string.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/proc/sigcall.h"
#include "kernel/sched/sched.h"
#include "kernel/sync/rcu.h"
#include "kernel/vm/reserve.h"

static struct sigsrc
kill_src(int code)
{
	return (struct sigsrc){ current_proc()->pid, current_cred()->uid,
		code };
}

static struct lx_siginfo
kill_info(int sig, int code)
{
	struct sigsrc src = kill_src(code);
	struct lx_siginfo info;

	memset(&info, 0, sizeof(info));
	info.si_signo = sig;
	info.si_code = src.code;
	info.u.rt.si_pid = (s32)src.pid;
	info.u.rt.si_uid = src.uid;
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
	struct sigsrc src = kill_src(SI_USER);
	int error = signal_may_send(p, sig);

	tally->any = true;
	if (error != 0) {
		tally->error = error;
		return;
	}
	tally->ok = true;
	/* LIMIT: a real-time signal to many is pending but once in each of
	 * them, without its origin: so a group of any size takes no memory. */
	if (sig != 0)
		signal_send_proc(p, sig, &src);
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

/* Whom kill(2) means by a number: a thread's will do. Under RCU. */
static struct proc *
kill_target(u32 nr)
{
	struct proc *p = proc_find(nr);
	struct task *t;

	if (p != NULL)
		return p;
	t = task_find(nr);
	return t != NULL ? t->proc : NULL;
}

static int
kill_check(struct proc *p, int sig)
{
	return p != NULL ? signal_may_send(p, sig) : -ESRCH;
}

static int
kill_proc(u32 nr, int sig)
{
	struct sigsrc src = kill_src(SI_USER);
	struct proc *p;
	int error;

	rcu_read_lock();
	p = kill_target(nr);
	error = kill_check(p, sig);
	if (error == 0 && sig != 0)
		signal_send_proc(p, sig, &src);
	rcu_read_unlock();
	return error;
}

static BOUND_ROW(sigqueue);

int
signal_queue_info(u32 nr, const struct lx_siginfo *info)
{
	int sig = info->si_signo, error;
	struct proc *p;

	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	error = reserve_row(&bound_sigqueue);
	if (error != 0)
		return error;
	rcu_read_lock();
	p = kill_target(nr);
	error = kill_check(p, sig);
	if (error == 0 && sig != 0)
		error = signal_queue_proc(p, info);
	rcu_read_unlock();
	return error;
}

int
signal_kill(s32 pid, int sig)
{
	struct lx_siginfo info;

	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	if (pid > 0 && sig <= SIG_STD)
		return kill_proc((u32)pid, sig);
	if (pid > 0) {
		info = kill_info(sig, SI_USER);
		return signal_queue_info((u32)pid, &info);
	}
	if (pid == -1)
		return kill_all(sig);
	if (pid == INT32_MIN)
		return -ESRCH;
	return kill_group(pid == 0 ? current_proc()->pgrp : (u32)-pid, sig);
}

/* The thread tid, if it is one of tgid's (0: of anybody's). Under RCU. */
static struct task *
kill_task_target(u32 tgid, u32 tid)
{
	struct task *t = task_find(tid);

	return t != NULL && (tgid == 0 || t->proc->pid == tgid) ? t : NULL;
}

static int
kill_task(u32 tgid, u32 tid, int sig)
{
	struct sigsrc src = kill_src(SI_TKILL);
	struct task *t;
	int error;

	rcu_read_lock();
	t = kill_task_target(tgid, tid);
	error = kill_check(t != NULL ? t->proc : NULL, sig);
	if (error == 0 && sig != 0)
		signal_send_task(t, sig, &src);
	rcu_read_unlock();
	return error;
}

int
signal_queue_task_info(u32 tgid, u32 tid, const struct lx_siginfo *info)
{
	int sig = info->si_signo, error;
	struct task *t;

	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	error = reserve_row(&bound_sigqueue);
	if (error != 0)
		return error;
	rcu_read_lock();
	t = kill_task_target(tgid, tid);
	error = kill_check(t != NULL ? t->proc : NULL, sig);
	if (error == 0 && sig != 0)
		error = signal_queue_task(t, info);
	rcu_read_unlock();
	return error;
}

int
signal_kill_task(u32 tgid, u32 tid, int sig)
{
	struct lx_siginfo info;

	if (sig < 0 || sig > NSIG)
		return -EINVAL;
	if (sig <= SIG_STD)
		return kill_task(tgid, tid, sig);
	info = kill_info(sig, SI_TKILL);
	return signal_queue_task_info(tgid, tid, &info);
}
