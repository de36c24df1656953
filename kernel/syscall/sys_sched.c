/*
 * System calls about scheduling.
 *
 * The scheduler works on threads; pid 0 is the caller, and a thread found by
 * number under RCU stays valid until the end of the read section, in which all
 * is done. nice values belong to threads here too, but setpriority(2) means
 * processes: it sets all threads of each.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/sched.h"
#include "kernel/file/cred.h"
#include "kernel/lib/string.h"
#include "kernel/proc/task.h"
#include "kernel/sched/sched.h"
#include "kernel/sync/rcu.h"
#include "kernel/syscall/syscall.h"
#include "kernel/syscall/timeval.h"
#include "kernel/x86/percpu.h"

#define NICE_MIN	(-20)
#define NICE_MAX	19
#define RR_SLICE_NS	100000000ul

/* The thread pid means, under RCU; 0 is current. */
static struct task *
thread_of(int pid)
{
	return pid == 0 ? current_task() : task_find((u32)pid);
}

/* May current change t's scheduling? sched(7) */
static int
may_change(const struct task *t)
{
	const struct cred *me = current_cred(), *it = rcu_load(t->proc->cred);

	return cred_is_root(me) || me->euid == it->uid ||
	    me->euid == it->euid ? 0 : -EPERM;
}

long
sys_sched_yield(void)
{
	sched_yield();
	return 0;
}

