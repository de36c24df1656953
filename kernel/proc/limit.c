/*
 * Resource limits: setrlimit(2), prlimit(2).
 */
#include "kernel/abi/errno.h"
#include "kernel/file/cred.h"
#include "kernel/file/file.h"
#include "kernel/proc/lifecall.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/sync/rcu.h"
#include "kernel/vm/aspace.h"

static s32
current_pid(void)
{
	return (s32)current_proc()->pid;
}

/* kernel/file asks for current's limits and id by this. */
const struct file_limit_ops file_limit_ops = {
	.rlimit = proc_rlimit,
	.pid = current_pid,
};

/* The limits that the address space keeps a copy of. */
static void
limit_to_aspace_locked(struct proc *p, int which, u64 value)
{
	struct aspace *as = p->aspace;

	if (as == NULL)
		return;
	switch (which) {
	case RLIMIT_AS:
		WRITE_ONCE(as->limit_as, value);
		break;
	case RLIMIT_DATA:
		WRITE_ONCE(as->limit_data, value);
		break;
	case RLIMIT_STACK:
		WRITE_ONCE(as->limit_stack, value);
		break;
	case RLIMIT_MEMLOCK:
		WRITE_ONCE(as->limit_memlock, value);
		break;
	}
}

static int
limit_change_locked(struct proc *p, int which, const struct lx_rlimit *new)
{
	struct lx_rlimit *l = &p->rlim[which];

	if (new->rlim_cur > new->rlim_max)
		return -EINVAL;
	if (which == RLIMIT_NOFILE && new->rlim_max > FD_MAX)
		return -EPERM;
	if (new->rlim_max > l->rlim_max && !cred_is_root(current_cred()))
		return -EPERM;
	*l = *new;
	limit_to_aspace_locked(p, which, new->rlim_cur);
	return 0;
}

static int
limit_may_set(struct proc *p)
{
	const struct cred *me = current_cred(), *it = rcu_load(p->cred);

	if (p == current_proc() || cred_is_root(me))
		return 0;
	return me->uid == it->uid && me->uid == it->euid &&
	    me->uid == it->suid && me->gid == it->gid &&
	    me->gid == it->egid && me->gid == it->sgid ? 0 : -EPERM;
}

int
proc_set_limit(u32 pid, int which, const struct lx_rlimit *new,
    struct lx_rlimit *old)
{
	struct proc *p;
	int error;
	u64 irq;

	if (which < 0 || which >= RLIM_NLIMITS)
		return -EINVAL;
	rcu_read_lock();
	p = pid == 0 ? current_proc() : proc_find(pid);
	error = p == NULL ? -ESRCH : limit_may_set(p);
	if (error == 0) {
		irq = spin_lock_irq(&p->siglock);
		*old = p->rlim[which];
		if (new != NULL)
			error = limit_change_locked(p, which, new);
		spin_unlock_irq(&p->siglock, irq);
	}
	rcu_read_unlock();
	return error;
}
