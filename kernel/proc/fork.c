/*
 * fork, vfork, clone: a new thread, in this process or in a new one.
 *
 * The order keeps the promise that nothing is ever unwound. First what may be
 * refused (limits). Then what takes memory in proportion to the parent (its
 * address space, its descriptors): these renew the reservation, so a kill may
 * come in between, and what is built so far hangs on the task (task.building),
 * where the killer counts it. The rest is one segment (clone_task): the number,
 * which is the last that may be refused, the objects, the links. A child made
 * by a dying parent is born killed and leaves by the ordinary door.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/sched.h"
#include "kernel/abi/wait.h"
#include "fs/vfs/vfs.h"
#include "kernel/file/cred.h"
#include "kernel/file/file.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/refcount.h"
#include "kernel/lib/string.h"
#include "kernel/proc/lifecall.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/sched/sched.h"
#include "kernel/trace/counter.h"
#include "kernel/vm/aspace.h"
#include "kernel/vm/reserve.h"
#include "kernel/vm/uaccess.h"
#include "kernel/x86/fpu.h"
#include "kernel/x86/switch.h"
#include "kernel/x86/trap.h"

#define CLONE_REFUSED	(CLONE_PIDFD | CLONE_NEWNS | CLONE_NEWCGROUP | \
	CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | \
	CLONE_NEWNET)

/* A table of descriptors; it renews for each leaf. */
static BOUND_ROW(clone_files);
/* The directory context, the stack and its tables; task, FPU state, process,
 * actions, number. */
static BOUND_ROW(clone_task);

/* What a child has of its parent or got anew; each a reference. */
struct inheritance {
	struct aspace	*as;
	struct fdtable	*fds;
};

/* First code of a child, in its own memory: CLONE_CHILD_SETTID. */
static void
task_first(struct x86_thread *prev, void *arg)
{
	struct task *t = current_task();

	thread_first(prev, arg);
	if (t->set_tid.addr != 0)
		(void)copy_out_obj(t->set_tid, &t->thread.tid);
}

static int
clone_check(const struct clone_request *r)
{
	u64 f = r->flags;

	if (f & CLONE_REFUSED ||
	    (f & CLONE_THREAD && !(f & CLONE_SIGHAND)) ||
	    (f & CLONE_SIGHAND && !(f & CLONE_VM)) ||
	    (f & CLONE_PARENT && current_proc() == init_proc) ||
	    r->exit_signal > NSIG)
		return -EINVAL;
	/* A signal comes first, so that a kill of a group is not outrun. */
	if (thread_has_signal(current))
		return -ERESTARTNOINTR;
	return 0;
}

/* Policy: -EAGAIN before anything has changed. */
static int
clone_admit(const struct clone_request *r)
{
	const struct cred *c = current_cred();
	struct proc *p = current_proc();
	u64 limit = cred_is_root(c) ? ~0ul : proc_rlimit(RLIMIT_NPROC);

	if (READ_ONCE(proc_nthreads) >= proc_max_threads)
		return -EAGAIN;
	if (r->flags & CLONE_THREAD)
		return 0;
	if (!lineage_may_fork(p->lineage))
		return -EAGAIN;
	return user_count_add(c->uid, USER_NPROC, limit) ? 0 : -EAGAIN;
}

static struct fs_ctx *
fs_ctx_share(struct fs_ctx *fs)
{
	ref_get(&fs->refs);
	return fs;
}

/*
 * Copies or shares what grows with the parent. -EINTR when killed: what is
 * there is to be put. 0 may also mean killed, the descriptors a part.
 */
static int
inherit(const struct clone_request *r, struct inheritance *in)
{
	struct task *t = current_task();
	int error;

	if (r->flags & CLONE_VM) {
		in->as = current->aspace;
		aspace_get(in->as);
		aspace_users_get(in->as);
	} else {
		error = aspace_fork(current->aspace, &t->building);
		in->as = t->building;
		if (error != 0)
			return error;
	}
	if (r->flags & CLONE_FILES) {
		in->fds = current->fds;
		fdtable_get(in->fds);
		return 0;
	}
	error = reserve_row(&bound_clone_files);
	if (error == 0)
		in->fds = fdtable_fork(current->fds);	/* may renew */
	return error;
}

static void
inheritance_drop(struct inheritance *in)
{
	current_task()->building = NULL;
	if (in->as != NULL) {
		aspace_users_put(in->as);
		aspace_put(in->as);
	}
	if (in->fds != NULL)
		fdtable_put(in->fds);
}

static void
task_copy(struct task *child, const struct clone_request *r,
    const struct inheritance *in, const struct trapframe *tf)
{
	struct task *me = current_task();
	struct trapframe *frame = trap_frame_of(&child->thread.x86);

	thread_inherit(&child->thread);
	child->thread.aspace = in->as;
	child->thread.fds = in->fds;
	child->thread.fs = r->flags & CLONE_FS ? fs_ctx_share(current->fs) :
	    fs_ctx_copy(current->fs);
	child->thread.cred = me->thread.cred;
	cred_get(child->thread.cred);
	child->blocked = me->blocked;
	if (!(r->flags & CLONE_VM) || r->flags & CLONE_VFORK) {
		child->altstack = me->altstack;
		child->altstack_len = me->altstack_len;
		child->altstack_flags = me->altstack_flags;
	}
	if (r->flags & CLONE_CHILD_CLEARTID)
		child->clear_tid = r->child_tid;
	if (r->flags & CLONE_CHILD_SETTID)
		child->set_tid = r->child_tid;

	x86_user_thread_init(&child->thread.x86, task_first, NULL);
	*frame = *tf;
	frame->rax = 0;
	frame->orig_rax = ~0ul;
	if (r->stack != 0)
		frame->rsp = r->stack;
	x86_save_user_bases();
	child->thread.x86.fs_base = r->flags & CLONE_SETTLS ? r->tls :
	    me->thread.x86.fs_base;
	child->thread.x86.gs_base = me->thread.x86.gs_base;
	fpu_save(child->thread.x86.fpu);
	if (me->thread.x86.work & WORK_TRACE)
		thread_set_work(&child->thread, WORK_TRACE);
}

