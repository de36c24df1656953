/*
 * /proc/PID: what a process and its threads are and have. The formats are those
 * of proc(5), since ps, top and Redis parse them by position.
 *
 * A show function gets the process with a reference; the thread, for files
 * under task/TID, is looked at under the process's siglock only, before the
 * function may sleep. What it prints is gathered into struct numbers first,
 * under the locks, so that a line shows one moment and no lock is held while
 * text is made.
 *
 * Locks: siglock, then (for maps) the address space's.
 */
#include "fs/procfs/procfs_priv.h"
#include "kernel/abi/errno.h"
#include "kernel/abi/mman.h"
#include "kernel/dev/tty.h"
#include "kernel/file/cred.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/parse.h"
#include "kernel/lib/string.h"
#include "kernel/proc/task.h"
#include "kernel/vm/aspace.h"

#define TICK_NS		10000000ul	/* USER_HZ is 100 */
#define KIB(frames)	((frames) * (PAGE_SIZE / 1024))

/* ---- reaching things ---- */

/* Some live thread of p; siglock held. */
static struct task *
any_task_locked(struct proc *p) REQUIRES(p->siglock)
{
	struct task *t;

	list_for_each(t, &p->threads, thread_node)
		return t;
	return NULL;
}

struct fdtable *
proc_fds_get(struct proc *p)
{
	u64 flags = spin_lock_irq(&p->siglock);
	struct task *t = any_task_locked(p);
	struct fdtable *fds = t != NULL ? t->thread.fds : NULL;

	if (fds != NULL)
		fdtable_get(fds);
	spin_unlock_irq(&p->siglock, flags);
	return fds;
}

bool
proc_has_fd(struct proc *p, u32 fd)
{
	u64 flags = spin_lock_irq(&p->siglock);
	struct task *t = any_task_locked(p);
	struct fdtable *fds = t != NULL ? t->thread.fds : NULL;
	bool has = fds != NULL && fdtable_next(fds, fd) == (int)fd;

	spin_unlock_irq(&p->siglock, flags);
	return has;
}

static struct aspace *
proc_as_get(struct proc *p)
{
	u64 flags = spin_lock_irq(&p->siglock);
	struct aspace *as = p->aspace;

	if (as != NULL)
		aspace_get(as);
	spin_unlock_irq(&p->siglock, flags);
	return as;
}

/* May current look into p's memory and files? */
static bool
may_inspect(struct proc *p)
{
	const struct cred *me = current_cred();
	bool may;

	rcu_read_lock();
	may = cred_is_root(me) || (me->euid == p->cred->euid && p->dumpable);
	rcu_read_unlock();
	return may;
}

/* ---- numbers ---- */

static char
state_letter(struct proc *p, struct task *t)
{
	if (t == NULL || p->state != PROC_RUNNING)
		return 'Z';
	switch (READ_ONCE(t->thread.state)) {
	case THREAD_RUNNABLE:	return 'R';
	case THREAD_BLOCKED:	return 'D';
	case THREAD_STOPPED:	return 'T';
	case THREAD_DEAD:	return 'X';
	default:		return 'S';
	}
}

static const char *
state_name(char letter)
{
	switch (letter) {
	case 'R':	return "R (running)";
	case 'D':	return "D (disk sleep)";
	case 'T':	return "T (stopped)";
	case 'Z':	return "Z (zombie)";
	case 'X':	return "X (dead)";
	default:	return "S (sleeping)";
	}
}

/* What stat and status print, gathered under the locks at one moment. */
struct numbers {
	u32	pid, tid, ppid, pgrp, session, nthreads;
	s32	tty_nr, tpgid;
	char	state;
	char	comm[16];
	u64	user_ns, system_ns, cuser_ns, csystem_ns, start_ns;
	u64	minflt, majflt, cminflt, cmajflt, nvcsw, nivcsw;
	u64	vsize, rss, limit_rss;
	u64	pending, shared_pending, blocked, ignored, caught;
	u32	cpu;
	s32	nice, policy, rt_prio, exit_signal, exit_code;
	u64	start_code, end_code, start_data, end_data, brk_start;
	u64	arg_start, arg_end, env_start, env_end, stack_top;
};

