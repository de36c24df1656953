/*
 * execve: another program in this process.
 *
 * Everything that can go wrong happens while the old program is still whole:
 * the new address space is built beside the old one, with its image, its stack
 * and its arguments, and hangs on task.building meanwhile, where the killer
 * counts it. Then comes the commit, which cannot fail: the other threads end,
 * the address space changes, and what POSIX lists for exec is reset.
 */
#include "fs/vfs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/stat.h"
#include "kernel/abi/wait.h"
#include "kernel/file/cred.h"
#include "kernel/file/file.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"
#include "kernel/mem/frame.h"
#include "kernel/proc/exec_priv.h"
#include "kernel/proc/identity.h"
#include "kernel/proc/lifecall.h"
#include "kernel/sched/sched.h"
#include "kernel/sync/rcu.h"
#include "kernel/vm/aspace.h"
#include "kernel/vm/reserve.h"
#include "kernel/x86/fpu.h"
#include "kernel/x86/switch.h"
#include "kernel/x86/trap.h"

#define FD_PATH_LEN	288	/* "/dev/fd/N/" and a name; longer are cut */
#define RFLAGS_START	0x202ul		/* IF, and the bit that is always 1 */

static KMEM_CACHE(exec_cache, "exec", struct exec);
static BOUND_ROW(exec_map);		/* an address space; a segment's VMAs */
static BOUND_ROW(exec_files);		/* a table of descriptors of its own */
static BOUND_ROW(exec_commit);		/* credentials, a lineage */

static struct exec *
exec_begin(const struct exec_path *path, const struct exec_strings *strings)
{
	struct exec *e = kmem_get(&exec_cache);

	memset(e, 0, offsetof(struct exec, elf));
	e->path = path;
	e->strings = strings;
	e->page = frame_virt(frame_get(FRAME_BUFFER));
	e->tmp = frame_virt(frame_get(FRAME_BUFFER));
	return e;
}

static void
exec_end(struct exec *e)
{
	if (e->file != NULL)
		file_put(e->file);
	if (e->interp != NULL)
		file_put(e->interp);
	current_task()->building = NULL;
	if (e->as != NULL)
		aspace_put(e->as);
	frame_put(frame_of_virt(e->page));
	frame_put(frame_of_virt(e->tmp));
	kmem_put(&exec_cache, e);
}

