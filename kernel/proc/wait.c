/*
 * wait4, waitid: what became of children.
 *
 * The parent looks through its children under proc_tree_lock; a child's news
 * (end, stop, continuation) wakes parent.wait_child. Sleeping is at a renewal
 * point, since it may last for ever.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/wait.h"
#include "kernel/file/cred.h"
#include "kernel/lib/string.h"
#include "kernel/proc/lifecall.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/sched/sched.h"
#include "kernel/vm/aspace.h"
#include "kernel/vm/reserve.h"

#define NS_PER_US	1000ul
#define NS_PER_SEC	1000000000ul

static struct lx_timeval
ns_to_timeval(u64 ns)
{
	return (struct lx_timeval){ (s64)(ns / NS_PER_SEC),
		(s64)(ns % NS_PER_SEC / NS_PER_US) };
}

/* p and the children it has waited for, as a waiter sees them. */
static struct lx_rusage
usage_with_children(const struct proc *p)
{
	return (struct lx_rusage){
		.ru_utime = ns_to_timeval(p->utime_ns + p->cutime_ns),
		.ru_stime = ns_to_timeval(p->stime_ns + p->cstime_ns),
		.ru_maxrss = (s64)MAX(p->maxrss, p->cmaxrss) * 4,
		.ru_minflt = (s64)(p->minflt + p->cminflt),
		.ru_majflt = (s64)(p->majflt + p->cmajflt),
		.ru_nvcsw = (s64)(p->nvcsw + p->cnvcsw),
		.ru_nivcsw = (s64)(p->nivcsw + p->cnivcsw),
	};
}

static struct lx_rusage
usage_children(const struct proc *p)
{
	return (struct lx_rusage){
		.ru_utime = ns_to_timeval(p->cutime_ns),
		.ru_stime = ns_to_timeval(p->cstime_ns),
		.ru_maxrss = (s64)p->cmaxrss * 4,
		.ru_minflt = (s64)p->cminflt,
		.ru_majflt = (s64)p->cmajflt,
		.ru_nvcsw = (s64)p->cnvcsw,
		.ru_nivcsw = (s64)p->cnivcsw,
	};
}

static void
usage_add_task(struct lx_rusage *u, u64 *user_ns, u64 *system_ns,
    const struct task *t)
{
	*user_ns += t->thread.utime_ns;
	*system_ns += t->thread.stime_ns;
	u->ru_minflt += (s64)t->minflt;
	u->ru_majflt += (s64)t->majflt;
	u->ru_nvcsw += (s64)t->thread.nvcsw;
	u->ru_nivcsw += (s64)t->thread.nivcsw;
}

struct lx_rusage
proc_usage(int who)
{
	struct proc *p = current_proc();
	struct lx_rusage u;
	u64 user_ns = 0, system_ns = 0, irq;
	u64 peak = aspace_rss_peak(current->aspace);
	struct task *t;

	memset(&u, 0, sizeof(u));
	irq = spin_lock_irq(&p->siglock);
	if (who == RUSAGE_CHILDREN) {
		u = usage_children(p);
		spin_unlock_irq(&p->siglock, irq);
		return u;
	}
	if (who == RUSAGE_THREAD) {
		usage_add_task(&u, &user_ns, &system_ns, current_task());
	} else {
		user_ns = p->utime_ns;
		system_ns = p->stime_ns;
		u.ru_minflt = (s64)p->minflt;
		u.ru_majflt = (s64)p->majflt;
		u.ru_nvcsw = (s64)p->nvcsw;
		u.ru_nivcsw = (s64)p->nivcsw;
		list_for_each(t, &p->threads, thread_node)
			usage_add_task(&u, &user_ns, &system_ns, t);
	}
	u.ru_maxrss = (s64)MAX(p->maxrss, peak) * 4;
	spin_unlock_irq(&p->siglock, irq);
	u.ru_utime = ns_to_timeval(user_ns);
	u.ru_stime = ns_to_timeval(system_ns);
	return u;
}

