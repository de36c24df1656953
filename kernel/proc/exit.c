/*
 * The end of threads and processes.
 *
 * A thread gives up, in this order: what user space asked to be told (robust
 * futexes, the clear-tid word), its memory, its files, its place among its
 * process's threads. The last thread also ends the process: timers, terminal,
 * children to a new parent, and the message to its own. What is left is a
 * struct proc for wait4.
 *
 * The end takes next to no memory: a page to write what user space asked for,
 * what closing files may need. It reserves as any call does; where that is not
 * to be had at once it goes on by one of a fixed number of tickets with
 * standing reservations, so that exits, which give memory back, never wait in
 * line for it.
 */
#include "fs/vfs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/wait.h"
#include "kernel/file/cred.h"
#include "kernel/file/file.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/refcount.h"
#include "kernel/lib/string.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/lifecall.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/sched/sched.h"
#include "kernel/trace/panic.h"
#include "kernel/vm/aspace.h"
#include "kernel/vm/reserve.h"
#include "kernel/vm/uaccess.h"

#define EXIT_TICKETS	2

/* A fault's frames: what exit writes to user memory is all it needs any for. */
static struct standing exit_tickets = {
	.row = &bound_fault,
	.count = EXIT_TICKETS,
};

void
exit_init(void)
{
	standing_add(&exit_tickets);
}

void
proc_vfork_done(struct proc *p)
{
	if (p->vfork_done)
		return;
	WRITE_ONCE(p->vfork_done, true);
	waitq_wake(&p->wait_vfork, 0);
}

/* pthread_join waits for this word: set_tid_address(2). */
static void
clear_tid_exit(struct task *t)
{
	u32 zero = 0;

	if (t->clear_tid.addr == 0 ||
	    READ_ONCE(current->aspace->users) <= 1)
		return;
	if (copy_out_nofault(t->clear_tid, &zero, sizeof(zero)) !=
	    sizeof(zero) && copy_out_obj(t->clear_tid, &zero) != 0)
		return;
	futex_wake_at(t->clear_tid, 1);
}

/* Exit and exec: leave the old address space. */
void
task_leave_memory(struct aspace *next)
{
	struct aspace *old = current->aspace;

	current->aspace = next;
	if (next != NULL)
		aspace_switch(next);
	aspace_users_put(old);
	aspace_put(old);
}

static void
task_leave_files(void)
{
	struct fdtable *fds = current->fds;
	struct fs_ctx *fs = current->fs;

	current->fds = NULL;
	current->fs = NULL;
	fdtable_put(fds);
	fs_ctx_put(fs);
}

static void
proc_add_times(struct proc *p, const struct task *t)
{
	p->utime_ns += t->thread.utime_ns;
	p->stime_ns += t->thread.stime_ns;
	p->minflt += t->minflt;
	p->majflt += t->majflt;
	p->nvcsw += t->thread.nvcsw;
	p->nivcsw += t->thread.nivcsw;
}

/* Off the list of threads; true for the last. */
static bool
task_unlink(struct task *t, s32 status)
{
	struct proc *p = t->proc;
	bool last, wake_exec;
	u64 irq;

	irq = spin_lock_irq(&p->siglock);
	list_remove(&t->thread_node);
	last = --p->nthreads == 0;
	proc_add_times(p, t);
	sigpend_flush(&t->pend);
	if (p->leader == t) {
		if (!(p->flags & (PROC_F_EXITING | PROC_F_EXECING)))
			p->exit_code = status;
		if (!last)
			p->leader = list_first(&p->threads, struct task,
			    thread_node);
	}
	if (!last)
		signal_retarget_locked(p, t, ~t->blocked);
	signal_stop_thread_left_locked(p);
	wake_exec = p->flags & PROC_F_EXECING && p->nthreads == 1;
	spin_unlock_irq(&p->siglock, irq);
	if (wake_exec)
		waitq_wake(&p->wait_exec, 0);
	return last;
}

/* Who takes the children of p: the nearest subreaper above, or init. */
static struct proc *
reaper_of_locked(struct proc *p)
{
	struct proc *r;

	for (r = p->parent; r != init_proc; r = r->parent)
		if (r->flags & PROC_F_SUBREAPER && r->nthreads != 0)
			return r;
	return init_proc;
}