static bool
policy_is_rt(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

/* policy < 0: as it is. */
static long
change_policy(int pid, int policy, uptr_t param)
{
	struct lx_sched_param p;
	struct task *t;
	long error;

	if (pid < 0)
		return -EINVAL;
	if (copy_in_obj(&p, param) != 0)
		return -EFAULT;
	rcu_read_lock();
	t = thread_of(pid);
	error = t == NULL ? -ESRCH : may_change(t);
	if (error == 0 && policy < 0)
		policy = t->thread.policy;
	policy &= ~SCHED_RESET_ON_FORK;
	if (error == 0 && (policy > SCHED_IDLE || policy == 4 ||
	    p.sched_priority < 0 || p.sched_priority > SCHED_PRIO_MAX ||
	    policy_is_rt(policy) != (p.sched_priority != 0)))
		error = -EINVAL;
	if (error == 0 && policy_is_rt(policy) &&
	    !cred_is_root(current_cred()))
		error = -EPERM;
	if (error == 0)
		error = sched_set_policy(&t->thread, policy,
		    p.sched_priority);
	rcu_read_unlock();
	return error;
}

long
sys_sched_setscheduler(int pid, int policy, uptr_t param)
{
	return policy < 0 ? -EINVAL : change_policy(pid, policy, param);
}

long
sys_sched_setparam(int pid, uptr_t param)
{
	return change_policy(pid, -1, param);
}

long
sys_sched_getscheduler(int pid)
{
	struct task *t;
	long policy;

	if (pid < 0)
		return -EINVAL;
	rcu_read_lock();
	t = thread_of(pid);
	policy = t == NULL ? -ESRCH : t->thread.policy;
	rcu_read_unlock();
	return policy;
}

long
sys_sched_getparam(int pid, uptr_t param)
{
	struct lx_sched_param p;
	struct task *t;

	if (pid < 0)
		return -EINVAL;
	rcu_read_lock();
	t = thread_of(pid);
	p.sched_priority = t == NULL ? 0 : t->thread.rt_prio;
	rcu_read_unlock();
	return t == NULL ? -ESRCH : copy_out_obj(param, &p);
}

static long
priority_limit(int policy, long of_rt)
{
	if (policy_is_rt(policy))
		return of_rt;
	return policy == SCHED_OTHER || policy == SCHED_BATCH ||
	    policy == SCHED_IDLE ? 0 : -EINVAL;
}

long
sys_sched_get_priority_max(int policy)
{
	return priority_limit(policy, SCHED_PRIO_MAX);
}

long
sys_sched_get_priority_min(int policy)
{
	return priority_limit(policy, SCHED_PRIO_MIN);
}

long
sys_sched_rr_get_interval(int pid, uptr_t interval)
{
	struct lx_timespec ts = ns_to_timespec(RR_SLICE_NS);
	struct task *t;

	if (pid < 0)
		return -EINVAL;
	rcu_read_lock();
	t = thread_of(pid);
	rcu_read_unlock();
	return t == NULL ? -ESRCH : copy_out_obj(interval, &ts);
}

long
sys_sched_setaffinity(int pid, usize len, uptr_t mask)
{
	struct cpumask m;
	struct task *t;
	long error;
	bool any = false, own;

	memset(&m, 0, sizeof(m));
	if (copy_in(&m, mask, MIN(len, sizeof(m))) != 0)
		return -EFAULT;
	for (u32 c = 0; c < MAX_CPUS; c++) {
		if (c >= ncpus)
			cpumask_clear(&m, c);
		else if (cpumask_test(&m, c))
			any = true;
	}
	if (!any)
		return -EINVAL;
	rcu_read_lock();
	t = thread_of(pid);
	error = t == NULL ? -ESRCH : may_change(t);
	own = t == current_task();
	if (error == 0 && !own)
		error = sched_set_affinity(&t->thread, &m);
	rcu_read_unlock();
	/* Our own may move us to another CPU at once. */
	return error == 0 && own ? sched_set_own_affinity(&m) : error;
}

long
sys_sched_getaffinity(int pid, usize len, uptr_t mask)
{
	usize need = ROUND_UP(DIV_UP(ncpus, 8u), 8u);
	struct cpumask m;
	struct task *t;

	if (len * 8 < ncpus || len % 8 != 0)
		return -EINVAL;
	rcu_read_lock();
	t = thread_of(pid);
	if (t != NULL)
		m = t->thread.affinity;
	rcu_read_unlock();
	if (t == NULL)
		return -ESRCH;
	for (u32 c = ncpus; c < MAX_CPUS; c++)
		cpumask_clear(&m, c);
	len = MIN(len, need);
	return copy_out(mask, &m, len) != 0 ? -EFAULT : (long)len;
}

/* ---- nice ---- */

/* What is done to each process that which and who select. */
struct nice_job {
	int	set;			/* or NICE_MAX + 1: only read */
	int	best;			/* least found */
	long	error;
	bool	any;
};

static void
nice_set_all(struct proc *p, int nice)
{
	u64 irq = spin_lock_irq(&p->siglock);
	struct task *t;

	list_for_each(t, &p->threads, thread_node)
		sched_set_nice(&t->thread, nice);
	spin_unlock_irq(&p->siglock, irq);
}

static void
nice_one(struct nice_job *job, struct proc *p)
{
	const struct cred *me = current_cred(), *it = rcu_load(p->cred);
	struct task *t = READ_ONCE(p->leader);
	int now = t != NULL ? t->thread.nice : 0;

	if (p->state != PROC_RUNNING)
		return;
	job->any = true;
	job->best = MIN(job->best, now);
	if (job->set > NICE_MAX)
		return;
	if (!cred_is_root(me) && me->euid != it->uid && me->euid != it->euid)
		job->error = -EPERM;
	else if (job->set < now && !cred_is_root(me))
		job->error = -EACCES;
	else
		nice_set_all(p, job->set);
}

static bool
nice_selects(int which, u32 who, const struct proc *p)
{
	switch (which) {
	case PRIO_PGRP:
		return p->pgrp == (who != 0 ? who : current_proc()->pgrp);
	case PRIO_USER:
		return p->cred->uid ==
		    (who != 0 ? who : current_cred()->uid);
	default:
		return p->pid == (who != 0 ? who : current_proc()->pid);
	}
}

static long
nice_each(int which, int who, struct nice_job *job)
{
	struct proc *p;
	u32 nr = 1;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	if (which == PRIO_PROCESS) {
		rcu_read_lock();
		p = who == 0 ? current_proc() : proc_find((u32)who);
		if (p != NULL)
			nice_one(job, p);
		rcu_read_unlock();
		return job->any ? job->error : -ESRCH;
	}
	while ((p = proc_next(nr)) != NULL) {
		nr = p->pid + 1;
		if (nice_selects(which, (u32)who, p))
			nice_one(job, p);
		proc_put(p);
		preempt_point();
	}
	return job->any ? job->error : -ESRCH;
}

/* 20 - nice, so that an errno looks different. getpriority(2) */
long
sys_getpriority(int which, int who)
{
	struct nice_job job = { NICE_MAX + 1, NICE_MAX, 0, false };
	long error = nice_each(which, who, &job);

	return error != 0 ? error : 20 - job.best;
}

long
sys_setpriority(int which, int who, int nice)
{
	struct nice_job job = { 0, NICE_MAX, 0, false };

	job.set = MIN(MAX(nice, NICE_MIN), NICE_MAX);
	return nice_each(which, who, &job);
}

long
sys_getcpu(uptr_t cpu, uptr_t node, uptr_t unused)
{
	u32 c = cpu_id, n = 0;

	(void)unused;
	if (cpu.addr != 0 && copy_out_obj(cpu, &c) != 0)
		return -EFAULT;
	return node.addr != 0 ? copy_out_obj(node, &n) : 0;
}

/* LIMIT: I/O priorities are accepted and have no effect. */
long
sys_ioprio_set(int which, int who, int prio)
{
	(void)who, (void)prio;
	return which >= 1 && which <= 3 ? 0 : -EINVAL;
}

long
sys_ioprio_get(int which, int who)
{
	(void)who;
	return which >= 1 && which <= 3 ? 0 : -EINVAL;
}