static void
gather_signals_locked(struct proc *p, struct task *t, struct numbers *n)
    REQUIRES(p->siglock)
{
	n->shared_pending = p->pend.mask;
	if (t != NULL) {
		n->pending = t->pend.mask;
		n->blocked = t->blocked;
	}
	for (u32 i = 0; p->sighand != NULL && i < NSIG; i++) {
		u64 h = p->sighand->act[i].handler;

		if (h == LX_SIG_IGN)
			n->ignored |= BIT(i);
		else if (h != LX_SIG_DFL)
			n->caught |= BIT(i);
	}
}

static void
gather_times_locked(struct proc *p, struct task *only, struct numbers *n)
    REQUIRES(p->siglock)
{
	struct task *t;

	if (only == NULL) {
		n->user_ns = p->utime_ns;
		n->system_ns = p->stime_ns;
		n->minflt = p->minflt;
		n->majflt = p->majflt;
		n->nvcsw = p->nvcsw;
		n->nivcsw = p->nivcsw;
	}
	list_for_each(t, &p->threads, thread_node) {
		if (only != NULL && t != only)
			continue;
		n->user_ns += t->thread.utime_ns;
		n->system_ns += t->thread.stime_ns;
		n->minflt += t->minflt;
		n->majflt += t->majflt;
		n->nvcsw += t->thread.nvcsw;
		n->nivcsw += t->thread.nivcsw;
	}
}

static void
gather_memory(struct proc *p, struct numbers *n)
{
	struct aspace *as = proc_as_get(p);

	if (as == NULL)
		return;
	n->vsize = as->total_pages * PAGE_SIZE;
	n->rss = as->rss_anon + as->rss_file;
	n->start_code = as->start_code;
	n->end_code = as->end_code;
	n->start_data = as->start_data;
	n->end_data = as->end_data;
	n->brk_start = as->brk_start;
	n->arg_start = as->arg_start;
	n->arg_end = as->arg_end;
	n->env_start = as->env_start;
	n->env_end = as->env_end;
	n->stack_top = as->stack_top;
	aspace_put(as);
}

/* The thread that a line is about (or the process, by any of its threads). */
static void
gather_thread_locked(struct proc *p, struct task *t, struct numbers *n)
    REQUIRES(p->siglock)
{
	n->state = state_letter(p, t);
	memcpy(n->comm, t != NULL ? t->thread.name : p->comm, 16);
	n->comm[15] = '\0';
	if (t == NULL)
		return;
	n->cpu = t->thread.cpu;
	n->nice = t->thread.nice;
	n->policy = t->thread.policy;
	n->rt_prio = t->thread.rt_prio;
}

static void
gather_family(struct proc *p, struct numbers *n)
{
	rcu_read_lock();
	n->ppid = p->parent != NULL && p->parent != p ? p->parent->pid : 0;
	n->pgrp = p->pgrp;
	n->session = p->session;
	n->tpgid = -1;
	if (p->ctty != NULL) {
		n->tty_nr = tty_number(p->ctty);
		n->tpgid = p->ctty->pgrp;
	}
	rcu_read_unlock();
}

static void
gather(struct pctx *c, struct numbers *n)
{
	struct proc *p = c->proc;
	struct task *t;
	u64 flags;

	memset(n, 0, sizeof(*n));
	n->pid = p->pid;
	flags = spin_lock_irq(&p->siglock);
	t = c->task != NULL ? c->task : any_task_locked(p);
	n->tid = c->task != NULL ? c->task->thread.tid : p->pid;
	n->nthreads = p->nthreads;
	n->start_ns = p->start_ns;
	n->cuser_ns = p->cutime_ns;
	n->csystem_ns = p->cstime_ns;
	n->cminflt = p->cminflt;
	n->cmajflt = p->cmajflt;
	n->exit_signal = p->exit_signal;
	n->exit_code = p->exit_code;
	n->limit_rss = p->rlim[RLIMIT_RSS].rlim_cur;
	gather_thread_locked(p, t, n);
	gather_signals_locked(p, t, n);
	gather_times_locked(p, c->task, n);
	spin_unlock_irq(&p->siglock, flags);
	gather_family(p, n);
	gather_memory(p, n);
}

/* ---- stat, status, statm ---- */