/* Give p's children away; those to be reaped at once go on *dead. */
static void
reparent_locked(struct proc *p, struct list *dead) REQUIRES(proc_tree_lock)
{
	struct proc *reaper = reaper_of_locked(p), *c, *next;

	list_for_each_safe(c, next, &p->children, sibling) {
		rcu_store(c->parent, reaper);
		list_remove(&c->sibling);
		list_push_back(&reaper->children, &c->sibling);
		if (c->pdeath_sig != 0)
			signal_send_proc(c, (int)c->pdeath_sig, NULL);
		job_check_orphans_locked(c, p);
		c->exit_signal = SIGCHLD;
		if (c->state == PROC_ZOMBIE &&
		    signal_parent_locked(c, CLD_EXITED, c->exit_code)) {
			proc_reap_locked(c);
			list_push_back(dead, &c->sibling);
		}
	}
}

static void
proc_tell_parent_locked(struct proc *p, struct list *dead)
    REQUIRES(proc_tree_lock)
{
	s32 code = p->exit_code;
	bool killed = (code & 0x7f) != 0;

	p->state = PROC_ZOMBIE;
	if (signal_parent_locked(p, killed ? CLD_KILLED : CLD_EXITED,
	    killed ? code & 0x7f : code >> 8 & 0xff)) {
		proc_reap_locked(p);
		list_push_back(dead, &p->sibling);
	}
}

/* What the process held beside its threads' things. */
static void
proc_release(struct proc *p)
{
	struct aspace *as;
	struct file *exe;
	u64 irq;

	itimer_exit_proc(p);
	irq = spin_lock_irq(&p->siglock);
	as = p->aspace;
	p->aspace = NULL;
	exe = p->exe;
	p->exe = NULL;
	sigpend_flush(&p->pend);
	killer_memory_gone_locked(p);
	spin_unlock_irq(&p->siglock, irq);
	p->maxrss = MAX(p->maxrss, as->rss_peak);
	aspace_put(as);
	if (exe != NULL)
		file_put(exe);
	killer_proc_ended(p);
}

static void
proc_end(struct proc *p)
{
	struct list dead = LIST_INIT(dead), *node;

	if (p == init_proc)
		panic("init has ended, wait status 0x%x", p->exit_code);
	proc_release(p);
	if (p->session == p->pid)
		job_session_leader_exit(p);
	spin_lock(&proc_tree_lock);
	reparent_locked(p, &dead);
	job_check_orphans_locked(p, p->parent);
	proc_tell_parent_locked(p, &dead);
	spin_unlock(&proc_tree_lock);
	while ((node = list_pop_front(&dead)) != NULL)
		proc_put(LIST_ENTRY(node, struct proc, sibling));
}

noreturn void
task_exit(s32 status)
{
	struct task *t = current_task();
	struct proc *p = t->proc;
	struct cred *cred;

	assert(list_is_empty(&t->thread_node) == false);
	reserve_end();
	standing_enter(&exit_tickets);
	robust_list_exit(t);
	clear_tid_exit(t);
	(void)aspace_rss_peak(current->aspace);
	task_leave_memory(NULL);
	if (!(p->vfork_done))
		proc_vfork_done(p);
	task_leave_files();
	if (task_unlink(t, status))
		proc_end(p);
	spin_lock(&proc_tree_lock);
	rcu_store(t->pid->task, NULL);
	pid_release_locked(t->pid);
	spin_unlock(&proc_tree_lock);
	standing_leave();
	cred = t->thread.cred;
	rcu_store(t->thread.cred, NULL);
	cred_put(cred);
	proc_put(p);
	thread_exit(task_reap);
}

noreturn void
proc_exit_group(s32 status)
{
	struct proc *p = current_proc();
	u64 irq = spin_lock_irq(&p->siglock);

	proc_kill_locked(p, status);
	status = p->exit_code;		/* who came first decides */
	spin_unlock_irq(&p->siglock, irq);
	task_exit(status);
}
