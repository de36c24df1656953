/*
 * Process 1: made by hand, since it has no parent; from its first execve on it
 * is like any other.
 */
#include "fs/vfs/vfs.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/fcntl.h"
#include "kernel/file/cred.h"
#include "kernel/file/file.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/proc/vdso.h"
#include "kernel/sched/sched.h"
#include "kernel/sync/rcu.h"
#include "kernel/trace/panic.h"
#include "kernel/vm/aspace.h"
#include "kernel/vm/reserve.h"
#include "kernel/x86/asm.h"
#include "kernel/x86/fpu.h"
#include "kernel/x86/switch.h"
#include "kernel/x86/trap.h"

#define INF	RLIM_INFINITY

static BOUND_ROW(init_make);
static BOUND_ROW(init_console);
static BOUND_ROW(init_exec);

bool proc_trace_init;

#define INIT_STRINGS	8

/* The caller's arrays may be gone when the thread runs; strings are not. */
static struct {
	const char	*path;
	const char	*argv[INIT_STRINGS], *envp[INIT_STRINGS];
	struct exec_strings strings;
} init_program;

static void
copy_strings(const char **to, const char *const from[])
{
	for (u32 i = 0; i < INIT_STRINGS - 1 && from[i] != NULL; i++)
		to[i] = from[i];
}

static void
init_limits(struct proc *p)
{
	static const struct lx_rlimit fixed[RLIM_NLIMITS] = {
		[RLIMIT_CPU] = { INF, INF },
		[RLIMIT_FSIZE] = { INF, INF },
		[RLIMIT_DATA] = { INF, INF },
		[RLIMIT_STACK] = { 8ul << 20, INF },
		[RLIMIT_CORE] = { 0, INF },
		[RLIMIT_RSS] = { INF, INF },
		[RLIMIT_NOFILE] = { 1024, 4096 },
		[RLIMIT_MEMLOCK] = { 8ul << 20, 8ul << 20 },
		[RLIMIT_AS] = { INF, INF },
		[RLIMIT_LOCKS] = { INF, INF },
		[RLIMIT_MSGQUEUE] = { 819200, 819200 },
		[RLIMIT_RTTIME] = { INF, INF },
	};
	u64 n = proc_max_threads / 2;

	memcpy(p->rlim, fixed, sizeof(p->rlim));
	p->rlim[RLIMIT_NPROC] = (struct lx_rlimit){ n, n };
	p->rlim[RLIMIT_SIGPENDING] = (struct lx_rlimit){ n, n };
}

/* Standard input, output and error: the console, if there is one. */
static void
init_console(void)
{
	struct file *f;
	int fd;

	if (vfs_open(AT_FDCWD, "/dev/console", O_RDWR, 0, &f) != 0)
		return;
	for (u32 i = 0; i < 3; i++) {
		file_get(f);
		fd = fd_install(f, 0, false);
		assert(fd == (int)i);
	}
	file_put(f);
}

static void
init_first(struct x86_thread *prev, void *arg)
{
	struct trapframe *tf = trap_frame_of(x86_current);
	const struct exec_path path = {
		AT_FDCWD, init_program.path, WALK_FOLLOW, init_program.path,
	};
	int error;

	thread_first(prev, arg);
	if (reserve_row(&bound_init_console) != 0)
		panic("init: killed before it began");
	init_console();
	if (reserve_row(&bound_init_exec) != 0)
		panic("init: killed before it began");
	error = exec_image(&path, &init_program.strings, tf);
	reserve_end();
	if (error != 0)
		panic("cannot run %s: error %d", init_program.path, -error);
}

static struct proc *
init_make_proc(void)
{
	struct proc *p = proc_create();

	memset(p->sighand, 0, sizeof(*p->sighand));
	p->aspace = aspace_create();
	p->cred = &root_cred;
	cred_get(p->cred);
	p->lineage = lineage_create();
	p->oom_lineage = lineage_id(p->lineage);
	p->flags = PROC_F_INIT;
	p->exit_signal = SIGCHLD;
	p->vfork_done = true;
	(void)strlcpy(p->comm, "init", sizeof(p->comm));
	init_limits(p);
	return p;
}

static struct task *
init_make_task(struct proc *p)
{
	struct task *t = task_create(p, "init");
	struct trapframe *tf;

	t->thread.aspace = p->aspace;
	aspace_get(p->aspace);
	t->thread.cred = p->cred;
	cred_get(p->cred);
	t->thread.fds = fdtable_create();
	t->thread.fs = fs_ctx_copy(current->fs);
	t->thread.reserve_exempt = true;
	x86_user_thread_init(&t->thread.x86, init_first, NULL);
	tf = trap_frame_of(&t->thread.x86);
	memset(tf, 0, sizeof(*tf));
	tf->cs = USER_CS;
	tf->ss = USER_SS;
	return t;
}

void
proc_start_init(const char *path, const char *const argv[],
    const char *const envp[])
{
	struct proc *p;
	struct task *t;
	struct pid *pid;
	u64 irq;

	vdso_update();
	init_program.path = path;
	copy_strings(init_program.argv, argv);
	copy_strings(init_program.envp, envp);
	init_program.strings = (struct exec_strings){
		true, (u64)init_program.argv, (u64)init_program.envp };
	if (reserve_row(&bound_init_make) != 0)
		panic("init: no memory");
	p = init_make_proc();
	t = init_make_task(p);
	pid = pid_alloc();
	assert(pid != NULL && pid->nr == 1);
	t->thread.tid = p->pid = 1;
	init_proc = p;
	p->parent = p;			/* so that there always is one */
	spin_lock(&proc_tree_lock);
	p->pid_self = t->pid = pid;
	pid_hold_locked(pid);
	pid_hold_locked(pid);
	rcu_store(pid->proc, p);
	rcu_store(pid->task, t);
	proc_set_pgrp_locked(p, pid);
	proc_set_session_locked(p, pid);
	irq = spin_lock_irq(&p->siglock);
	proc_add_task_locked(p, t);
	spin_unlock_irq(&p->siglock, irq);
	spin_unlock(&proc_tree_lock);
	reserve_end();
	if (proc_trace_init)
		thread_set_work(&t->thread, WORK_TRACE);
	thread_start(&t->thread);
}