static bool
wait_matches(const struct wait_request *r, const struct proc *c)
{
	bool is_clone = c->exit_signal != SIGCHLD;

	if (r->idtype == P_PID && c->pid != r->id)
		return false;
	if (r->idtype == P_PGID && c->pgrp != r->id)
		return false;
	return r->options & __WALL ||
	    is_clone == ((r->options & __WCLONE) != 0);
}

static void
wait_fill(const struct proc *c, s32 code, s32 status, struct wait_result *out)
{
	out->pid = c->pid;
	out->uid = c->cred->uid;
	out->code = code;
	out->status = status;
	out->usage = usage_with_children(c);
}

/* The dead child's times become its parent's children's times. */
static void
wait_inherit_locked(struct proc *p, const struct proc *c)
{
	u64 irq = spin_lock_irq(&p->siglock);

	p->cutime_ns += c->utime_ns + c->cutime_ns;
	p->cstime_ns += c->stime_ns + c->cstime_ns;
	p->cminflt += c->minflt + c->cminflt;
	p->cmajflt += c->majflt + c->cmajflt;
	p->cnvcsw += c->nvcsw + c->cnvcsw;
	p->cnivcsw += c->nivcsw + c->cnivcsw;
	p->cmaxrss = MAX(p->cmaxrss, MAX(c->maxrss, c->cmaxrss));
	spin_unlock_irq(&p->siglock, irq);
}

/* Has a stop or continuation happened that was not seen? */
static bool
wait_event(struct proc *c, u32 event, bool keep)
{
	bool happened;
	u64 irq;

	if (!(READ_ONCE(c->flags) & event))
		return false;
	irq = spin_lock_irq(&c->siglock);
	happened = c->flags & event;
	if (!keep)
		c->flags &= ~event;
	spin_unlock_irq(&c->siglock, irq);
	return happened;
}

/* Has c news for r? Its pid, and *reaped if it is gone now. */
static long
wait_look_locked(const struct wait_request *r, struct proc *c,
    struct wait_result *out, struct proc **reaped) REQUIRES(proc_tree_lock)
{
	bool keep = r->options & WNOWAIT;

	if (c->state == PROC_ZOMBIE) {
		if (!(r->options & WEXITED))
			return 0;
		wait_fill(c, (c->exit_code & 0x7f) != 0 ? CLD_KILLED :
		    CLD_EXITED, c->exit_code, out);
		if (!keep) {
			wait_inherit_locked(current_proc(), c);
			proc_reap_locked(c);
			*reaped = c;
		}
		return c->pid;
	}
	if (r->options & WSTOPPED && wait_event(c, PROC_F_STOP_EV, keep)) {
		wait_fill(c, CLD_STOPPED, LX_WSTATUS_STOP(c->stop_sig), out);
		return c->pid;
	}
	if (r->options & WCONTINUED && wait_event(c, PROC_F_CONT_EV, keep)) {
		wait_fill(c, CLD_CONTINUED, LX_WSTATUS_CONTINUED, out);
		return c->pid;
	}
	return 0;
}

/* A pid, 0 when there is nothing yet, -ECHILD when there never will be. */
static long
wait_scan(const struct wait_request *r, struct wait_result *out)
{
	struct proc *p = current_proc(), *c, *reaped = NULL;
	long found = -ECHILD;

	spin_lock(&proc_tree_lock);
	list_for_each(c, &p->children, sibling) {
		if (!wait_matches(r, c))
			continue;
		found = wait_look_locked(r, c, out, &reaped);
		if (found != 0)
			break;
	}
	spin_unlock(&proc_tree_lock);
	if (reaped != NULL)
		proc_put(reaped);
	return found;
}

long
proc_wait(const struct wait_request *request, struct wait_result *out)
{
	struct wait_request r = *request;
	struct proc *p = current_proc();
	long found;
	int result;

	if (r.idtype == P_PGID && r.id == 0)
		r.id = p->pgrp;
	found = wait_scan(&r, out);
	if (found != 0 || r.options & WNOHANG)
		return found;
	WAIT_RENEWED(&p->wait_child, (found = wait_scan(&r, out)) != 0,
	    THREAD_SLEEPING, CLOCK_NEVER, false, result);
	if (found != 0)
		return found;
	return result != 0 ? -ERESTARTSYS : 0;
}
