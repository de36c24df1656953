/*
 * System calls about processes and threads.
 *
 * Thin: flags are taken apart, structures copied in and out; the work is in
 * kernel/proc (fork.c, exec.c, exit.c, wait.c, job.c). What other processes
 * may change under us is read under RCU, without a lock. prctl(2) answers what
 * programs ask at their start; what has no meaning here is accepted if ignoring
 * it is harmless, else -EINVAL.
 */
#include "fs/vfs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/abi/futex.h"
#include "kernel/abi/limits.h"
#include "kernel/abi/prctl.h"
#include "kernel/abi/sched.h"
#include "kernel/abi/wait.h"
#include "kernel/file/file.h"
#include "kernel/lib/string.h"
#include "kernel/proc/lifecall.h"
#include "kernel/proc/task.h"
#include "kernel/sync/rcu.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vm/uaccess.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/switch.h"
#include "kernel/x86/trap.h"

#define CAP_LAST	40	/* CAP_CHECKPOINT_RESTORE, capabilities(7) */

long
sys_clone(u64 flags, u64 stack, uptr_t parent_tid, uptr_t child_tid, u64 tls)
{
	const struct clone_request r = {
		.flags = flags & ~(u64)CSIGNAL,
		.exit_signal = flags & CSIGNAL,
		.stack = stack, .tls = tls,
		.parent_tid = parent_tid, .child_tid = child_tid,
	};

	return proc_clone(&r, trap_user_frame());
}

long
sys_fork(void)
{
	const struct clone_request r = { .exit_signal = SIGCHLD };

	return proc_clone(&r, trap_user_frame());
}

long
sys_vfork(void)
{
	const struct clone_request r = {
		.flags = CLONE_VM | CLONE_VFORK,
		.exit_signal = SIGCHLD,
	};

	return proc_clone(&r, trap_user_frame());
}

long
sys_execve(uptr_t path, uptr_t argv, uptr_t envp)
{
	struct trapframe *tf = trap_user_frame();
	char *name;
	int error = path_name_get(path, &name);

	if (error != 0)
		return error;
	error = proc_exec(AT_FDCWD, name, 0, argv, envp, tf);
	path_name_put(name);
	return error;
}

long
sys_execveat(int dirfd, uptr_t path, uptr_t argv, uptr_t envp, int flags)
{
	struct trapframe *tf = trap_user_frame();
	char *name, empty[1] = "";
	int error;

	if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	error = path_name_get(path, &name);
	if (error == -ENOENT && flags & AT_EMPTY_PATH)
		return proc_exec(dirfd, empty, (u32)flags, argv, envp, tf);
	if (error != 0)
		return error;
	error = proc_exec(dirfd, name, (u32)flags, argv, envp, tf);
	path_name_put(name);
	return error;
}

long
sys_exit(int status)
{
	task_exit(LX_WSTATUS_EXIT(status));
}

long
sys_exit_group(int status)
{
	proc_exit_group(LX_WSTATUS_EXIT(status));
}

long
sys_wait4(int pid, uptr_t status, int options, uptr_t usage)
{
	struct wait_request r = { .options = (u32)options | WEXITED };
	struct wait_result w;
	long found;

	if ((u32)options & ~(WNOHANG | WUNTRACED | WCONTINUED |
	    __WNOTHREAD | __WALL | __WCLONE))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	r.idtype = pid == -1 ? P_ALL : pid > 0 ? P_PID : P_PGID;
	r.id = pid > 0 ? (u32)pid : (u32)-pid;
	found = proc_wait(&r, &w);
	if (found <= 0)
		return found;
	if (status.addr != 0 && copy_out_obj(status, &w.status) != 0)
		return -EFAULT;
	if (usage.addr != 0 && copy_out_obj(usage, &w.usage) != 0)
		return -EFAULT;
	return found;
}

/* si_status is not the status word: an exit code or a signal. waitid(2) */
static s32
waitid_status(const struct wait_result *w)
{
	switch (w->code) {
	case CLD_EXITED:
	case CLD_STOPPED:
		return w->status >> 8 & 0xff;
	case CLD_CONTINUED:
		return SIGCONT;
	default:
		return w->status & 0x7f;
	}
}