/* Set-user-ID bits: whom the new program acts as. execve(2). */
static void
exec_identity(struct exec *e)
{
	const struct cred *c = current_cred();
	const struct inode *i = e->file->inode;

	e->euid = c->euid;
	e->egid = c->egid;
	if (!(current_proc()->flags & PROC_F_NEW_PRIVS) &&
	    file_may_setid(e->file)) {
		if (i->mode & S_ISUID)
			e->euid = i->uid;
		if ((i->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
			e->egid = i->gid;
	}
	e->secure = e->euid != c->uid || e->egid != c->gid;
}

static int
exec_build(struct exec *e, u64 *sp)
{
	int error = exec_open(e);

	if (error != 0)
		return error;
	error = reserve_row(&bound_exec_map);
	if (error != 0)
		return error;
	e->as = aspace_create();
	current_task()->building = e->as;
	exec_identity(e);
	error = exec_map(e);
	return error != 0 ? error : exec_stack(e, sp);
}

/* End the other threads; -EAGAIN if another one is about to do the same. */
static int
exec_alone(struct task *t)
{
	struct proc *p = t->proc;
	struct task *other;
	int result = 0;
	u64 irq = spin_lock_irq(&p->siglock);

	if (p->flags & (PROC_F_EXITING | PROC_F_EXECING)) {
		spin_unlock_irq(&p->siglock, irq);
		return -EAGAIN;
	}
	if (p->nthreads > 1) {
		p->flags |= PROC_F_EXECING;
		list_for_each(other, &p->threads, thread_node) {
			if (other == t)
				continue;
			thread_set_work(&other->thread, WORK_KILLED);
			(void)sched_wake_state(&other->thread,
			    BIT(THREAD_SLEEPING) | BIT(THREAD_KILLABLE) |
			    BIT(THREAD_STOPPED));
		}
	}
	spin_unlock_irq(&p->siglock, irq);
	if (p->flags & PROC_F_EXECING)
		WAIT_RENEWED(&p->wait_exec, READ_ONCE(p->nthreads) == 1,
		    THREAD_KILLABLE, CLOCK_NEVER, false, result);
	irq = spin_lock_irq(&p->siglock);
	p->flags &= ~PROC_F_EXECING;
	p->leader = t;
	spin_unlock_irq(&p->siglock, irq);
	return result;
}

/* The survivor is the process's first thread: it takes its number. */
static void
exec_take_pid(struct task *t)
{
	struct proc *p = t->proc;

	if (t->pid == p->pid_self)
		return;
	spin_lock(&proc_tree_lock);
	rcu_store(t->pid->task, NULL);
	pid_release_locked(t->pid);
	pid_hold_locked(p->pid_self);
	t->pid = p->pid_self;
	t->thread.tid = p->pid;
	rcu_store(p->pid_self->task, t);
	spin_unlock(&proc_tree_lock);
}

/* execve(2): handlers go to default, ignored signals stay so. */
static void
exec_reset_signals(struct task *t)
{
	struct proc *p = t->proc;
	u64 irq = spin_lock_irq(&p->siglock);

	for (u32 i = 0; i < NSIG; i++) {
		struct sigact *a = &p->sighand->act[i];

		if (a->handler != LX_SIG_IGN)
			a->handler = LX_SIG_DFL;
		a->flags = 0;
		a->mask = 0;
		a->restorer = 0;
	}
	spin_unlock_irq(&p->siglock, irq);
	t->altstack = UPTR(0);
	t->altstack_len = 0;
	t->altstack_flags = SS_DISABLE;
	t->clear_tid = UPTR(0);
	t->robust_list = UPTR(0);
	t->restart_fn = RESTART_NONE;
	itimer_exec_proc(p);
}

static void
exec_set_name(struct task *t, const char *path)
{
	const char *base = strrchr(path, '/');

	base = base != NULL ? base + 1 : path;
	(void)strlcpy(t->proc->comm, base, sizeof(t->proc->comm));
	(void)strlcpy(t->thread.name, base, sizeof(t->thread.name));
}

static void
exec_set_cred(const struct exec *e)
{
	const struct cred *old = current_cred();
	struct cred *c;

	if (e->euid == old->euid && e->egid == old->egid &&
	    old->suid == old->euid && old->sgid == old->egid)
		return;
	c = cred_copy(old);
	c->euid = c->suid = c->fsuid = e->euid;
	c->egid = c->sgid = c->fsgid = e->egid;
	proc_set_cred(c);
}

/* The process's own: image file, memory, lineage. */
static void
exec_switch_memory(struct exec *e, struct task *t)
{
	struct proc *p = t->proc;
	struct lineage *lineage = lineage_create(), *old_lineage;
	struct file *old_exe;
	struct aspace *old;
	u64 irq;

	(void)aspace_rss_peak(current->aspace);
	aspace_get(e->as);
	irq = spin_lock_irq(&p->siglock);
	old = p->aspace;
	p->aspace = e->as;
	old_exe = p->exe;
	p->exe = e->file;
	old_lineage = p->lineage;
	p->lineage = lineage;
	p->oom_lineage = lineage_id(lineage);
	p->did_exec = true;
	p->dumpable = !e->secure;
	spin_unlock_irq(&p->siglock, irq);
	t->building = NULL;
	task_leave_memory(e->as);
	aspace_put(old);
	e->as = NULL;
	e->file = old_exe;		/* exec_end() puts it */
	lineage_put(old_lineage);
	proc_vfork_done(p);
}

static void
exec_registers(const struct exec *e, struct task *t, struct trapframe *tf,
    u64 sp)
{
	u64 cs = tf->cs, ss = tf->ss;

	memset(tf, 0, sizeof(*tf));
	tf->cs = cs;
	tf->ss = ss;
	tf->rip = e->first_rip;
	tf->rcx = e->first_rip;		/* so that SYSRET will do */
	tf->rsp = sp;
	tf->rflags = RFLAGS_START;
	tf->r11 = RFLAGS_START;
	tf->orig_rax = ~0ul;
	t->thread.x86.fs_base = 0;
	t->thread.x86.gs_base = 0;
	x86_load_user_bases();
	fpu_reset();
}

static int
exec_commit(struct exec *e, struct trapframe *tf, u64 sp)
{
	struct task *t = current_task();
	int error = exec_alone(t);

	if (error != 0)
		return error;
	error = reserve_row(&bound_exec_files);
	if (error != 0)
		return error;
	exec_take_pid(t);
	/* From here on only a kill ends it, and nobody sees in what state. */
	error = fdtable_unshare_current();
	if (error != 0)
		return error;
	error = reserve_row(&bound_exec_commit);
	if (error != 0)
		return error;
	fdtable_close_on_exec(current->fds);
	exec_set_cred(e);
	exec_reset_signals(t);
	exec_set_name(t, e->path->shown);
	exec_switch_memory(e, t);
	exec_registers(e, t, tf, sp);
	return 0;
}

int
exec_image(const struct exec_path *path, const struct exec_strings *strings,
    struct trapframe *tf)
{
	struct exec *e = exec_begin(path, strings);
	u64 sp = 0;
	int error = exec_build(e, &sp);

	if (error == 0)
		error = exec_commit(e, tf, sp);
	exec_end(e);
	return error;
}

/* What a program run by descriptor hears as its path: execveat(2). */
static const char *
fd_path(int dirfd, const char *name, char *buf, usize len)
{
	if (dirfd == AT_FDCWD || *name == '/')
		return name;
	(void)ksnprintf(buf, len, *name == '\0' ? "/dev/fd/%d" :
	    "/dev/fd/%d/%s", dirfd, name);
	return buf;
}

int
proc_exec(int dirfd, const char *name, u32 at_flags, uptr_t argv, uptr_t envp,
    struct trapframe *tf)
{
	const struct exec_strings strings = { false, argv.addr, envp.addr };
	char shown[FD_PATH_LEN];
	const struct exec_path path = {
		.dirfd = dirfd, .name = name,
		.walk_flags = (at_flags & AT_SYMLINK_NOFOLLOW ? 0 :
		    WALK_FOLLOW) | (at_flags & AT_EMPTY_PATH ? WALK_EMPTY : 0),
		.shown = fd_path(dirfd, name, shown, sizeof(shown)),
	};

	return exec_image(&path, &strings, tf);
}