static int
show_stat(struct ptext *t, struct pctx *c)
{
	struct numbers n;

	gather(c, &n);
	pt_printf(t, "%u (%s) %c %u %u %u %d %d 0 ", n.tid, n.comm, n.state,
	    n.ppid, n.pgrp, n.session, n.tty_nr, n.tpgid);
	pt_printf(t, "%lu %lu %lu %lu %lu %lu %lu %lu ", n.minflt, n.cminflt,
	    n.majflt, n.cmajflt, n.user_ns / TICK_NS, n.system_ns / TICK_NS,
	    n.cuser_ns / TICK_NS, n.csystem_ns / TICK_NS);
	pt_printf(t, "%d %d %u 0 %lu %lu %lu %lu ",
	    n.rt_prio != 0 ? -1 - n.rt_prio : 20 + n.nice, n.nice, n.nthreads,
	    n.start_ns / TICK_NS, n.vsize, n.rss, n.limit_rss);
	pt_printf(t, "%lu %lu %lu 0 0 %lu %lu %lu %lu 0 0 0 ", n.start_code,
	    n.end_code, n.stack_top, n.pending & 0x7fffffff,
	    n.blocked & 0x7fffffff, n.ignored & 0x7fffffff,
	    n.caught & 0x7fffffff);
	pt_printf(t, "%d %u %d %d 0 0 0 %lu %lu %lu %lu %lu %lu %lu %d\n",
	    n.exit_signal, n.cpu, n.rt_prio, n.policy, n.start_data,
	    n.end_data, n.brk_start, n.arg_start, n.arg_end, n.env_start,
	    n.env_end, n.exit_code);
	return 0;
}

static void
show_ids(struct ptext *t, struct proc *p)
{
	const struct cred *cr;

	rcu_read_lock();
	cr = rcu_load(p->cred);
	pt_printf(t, "Uid:\t%u\t%u\t%u\t%u\n", cr->uid, cr->euid, cr->suid,
	    cr->fsuid);
	pt_printf(t, "Gid:\t%u\t%u\t%u\t%u\n", cr->gid, cr->egid, cr->sgid,
	    cr->fsgid);
	pt_puts(t, "Groups:\t");
	for (u32 i = 0; i < cr->ngroups; i++)
		pt_printf(t, "%u ", cr->groups[i]);
	pt_puts(t, "\n");
	rcu_read_unlock();
}

static void
show_vm(struct ptext *t, struct proc *p)
{
	struct aspace *as = proc_as_get(p);

	if (as == NULL)
		return;
	pt_printf(t, "VmSize:\t%8lu kB\n", KIB(as->total_pages));
	pt_printf(t, "VmLck:\t%8lu kB\nVmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\n",
	    KIB(as->locked_pages), KIB(as->rss_peak),
	    KIB(as->rss_anon + as->rss_file));
	pt_printf(t, "RssAnon:\t%8lu kB\nRssFile:\t%8lu kB\n",
	    KIB(as->rss_anon), KIB(as->rss_file));
	pt_printf(t, "VmData:\t%8lu kB\nVmStk:\t%8lu kB\nVmExe:\t%8lu kB\n"
	    "VmPTE:\t%8lu kB\nVmSwap:\t%8lu kB\n",
	    KIB(as->data_pages), KIB(as->stack_pages),
	    (as->end_code - as->start_code) / 1024, KIB(as->rss_pt), 0ul);
	aspace_put(as);
}

static int
show_status(struct ptext *t, struct pctx *c)
{
	struct numbers n;

	gather(c, &n);
	pt_printf(t, "Name:\t%s\nState:\t%s\nTgid:\t%u\n"
	    "Ngid:\t0\nPid:\t%u\nPPid:\t%u\nTracerPid:\t0\n", n.comm,
	    state_name(n.state), n.pid, n.tid, n.ppid);
	show_ids(t, c->proc);
	show_vm(t, c->proc);
	pt_printf(t, "Threads:\t%u\n", n.nthreads);
	pt_printf(t, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\n"
	    "SigIgn:\t%016lx\nSigCgt:\t%016lx\n", n.pending, n.shared_pending,
	    n.blocked, n.ignored, n.caught);
	pt_printf(t, "Cpus_allowed:\t%lx\n", ncpus >= 64 ? ~0ul :
	    BIT(ncpus) - 1);
	pt_printf(t, "voluntary_ctxt_switches:\t%lu\n"
	    "nonvoluntary_ctxt_switches:\t%lu\n", n.nvcsw, n.nivcsw);
	return 0;
}