long
sys_waitid(int idtype, int id, uptr_t info, int options, uptr_t usage)
{
	const struct wait_request r = { idtype, (u32)id, (u32)options };
	struct wait_result w;
	struct lx_siginfo si;
	long found;

	if (r.options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED |
	    WCONTINUED | __WNOTHREAD | __WALL | __WCLONE) ||
	    !(r.options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	if (idtype != P_ALL && idtype != P_PID && idtype != P_PGID)
		return -EINVAL;
	if ((idtype == P_PID && id <= 0) || (idtype == P_PGID && id < 0))
		return -EINVAL;
	found = proc_wait(&r, &w);
	if (found < 0)
		return found;
	memset(&si, 0, sizeof(si));
	if (found > 0) {
		si.si_signo = SIGCHLD;
		si.si_code = w.code;
		si.u.chld.si_pid = (s32)w.pid;
		si.u.chld.si_uid = w.uid;
		si.u.chld.si_status = waitid_status(&w);
		if (usage.addr != 0 && copy_out_obj(usage, &w.usage) != 0)
			return -EFAULT;
	}
	if (info.addr != 0 && copy_out_obj(info, &si) != 0)
		return -EFAULT;
	return 0;
}

long
sys_getpid(void)
{
	return current_proc()->pid;
}

/* The parent may be exchanged any moment, but not freed: we read under RCU. */
long
sys_getppid(void)
{
	const struct proc *p = current_proc();
	const struct proc *parent;
	long pid;

	rcu_read_lock();
	parent = rcu_load(p->parent);
	pid = parent != p ? parent->pid : 0;
	rcu_read_unlock();
	return pid;
}

long
sys_gettid(void)
{
	return current->tid;
}

long
sys_set_tid_address(uptr_t tid)
{
	current_task()->clear_tid = tid;
	return current->tid;
}

long
sys_set_robust_list(uptr_t head, usize len)
{
	if (len != sizeof(struct lx_robust_list_head))
		return -EINVAL;
	current_task()->robust_list = head;
	current_task()->robust_len = len;
	return 0;
}

long
sys_get_robust_list(int pid, uptr_t head, uptr_t len)
{
	u64 size = sizeof(struct lx_robust_list_head);
	struct task *t;
	uptr_t list;

	rcu_read_lock();
	t = pid == 0 ? current_task() : task_find((u32)pid);
	list = t != NULL ? t->robust_list : UPTR(0);
	rcu_read_unlock();
	if (t == NULL)
		return -ESRCH;
	if (t->proc != current_proc())
		return -EPERM;
	if (copy_out_obj(len, &size) != 0)
		return -EFAULT;
	return copy_out_obj(head, &list.addr);
}

long
sys_setpgid(int pid, int pgrp)
{
	if (pid < 0 || pgrp < 0)
		return -EINVAL;
	return job_setpgid((u32)pid, (u32)pgrp);
}

long
sys_getpgid(int pid)
{
	return pid < 0 ? -ESRCH : job_getpgid((u32)pid);
}

long
sys_getpgrp(void)
{
	return current_proc()->pgrp;
}

long
sys_setsid(void)
{
	return job_setsid();
}

long
sys_getsid(int pid)
{
	return pid < 0 ? -ESRCH : job_getsid((u32)pid);
}

static long
prctl_set_name(uptr_t from)
{
	char name[TASK_COMM_LEN];
	isize n = copy_in_str(name, from, sizeof(name));

	if (n < 0 && n != -ENAMETOOLONG)
		return n;
	name[TASK_COMM_LEN - 1] = '\0';
	(void)strlcpy(current->name, name, sizeof(current->name));
	if (current_proc()->leader == current_task())
		(void)strlcpy(current_proc()->comm, name, TASK_COMM_LEN);
	return 0;
}

static long
prctl_get_name(uptr_t to)
{
	char name[TASK_COMM_LEN];

	memset(name, 0, sizeof(name));
	(void)strlcpy(name, current->name, sizeof(name));
	return copy_out_obj(to, &name);
}

/* Flags of the process that prctl sets and reads. */
static void
set_proc_flag(u32 flag, bool on)
{
	struct proc *p = current_proc();
	u64 irq = spin_lock_irq(&p->siglock);

	p->flags = on ? p->flags | flag : p->flags & ~flag;
	spin_unlock_irq(&p->siglock, irq);
}

static long
put_int(uptr_t to, int v)
{
	return copy_out_obj(to, &v);
}

/* Options that are only flags of the process. -ENOSYS: not one of them. */
static long
prctl_flag(int option, u64 a)
{
	struct proc *p = current_proc();

	switch (option) {
	case PR_SET_CHILD_SUBREAPER:
		set_proc_flag(PROC_F_SUBREAPER, a != 0);
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return put_int(UPTR(a), (p->flags & PROC_F_SUBREAPER) != 0);
	case PR_SET_NO_NEW_PRIVS:
		if (a != 1)
			return -EINVAL;
		set_proc_flag(PROC_F_NEW_PRIVS, true);
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		return (p->flags & PROC_F_NEW_PRIVS) != 0;
	case PR_SET_DUMPABLE:
		if (a > 1)
			return -EINVAL;
		p->dumpable = a;
		return 0;
	case PR_GET_DUMPABLE:
		return p->dumpable;
	default:
		return -ENOSYS;
	}
}

/* Options without effect here, and their answers. */
static const struct {
	int	option;
	long	answer;
} prctl_ignored[] = {
	{ PR_SET_KEEPCAPS, 0 }, { PR_GET_KEEPCAPS, 0 },
	{ PR_SET_TIMERSLACK, 0 }, { PR_GET_TIMERSLACK, 50000 },
	{ PR_SET_THP_DISABLE, 0 }, { PR_GET_THP_DISABLE, 0 },
	{ PR_GET_SECCOMP, 0 },
};

long
sys_prctl(int option, u64 a, u64 b, u64 c, u64 d)
{
	long result = prctl_flag(option, a);

	(void)b, (void)c, (void)d;
	if (result != -ENOSYS)
		return result;
	for (u32 i = 0; i < ARRAY_LEN(prctl_ignored); i++)
		if (prctl_ignored[i].option == option)
			return prctl_ignored[i].answer;
	switch (option) {
	case PR_SET_NAME:
		return prctl_set_name(UPTR(a));
	case PR_GET_NAME:
		return prctl_get_name(UPTR(a));
	case PR_SET_PDEATHSIG:
		if (a > NSIG)
			return -EINVAL;
		current_proc()->pdeath_sig = (u32)a;
		return 0;
	case PR_GET_PDEATHSIG:
		return put_int(UPTR(a), (int)current_proc()->pdeath_sig);
	case PR_CAPBSET_READ:
		return a > CAP_LAST ? -EINVAL : 1;
	default:
		return -EINVAL;
	}
}

long
sys_arch_prctl(int option, u64 addr)
{
	struct x86_thread *x = &current->x86;

	switch (option) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		if (addr >= USER_TOP)
			return -EPERM;
		x86_save_user_bases();
		if (option == ARCH_SET_FS)
			x->fs_base = addr;
		else
			x->gs_base = addr;
		x86_load_user_bases();
		return 0;
	case ARCH_GET_FS:
		x86_save_user_bases();
		return copy_out_obj(UPTR(addr), &x->fs_base);
	case ARCH_GET_GS:
		x86_save_user_bases();
		return copy_out_obj(UPTR(addr), &x->gs_base);
	default:
		return -EINVAL;
	}
}

/* Only PER_LINUX, 0; all ones asks. */
long
sys_personality(u64 persona)
{
	return persona == 0 || (u32)persona == 0xffffffffu ? 0 : -EINVAL;
}

long
sys_unshare(u64 flags)
{
	struct fs_ctx *old;

	if (flags & ~(u64)(CLONE_FILES | CLONE_FS))
		return -EINVAL;
	if (flags & CLONE_FS) {
		old = current->fs;
		current->fs = fs_ctx_copy(old);
		fs_ctx_put(old);
	}
	return flags & CLONE_FILES ? fdtable_unshare_current() : 0;
}
