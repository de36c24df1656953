/*
 * Job control: process groups and sessions, and what the terminal asks about
 * them (setpgid(2), setsid(2), credentials(7), POSIX 11.1).
 *
 * A group is orphaned when no member has a parent in another group of the same
 * session: nobody is left who would continue its stopped members.
 */
#include "kernel/abi/errno.h"
#include "kernel/dev/job.h"
#include "kernel/dev/tty.h"
#include "kernel/lib/assert.h"
#include "kernel/proc/lifecall.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/sync/rcu.h"

bool
pgrp_is_orphaned_locked(struct pid *pgrp, const struct proc *leaving)
{
	struct proc *p;

	list_for_each(p, &pgrp->members, pgrp_node) {
		if (p == leaving || p->state != PROC_RUNNING ||
		    p->parent == NULL || p->parent == init_proc)
			continue;
		if (p->parent->pid_pgrp != pgrp &&
		    p->parent->session == p->session)
			return false;
	}
	return true;
}

static bool
pgrp_has_stopped_locked(struct pid *pgrp)
{
	struct proc *p;

	list_for_each(p, &pgrp->members, pgrp_node)
		if (p->flags & PROC_F_STOPPED)
			return true;
	return false;
}

/*
 * p is leaving, or loses its parent: did its group become an orphan by that?
 * Then its stopped members get SIGHUP and SIGCONT.
 */
void
job_check_orphans_locked(struct proc *p, struct proc *parent)
{
	struct pid *pgrp = p->pid_pgrp;
	struct proc *m;

	if (parent == NULL || parent->pid_pgrp == pgrp ||
	    parent->session != p->session ||
	    !pgrp_has_stopped_locked(pgrp) ||
	    !pgrp_is_orphaned_locked(pgrp, p))
		return;
	list_for_each(m, &pgrp->members, pgrp_node) {
		signal_send_proc(m, SIGHUP, NULL);
		signal_send_proc(m, SIGCONT, NULL);
	}
}

void
job_session_leader_exit(struct proc *p)
{
	struct tty *tty;

	spin_lock(&proc_tree_lock);
	tty = p->ctty;
	p->ctty = NULL;
	spin_unlock(&proc_tree_lock);
	if (tty != NULL)
		tty_disassociate(tty);
}

static bool
pgrp_in_session_locked(u32 nr, u32 session)
{
	struct pid *pid = pid_find(nr);
	struct proc *p;

	if (pid == NULL)
		return false;
	p = list_first(&pid->members, struct proc, pgrp_node);
	return p != NULL && p->session == session;
}

int
job_setpgid(u32 nr, u32 pgrp)
{
	struct proc *me = current_proc(), *p;
	struct pid *to;
	int error = 0;

	if (nr == 0)
		nr = me->pid;
	if (pgrp == 0)
		pgrp = nr;
	if ((s32)pgrp < 0)
		return -EINVAL;
	spin_lock(&proc_tree_lock);
	p = proc_find(nr);
	if (p == NULL || (p != me && p->parent != me))
		error = -ESRCH;
	else if (p != me && p->session != me->session)
		error = -EPERM;
	else if (p != me && p->did_exec)
		error = -EACCES;
	else if (p->session == p->pid ||
	    (pgrp != nr && !pgrp_in_session_locked(pgrp, me->session)))
		error = -EPERM;
	if (error == 0 && p->pgrp != pgrp) {
		to = pid_find(pgrp);
		assert(to != NULL);
		proc_set_pgrp_locked(p, to);
	}
	spin_unlock(&proc_tree_lock);
	return error;
}

static long
job_number(u32 nr, bool session)
{
	struct proc *p;
	long result = -ESRCH;

	rcu_read_lock();
	p = nr == 0 ? current_proc() : proc_find(nr);
	if (p != NULL)
		result = session ? p->session : p->pgrp;
	rcu_read_unlock();
	return result;
}

long
job_getpgid(u32 nr)
{
	return job_number(nr, false);
}

long
job_getsid(u32 nr)
{
	return job_number(nr, true);
}

long
job_setsid(void)
{
	struct proc *p = current_proc();
	long result = -EPERM;

	spin_lock(&proc_tree_lock);
	if (p->session != p->pid && list_is_empty(&p->pid_self->members)) {
		proc_set_session_locked(p, p->pid_self);
		proc_set_pgrp_locked(p, p->pid_self);
		p->ctty = NULL;
		result = p->pid;
	}
	spin_unlock(&proc_tree_lock);
	return result;
}

static u32
job_pgrp(void)
{
	return current_proc()->pgrp;
}

static u32
job_session(void)
{
	return current_proc()->session;
}

static bool
job_is_leader(void)
{
	return current_proc()->session == current_proc()->pid;
}

static bool
job_sig_is_off(int sig)
{
	const struct task *t = current_task();

	return t->blocked & LX_SIGMASK(sig) ||
	    t->proc->sighand->act[sig - 1].handler == LX_SIG_IGN;
}

static bool
job_pgrp_is_orphaned(u32 nr)
{
	struct pid *pid;
	bool orphaned;

	spin_lock(&proc_tree_lock);
	pid = pid_find(nr);
	orphaned = pid == NULL || pgrp_is_orphaned_locked(pid, NULL);
	spin_unlock(&proc_tree_lock);
	return orphaned;
}

static bool
job_pgrp_in_session(u32 nr, u32 session)
{
	bool result;

	spin_lock(&proc_tree_lock);
	result = pgrp_in_session_locked(nr, session);
	spin_unlock(&proc_tree_lock);
	return result;
}

static bool
job_pgrp_exists(u32 nr)
{
	struct pid *pid;
	bool result;

	spin_lock(&proc_tree_lock);
	pid = pid_find(nr);
	result = pid != NULL && !list_is_empty(&pid->members);
	spin_unlock(&proc_tree_lock);
	return result;
}

static struct tty *
job_ctty(void)
{
	struct proc *leader;
	struct tty *tty;

	rcu_read_lock();
	leader = proc_find(current_proc()->session);
	tty = leader != NULL ? READ_ONCE(leader->ctty) : NULL;
	rcu_read_unlock();
	return tty;
}

static void
job_set_ctty(struct tty *tty)
{
	struct proc *leader;

	spin_lock(&proc_tree_lock);
	leader = proc_find(current_proc()->session);
	if (leader != NULL)
		leader->ctty = tty;
	spin_unlock(&proc_tree_lock);
}

static const struct job_ops proc_job_ops = {
	.signal_pgrp = signal_send_pgrp,
	.pgrp = job_pgrp,
	.session = job_session,
	.is_leader = job_is_leader,
	.sig_is_off = job_sig_is_off,
	.pgrp_is_orphaned = job_pgrp_is_orphaned,
	.pgrp_in_session = job_pgrp_in_session,
	.pgrp_exists = job_pgrp_exists,
	.ctty = job_ctty,
	.set_ctty = job_set_ctty,
};

void
job_init(void)
{
	job_ops = &proc_job_ops;
}