static int
show_statm(struct ptext *t, struct pctx *c)
{
	struct aspace *as = proc_as_get(c->proc);

	if (as == NULL) {
		pt_puts(t, "0 0 0 0 0 0 0\n");
		return 0;
	}
	pt_printf(t, "%lu %lu %lu %lu 0 %lu 0\n", as->total_pages,
	    as->rss_anon + as->rss_file, as->rss_file,
	    (as->end_code - as->start_code + PAGE_MASK) / PAGE_SIZE,
	    as->data_pages + as->stack_pages);
	aspace_put(as);
	return 0;
}

/* ---- memory ---- */

static void
show_vma_line(struct ptext *t, struct vma *v, char *scratch)
{
	u64 dev = 0, ino = 0;
	char head[96];
	int n;

	if (v->pager != NULL && v->pager->ops->identity != NULL)
		v->pager->ops->identity(v->pager, &dev, &ino);
	n = ksnprintf(head, sizeof(head), "%08lx-%08lx %c%c%c%c %08lx "
	    "%02lx:%02lx %lu", v->start, v->end,
	    v->prot & PROT_READ ? 'r' : '-', v->prot & PROT_WRITE ? 'w' : '-',
	    v->prot & PROT_EXEC ? 'x' : '-',
	    v->flags & MAP_SHARED ? 's' : 'p',
	    v->pager != NULL ? v->pgoff * PAGE_SIZE : 0, dev >> 8 & 0xfff,
	    dev & 0xff, ino);
	pt_add(t, head, n);
	scratch[0] = '\0';
	if (v->pager != NULL && v->pager->ops->path != NULL) {
		if (v->pager->ops->path(v->pager, scratch, PAGE_SIZE) < 0)
			scratch[0] = '\0';
	}
	if (v->flags & VMA_VDSO)
		strlcpy(scratch, "[vdso]", PAGE_SIZE);
	else if (v->flags & VMA_VVAR)
		strlcpy(scratch, "[vvar]", PAGE_SIZE);
	else if (v->flags & VMA_HEAP)
		strlcpy(scratch, "[heap]", PAGE_SIZE);
	else if (v->flags & VMA_STACK)
		strlcpy(scratch, "[stack]", PAGE_SIZE);
	if (scratch[0] != '\0') {
		for (; n < 73; n++)
			pt_add(t, " ", 1);
		pt_puts(t, scratch);
	}
	pt_add(t, "\n", 1);
}

static void
show_vma_pages(struct ptext *t, struct aspace *as, struct vma *v)
{
	struct vma_pages n;

	vma_count_pages(as, v, &n);
	pt_printf(t, "Size:           %8lu kB\nKernelPageSize:        4 kB\n"
	    "MMUPageSize:           4 kB\nRss:            %8lu kB\n"
	    "Pss:            %8lu kB\n", (v->end - v->start) / 1024,
	    KIB(n.present), KIB(n.present - n.shared / 2));
	pt_printf(t, "Shared_Clean:   %8lu kB\nShared_Dirty:   %8lu kB\n"
	    "Private_Clean:  %8lu kB\nPrivate_Dirty:  %8lu kB\n",
	    KIB(n.shared - n.shared_dirty), KIB(n.shared_dirty),
	    KIB(n.present - n.shared - n.private_dirty),
	    KIB(n.private_dirty));
	pt_printf(t, "Anonymous:      %8lu kB\nAnonHugePages:         0 kB\n"
	    "Swap:                  0 kB\nLocked:                0 kB\n",
	    KIB(n.anon));
}

static int
show_vmas(struct ptext *t, struct pctx *c, bool pages)
{
	struct aspace *as;

	if (!may_inspect(c->proc))
		return -EACCES;
	as = proc_as_get(c->proc);
	if (as == NULL)
		return 0;
	mutex_lock(&as->lock);
	for (struct vma *v = vma_first(as); v != NULL && !pt_is_full(t);
	    v = vma_next(v)) {
		show_vma_line(t, v, c->scratch);
		if (pages)
			show_vma_pages(t, as, v);
	}
	mutex_unlock(&as->lock);
	aspace_put(as);
	return 0;
}

