/*
 * Processes and tasks: the objects.
 *
 * A task is a user thread: the scheduler's struct thread with its signal mask
 * and the addresses that user space registered. A process is what its tasks
 * share. Tasks come and go; the process stays from fork until it is reaped,
 * with or without tasks:
 *
 *	RUNNING --last task exits--> ZOMBIE --wait4, or nobody waits--> REAPED
 *
 * References: a process has one for being known by its pid (dropped when it is
 * reaped), one for each task, and those of lookers (/proc, wait4, the killer).
 * A task is freed a grace period after its last context switch, so whoever
 * finds one under RCU may use it until the end of the read section. Pointers
 * between processes (parent, children) are no references: proc_tree_lock, or
 * RCU for reading proc.parent, keeps them valid.
 *
 * Locks: proc_tree_lock (pids, families, groups, sessions, state) comes before
 * proc.siglock (threads, signals, flags, what exit leaves), which interrupt
 * handlers take too (timers send signals). What sleeps holds neither.
 */
#include "kernel/abi/limits.h"
#include "kernel/file/cred.h"
#include "kernel/file/file.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/refcount.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/proc/identity.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/sync/rcu.h"
#include "kernel/vm/aspace.h"
#include "kernel/x86/fpu.h"
#include "kernel/x86/trap.h"

struct fpu_area {
	u8	bytes[FPU_STATE_MAX];
};

KMEM_CACHE(task_cache, "task", struct task);
KMEM_CACHE(proc_cache, "proc", struct proc);
KMEM_CACHE(sighand_cache, "sighand", struct sighand);
KMEM_CACHE_ALIGNED(fpu_cache, "fpu", struct fpu_area, 64);

struct proc *init_proc;
u32 proc_max_threads;
u32 proc_nthreads;

/* A frame for each of stack, page tables, objects: fewer would be a lie. */
#define FRAMES_PER_THREAD_MIN	16

static void
task_free_cb(struct rcu_head *head)
{
	struct task *t = CONTAINER_OF(head, struct task, rcu);

	kmem_put(&fpu_cache, t->thread.x86.fpu);
	kmem_put(&task_cache, t);
}

void
task_free_rcu(struct task *t)
{
	rcu_call(&t->rcu, task_free_cb);
}

void
task_reap(struct thread *thread)
{
	struct task *t = (struct task *)thread;

	kstack_put(&thread->x86);
	atomic_dec(&proc_nthreads);
	task_free_rcu(t);
}

struct task *
task_create(struct proc *p, const char *name)
{
	struct task *t = kmem_get_zero(&task_cache);

	thread_init(&t->thread, name);
	t->thread.x86.fpu = kmem_get(&fpu_cache);
	fpu_init_state(t->thread.x86.fpu);
	t->thread.x86.is_user = 1;
	t->proc = p;
	list_init(&t->thread_node);
	sigpend_init(&t->pend);
	t->altstack_flags = SS_DISABLE;
	atomic_inc(&proc_nthreads);
	return t;
}

void
proc_add_task_locked(struct proc *p, struct task *t)
{
	assert_held(&p->siglock);
	proc_get(p);
	list_push_back(&p->threads, &t->thread_node);
	p->nthreads++;
	if (p->leader == NULL)
		p->leader = t;
}

struct proc *
proc_create(void)
{
	struct proc *p = kmem_get_zero(&proc_cache);

	p->refs = 1;
	list_init(&p->children);
	list_init(&p->sibling);
	list_init(&p->pgrp_node);
	list_init(&p->threads);
	list_init(&p->timers);
	spin_init(&p->siglock, LOCK_SIGHAND);
	sigpend_init(&p->pend);
	waitq_init(&p->wait_child);
	waitq_init(&p->wait_vfork);
	waitq_init(&p->wait_exec);
	itimer_init_proc(p);
	p->sighand = kmem_get(&sighand_cache);
	p->start_ns = clock_now_ns();
	p->dumpable = true;
	return p;
}

static void
proc_free_cb(struct rcu_head *head)
{
	struct proc *p = CONTAINER_OF(head, struct proc, rcu);

	kmem_put(&sighand_cache, p->sighand);
	kmem_put(&proc_cache, p);
}

void
proc_get(struct proc *p)
{
	ref_get(&p->refs);
}

void
proc_put(struct proc *p)
{
	if (!ref_put(&p->refs))
		return;
	assert(list_is_empty(&p->threads));
	assert(p->aspace == NULL);
	cred_put(p->cred);
	lineage_put(p->lineage);
	rcu_call(&p->rcu, proc_free_cb);
}

void
proc_reap_locked(struct proc *p)
{
	assert_held(&proc_tree_lock);
	assert(p->state == PROC_ZOMBIE);
	p->state = PROC_REAPED;
	list_remove(&p->sibling);
	list_remove(&p->pgrp_node);
	rcu_store(p->pid_self->proc, NULL);
	pid_release_locked(p->pid_pgrp);
	pid_release_locked(p->pid_session);
	pid_release_locked(p->pid_self);
	user_count_sub(p->acct_uid, USER_NPROC);
}

struct aspace *
proc_aspace_get(struct proc *p)
{
	u64 irq = spin_lock_irq(&p->siglock);
	struct aspace *as = p->aspace;

	if (as != NULL)
		aspace_get(as);
	spin_unlock_irq(&p->siglock, irq);
	return as;
}

/* c becomes current's and its process's credentials; takes the reference. */
void
proc_set_cred(struct cred *c)
{
	struct proc *p = current_proc();
	struct cred *old;
	u64 irq;

	cred_get(c);
	cred_commit(c);
	irq = spin_lock_irq(&p->siglock);
	old = p->cred;
	rcu_store(p->cred, c);
	if (c->uid != p->acct_uid) {
		user_count_move(p->acct_uid, c->uid, USER_NPROC);
		p->acct_uid = c->uid;
	}
	spin_unlock_irq(&p->siglock, irq);
	cred_put(old);
}

u64
proc_rlimit(int which)
{
	return READ_ONCE(current_proc()->rlim[which].rlim_cur);
}

void
proc_init(void)
{
	struct frame_stats fs;

	frame_stats(&fs);
	proc_max_threads = (u32)MIN(fs.total / FRAMES_PER_THREAD_MIN,
	    (u64)PID_MAX_DEFAULT);
	pid_init();
	futex_init();
	fault_init();
	exit_init();
	job_init();
	killer_init();
	vdso_init();
	trap_ops.return_work = signal_return_work;
}