static struct proc *
proc_copy(const struct clone_request *r, struct aspace *as)
{
	struct proc *me = current_proc(), *p = proc_create();
	u64 irq;

	p->aspace = as;
	aspace_get(as);
	p->cred = current->cred;
	cred_get(p->cred);
	p->acct_uid = p->cred->uid;
	p->exit_signal = r->exit_signal;
	p->dumpable = me->dumpable;
	p->oom_adj = me->oom_adj;
	memcpy(p->comm, me->comm, sizeof(p->comm));
	irq = spin_lock_irq(&me->siglock);
	*p->sighand = *me->sighand;
	memcpy(p->rlim, me->rlim, sizeof(p->rlim));
	p->lineage = me->lineage;
	lineage_get(p->lineage);
	p->oom_lineage = me->oom_lineage;
	p->exe = me->exe;
	if (p->exe != NULL)
		file_get(p->exe);
	p->flags |= me->flags & PROC_F_NEW_PRIVS;
	spin_unlock_irq(&me->siglock, irq);
	return p;
}

/* A thread more; born killed if the process is ending already. */
static void
link_thread(struct proc *p, struct task *child, struct pid *pid)
{
	u64 irq;

	spin_lock(&proc_tree_lock);
	pid_hold_locked(pid);
	child->pid = pid;
	rcu_store(pid->task, child);
	irq = spin_lock_irq(&p->siglock);
	proc_add_task_locked(p, child);
	if (p->flags & (PROC_F_EXITING | PROC_F_EXECING))
		thread_set_work(&child->thread, WORK_KILLED);
	else if (p->flags & PROC_F_STOPPED)
		thread_set_work(&child->thread, WORK_SIGNAL);
	spin_unlock_irq(&p->siglock, irq);
	spin_unlock(&proc_tree_lock);
}

/* A process more, in the family, group and session of its parent. */
static void
link_proc(struct proc *p, struct task *child, struct pid *pid, u64 flags)
{
	struct proc *me = current_proc();
	u64 irq;

	p->pid = pid->nr;
	p->pid_self = pid;
	spin_lock(&proc_tree_lock);
	p->parent = flags & CLONE_PARENT ? me->parent : me;
	list_push_back(&p->parent->children, &p->sibling);
	pid_hold_locked(pid);
	rcu_store(pid->proc, p);
	pid_hold_locked(pid);
	child->pid = pid;
	rcu_store(pid->task, child);
	proc_set_pgrp_locked(p, me->pid_pgrp);
	proc_set_session_locked(p, me->pid_session);
	irq = spin_lock_irq(&p->siglock);
	proc_add_task_locked(p, child);
	/* Who kills a group either found the child or had killed us. */
	if (thread_is_killed(current))
		proc_kill_locked(p, LX_WSTATUS_SIGNAL(SIGKILL));
	spin_unlock_irq(&p->siglock, irq);
	spin_unlock(&proc_tree_lock);
}

static void
vfork_wait(struct proc *child)
{
	int result;

	WAIT_RENEWED(&child->wait_vfork, READ_ONCE(child->vfork_done),
	    THREAD_KILLABLE, CLOCK_NEVER, false, result);
	(void)result;		/* killed: the exit path looks */
}

/* The rest, one segment; takes over what is inherited. */
static int
clone_build(const struct clone_request *r, const struct inheritance *in,
    const struct trapframe *tf, struct task **out)
{
	bool is_thread = r->flags & CLONE_THREAD;
	struct task *child;
	struct proc *p;
	struct pid *pid;

	if (reserve_row(&bound_clone_task) != 0 || thread_is_killed(current))
		return -EINTR;
	pid = pid_alloc();
	if (pid == NULL)
		return -EAGAIN;
	p = is_thread ? current_proc() : proc_copy(r, in->as);
	child = task_create(p, current->name);
	child->thread.tid = pid->nr;
	task_copy(child, r, in, tf);
	if (is_thread)
		link_thread(p, child, pid);
	else
		link_proc(p, child, pid, r->flags);
	*out = child;
	return 0;
}

long
proc_clone(const struct clone_request *r, const struct trapframe *tf)
{
	bool is_vfork = r->flags & CLONE_VFORK && !(r->flags & CLONE_THREAD);
	struct inheritance in = { NULL, NULL };
	struct task *child;
	struct proc *p;
	int error;
	u32 nr;

	error = clone_check(r);
	if (error == 0)
		error = clone_admit(r);
	if (error != 0)
		return error;
	error = inherit(r, &in);
	if (error == 0)
		error = clone_build(r, &in, tf, &child);
	if (error != 0) {
		inheritance_drop(&in);
		if (!(r->flags & CLONE_THREAD))
			user_count_sub(current_cred()->uid, USER_NPROC);
		return error;
	}
	nr = child->thread.tid;
	current_task()->building = NULL;
	p = child->proc;
	if (is_vfork)
		proc_get(p);
	if (r->flags & CLONE_PARENT_SETTID)
		(void)copy_out_obj(r->parent_tid, &nr);
	counter_inc(forks);
	thread_start(&child->thread);
	if (is_vfork) {
		vfork_wait(p);
		proc_put(p);
	}
	return nr;
}