static int
show_maps(struct ptext *t, struct pctx *c)
{
	return show_vmas(t, c, false);
}

static int
show_smaps(struct ptext *t, struct pctx *c)
{
	return show_vmas(t, c, true);
}

/* Bytes [start, end) of the process's memory, through the scratch frame. */
static int
show_memory(struct ptext *t, struct pctx *c, bool env)
{
	struct aspace *as = proc_as_get(c->proc);
	u64 at, end;

	if (as == NULL)
		return 0;
	at = env ? as->env_start : as->arg_start;
	end = env ? as->env_end : as->arg_end;
	while (at < end && !pt_is_full(t)) {
		usize n = vm_peek(as, at, c->scratch,
		    MIN(end - at, PAGE_SIZE));

		if (n == 0)
			break;
		pt_add(t, c->scratch, n);
		at += n;
	}
	aspace_put(as);
	return 0;
}

static int
show_cmdline(struct ptext *t, struct pctx *c)
{
	return show_memory(t, c, false);
}

static int
show_environ(struct ptext *t, struct pctx *c)
{
	return may_inspect(c->proc) ? show_memory(t, c, true) : -EACCES;
}

static int
show_auxv(struct ptext *t, struct pctx *c)
{
	struct aspace *as;

	if (!may_inspect(c->proc))
		return -EACCES;
	as = proc_as_get(c->proc);
	if (as == NULL)
		return 0;
	pt_add(t, (const char *)as->auxv, sizeof(as->auxv));
	aspace_put(as);
	return 0;
}

/* ---- the rest ---- */

static int
show_comm(struct ptext *t, struct pctx *c)
{
	struct numbers n;

	gather(c, &n);
	pt_printf(t, "%s\n", n.comm);
	return 0;
}

static int
store_comm(struct pctx *c, const char *text, usize len)
{
	u64 flags;
	struct task *t;

	if (c->proc != current_proc())
		return -EINVAL;
	if (len > 0 && text[len - 1] == '\n')
		len--;
	flags = spin_lock_irq(&c->proc->siglock);
	t = c->task != NULL ? c->task : any_task_locked(c->proc);
	if (t != NULL) {
		len = MIN(len, sizeof(t->thread.name) - 1);
		memcpy(t->thread.name, text, len);
		t->thread.name[len] = '\0';
	}
	spin_unlock_irq(&c->proc->siglock, flags);
	return 0;
}

static const char *const limit_names[RLIM_NLIMITS][2] = {
	[RLIMIT_CPU] = { "Max cpu time", "seconds" },
	[RLIMIT_FSIZE] = { "Max file size", "bytes" },
	[RLIMIT_DATA] = { "Max data size", "bytes" },
	[RLIMIT_STACK] = { "Max stack size", "bytes" },
	[RLIMIT_CORE] = { "Max core file size", "bytes" },
	[RLIMIT_RSS] = { "Max resident set", "bytes" },
	[RLIMIT_NPROC] = { "Max processes", "processes" },
	[RLIMIT_NOFILE] = { "Max open files", "files" },
	[RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
	[RLIMIT_AS] = { "Max address space", "bytes" },
	[RLIMIT_LOCKS] = { "Max file locks", "locks" },
	[RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
	[RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
	[RLIMIT_NICE] = { "Max nice priority", "" },
	[RLIMIT_RTPRIO] = { "Max realtime priority", "" },
	[RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
};

static void
show_limit(struct ptext *t, u64 v)
{
	if (v == RLIM_INFINITY)
		pt_printf(t, "%-20s ", "unlimited");
	else
		pt_printf(t, "%-20lu ", v);
}

static int
show_limits(struct ptext *t, struct pctx *c)
{
	pt_printf(t, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit",
	    "Hard Limit", "Units");
	for (u32 i = 0; i < RLIM_NLIMITS; i++) {
		pt_printf(t, "%-25s ", limit_names[i][0]);
		show_limit(t, c->proc->rlim[i].rlim_cur);
		show_limit(t, c->proc->rlim[i].rlim_max);
		pt_printf(t, "%-10s\n", limit_names[i][1]);
	}
	return 0;
}

static int
show_wchan(struct ptext *t, struct pctx *c)
{
	struct task *task;
	u64 flags = spin_lock_irq(&c->proc->siglock);

	task = c->task != NULL ? c->task : any_task_locked(c->proc);
	pt_puts(t, task != NULL && task->thread.wait_what != NULL ?
	    task->thread.wait_what : "0");
	spin_unlock_irq(&c->proc->siglock, flags);
	return 0;
}

static int
show_oom_adj(struct ptext *t, struct pctx *c)
{
	pt_printf(t, "%d\n", c->proc->oom_adj);
	return 0;
}

static int
store_oom_adj(struct pctx *c, const char *text, usize len)
{
	s64 v;

	(void)len;
	if (parse_s64(text, NULL, 10, &v) != 0 || v < -1000 || v > 1000)
		return -EINVAL;
	if (v < c->proc->oom_adj && !cred_is_root(current_cred()))
		return -EACCES;
	c->proc->oom_adj = v;
	return 0;
}

static int
follow_exe(struct pctx *c, struct path *out)
{
	struct file *f;
	u64 flags;

	if (!may_inspect(c->proc))
		return -EACCES;
	flags = spin_lock_irq(&c->proc->siglock);
	f = c->proc->exe;
	if (f != NULL)
		file_get(f);
	spin_unlock_irq(&c->proc->siglock, flags);
	if (f == NULL)
		return -ENOENT;
	*out = (struct path){ f->mnt, f->dentry };
	path_get(out);
	file_put(f);
	return 0;
}

static int
follow_fs(struct pctx *c, struct path *out, bool root)
{
	struct fs_ctx *fs;
	struct task *t;
	u64 flags;
	int err = -ENOENT;

	if (!may_inspect(c->proc))
		return -EACCES;
	flags = spin_lock_irq(&c->proc->siglock);
	t = any_task_locked(c->proc);
	fs = t != NULL ? t->thread.fs : NULL;
	if (fs != NULL) {
		spin_lock(&fs->lock);
		*out = root ? fs->root : fs->cwd;
		path_get(out);
		spin_unlock(&fs->lock);
		err = 0;
	}
	spin_unlock_irq(&c->proc->siglock, flags);
	return err;
}

static int
follow_cwd(struct pctx *c, struct path *out)
{
	return follow_fs(c, out, false);
}

static int
follow_root(struct pctx *c, struct path *out)
{
	return follow_fs(c, out, true);
}

#define FILE_(nm, md, sh)	{ .name = (nm), .mode = S_IFREG | (md), \
				  .show = (sh) }

const struct pentry proc_pid_entries[] = {
	FILE_("auxv", 0400, show_auxv),
	FILE_("cmdline", 0444, show_cmdline),
	{ .name = "comm", .mode = S_IFREG | 0644, .show = show_comm,
	  .store = store_comm },
	{ .name = "cwd", .mode = S_IFLNK | 0777, .follow = follow_cwd },
	FILE_("environ", 0400, show_environ),
	{ .name = "exe", .mode = S_IFLNK | 0777, .follow = follow_exe },
	{ .name = "fd", .mode = S_IFDIR | 0500 },
	FILE_("limits", 0444, show_limits),
	FILE_("maps", 0444, show_maps),
	FILE_("mountinfo", 0444, show_mountinfo),
	FILE_("mounts", 0444, show_mounts),
	{ .name = "oom_score_adj", .mode = S_IFREG | 0644,
	  .show = show_oom_adj, .store = store_oom_adj },
	{ .name = "root", .mode = S_IFLNK | 0777, .follow = follow_root },
	FILE_("smaps", 0444, show_smaps),
	FILE_("stat", 0444, show_stat),
	FILE_("statm", 0444, show_statm),
	FILE_("status", 0444, show_status),
	FILE_("wchan", 0444, show_wchan),
	{ .name = NULL },
};

const struct pentry proc_pid_only_entries[] = {
	{ .name = "task", .mode = S_IFDIR | 0555 },
	{ .name = NULL },
};
