/*
 * Signals: sending, pending, choosing who takes them.
 *
 * A signal is pending on a task or on its process. Standard signals (1 to 31)
 * are pending at most once, so each has a fixed place for its origin and
 * sending one takes no memory: no exit, fault or timer can fail to send one.
 * Signals that count, or carry a value, are queued in struct sigqueue: those of
 * sigqueue(3) and real-time ones of kill(2), in entries drawn on the sender's
 * charge and limited by RLIMIT_SIGPENDING; those of POSIX timers, in the timer.
 * So signal_send_*() takes no memory, signal_queue_*() one entry.
 *
 * A thread has work for the exit path (WORK_SIGNAL) when a signal that it does
 * not block is pending. Only the thread itself clears the bit, under siglock,
 * so that whoever saw it set may count on delivery looking (restarts rely on
 * it). For a signal to the process one thread that takes it is woken; when
 * that one blocks it or leaves, another is (signal_retarget_locked).
 *
 * A signal whose action ends the process ends it at once, in the sender: all
 * threads get WORK_KILLED and are woken. That is what a thread that waits in
 * reserve_row() needs: it holds nothing and leaves its queue.
 *
 * Lock: proc.siglock, interrupts off, since timers send from interrupts.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/wait.h"
#include "kernel/file/cred.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/bitmap.h"
#include "kernel/lib/string.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/sched/sched.h"
#include "kernel/vm/uaccess.h"

KMEM_CACHE(sigqueue_cache, "sigqueue", struct sigqueue);

#define SIG_SYNC	(LX_SIGMASK(SIGSEGV) | LX_SIGMASK(SIGBUS) | \
	LX_SIGMASK(SIGILL) | LX_SIGMASK(SIGTRAP) | LX_SIGMASK(SIGFPE) | \
	LX_SIGMASK(SIGSYS))
#define SIG_STOPS	(LX_SIGMASK(SIGSTOP) | LX_SIGMASK(SIGTSTP) | \
	LX_SIGMASK(SIGTTIN) | LX_SIGMASK(SIGTTOU))
#define TICK_NS		(1000000000ul / USER_HZ)
#define SIG_UNBLOCKABLE	(LX_SIGMASK(SIGKILL) | LX_SIGMASK(SIGSTOP))

/* signal(7): what SIG_DFL does; the rest ends the process. */
static const u8 sig_defaults[NSIG + 1] = {
	[SIGCHLD] = SIGDEF_IGNORE,
	[SIGURG] = SIGDEF_IGNORE,
	[SIGWINCH] = SIGDEF_IGNORE,
	[SIGCONT] = SIGDEF_CONT,
	[SIGSTOP] = SIGDEF_STOP,
	[SIGTSTP] = SIGDEF_STOP,
	[SIGTTIN] = SIGDEF_STOP,
	[SIGTTOU] = SIGDEF_STOP,
};

enum sig_default
signal_default(int sig)
{
	return sig_defaults[sig];
}

void
sigpend_init(struct sigpend *s)
{
	s->mask = 0;
	list_init(&s->queue);
}

static void
sigqueue_drop(struct sigqueue *q)
{
	if (q->is_timers) {
		list_remove(&q->node);
		return;
	}
	list_remove(&q->node);
	user_count_sub(q->uid, USER_SIGPENDING);
	kmem_put(&sigqueue_cache, q);
}

void
sigpend_flush(struct sigpend *s)
{
	struct sigqueue *q, *next;

	s->mask = 0;
	list_for_each_safe(q, next, &s->queue, node)
		sigqueue_drop(q);
}

void
sigpend_discard(struct sigpend *s, u64 mask)
{
	struct sigqueue *q, *next;

	if (!(s->mask & mask))
		return;
	s->mask &= ~mask;
	list_for_each_safe(q, next, &s->queue, node)
		if (mask & LX_SIGMASK(q->info.si_signo))
			sigqueue_drop(q);
}

/* Ignored by its action; process 1 also lacks the default actions. */
bool
signal_is_ignored(const struct proc *p, int sig)
{
	u64 handler = p->sighand->act[sig - 1].handler;

	if (handler == LX_SIG_IGN)
		return true;
	if (handler != LX_SIG_DFL)
		return false;
	if (p->flags & PROC_F_INIT)
		return true;
	return sig_defaults[sig] == SIGDEF_IGNORE ||
	    (sig_defaults[sig] == SIGDEF_CONT);
}

void
proc_kill_locked(struct proc *p, s32 status)
{
	struct task *t;

	assert_held(&p->siglock);
	if (!(p->flags & PROC_F_EXITING)) {
		p->flags |= PROC_F_EXITING;
		p->exit_code = status;
	}
	p->flags &= ~(PROC_F_STOPPED | PROC_F_STOP_DEQ);
	list_for_each(t, &p->threads, thread_node) {
		thread_set_work(&t->thread, WORK_KILLED);
		(void)sched_wake_state(&t->thread, BIT(THREAD_SLEEPING) |
		    BIT(THREAD_KILLABLE) | BIT(THREAD_STOPPED));
	}
}

static bool
task_wants(const struct task *t, int sig)
{
	u64 bit = LX_SIGMASK(sig);

	return !(READ_ONCE(t->blocked) & bit) || (t->sigwait & bit);
}

/* The thread to wake for a signal to the process: current if it is one. */
static struct task *
signal_choose_locked(struct proc *p, int sig)
{
	struct task *t = current_task();

	if (current->x86.is_user && t->proc == p &&
	    !list_is_empty(&t->thread_node) && task_wants(t, sig))
		return t;
	list_for_each(t, &p->threads, thread_node)
		if (task_wants(t, sig) && !thread_is_killed(&t->thread))
			return t;
	return NULL;
}

/* Would taking sig now end p? */
static bool
signal_is_fatal(const struct proc *p, const struct task *t, int sig)
{
	if (sig == SIGKILL)
		return true;
	return p->sighand->act[sig - 1].handler == LX_SIG_DFL &&
	    sig_defaults[sig] == SIGDEF_TERM && !(p->flags & PROC_F_INIT) &&
	    !((t->blocked | t->sigwait) & LX_SIGMASK(sig));
}

static void
signal_wake_locked(struct proc *p, struct task *t, int sig)
    REQUIRES(p->siglock)
{
	/* What is stopped takes only SIGKILL; the rest when it continues. */
	if (p->flags & PROC_F_STOPPED && sig != SIGKILL)
		return;
	if (t == NULL)
		t = signal_choose_locked(p, sig);
	else if (!task_wants(t, sig))
		t = NULL;
	if (t == NULL)
		return;
	if (signal_is_fatal(p, t, sig)) {
		proc_kill_locked(p, LX_WSTATUS_SIGNAL(sig));
		return;
	}
	thread_set_work(&t->thread, WORK_SIGNAL);
	(void)sched_wake_state(&t->thread, BIT(THREAD_SLEEPING));
}

/* SIGCONT undoes stops, stops undo SIGCONT, whatever their actions are. */
static void
signal_stop_cont_locked(struct proc *p, int sig)
{
	u64 undo = sig == SIGCONT ? SIG_STOPS : LX_SIGMASK(SIGCONT);
	struct task *t;

	sigpend_discard(&p->pend, undo);
	list_for_each(t, &p->threads, thread_node)
		sigpend_discard(&t->pend, undo);
	if (sig != SIGCONT)
		return;
	p->flags &= ~PROC_F_STOP_DEQ;
	if (!(p->flags & PROC_F_STOPPED))
		return;
	p->flags &= ~(PROC_F_STOPPED | PROC_F_STOP_EV);
	p->flags |= PROC_F_CONT_EV | PROC_F_CONT_TELL;
	list_for_each(t, &p->threads, thread_node)
		(void)sched_wake_state(&t->thread, BIT(THREAD_STOPPED));
}

/* A blocked signal stays, though ignored: its action may change. */
static bool
signal_is_dropped(const struct proc *p, const struct task *t, int sig)
{
	if (!signal_is_ignored(p, sig) || sig == SIGKILL)
		return p->flags & PROC_F_INIT && sig == SIGKILL;
	if (t == NULL)
		t = p->leader;
	return t == NULL ||
	    !((t->blocked | t->sigwait) & LX_SIGMASK(sig));
}

static struct sigpend *
pend_of(struct proc *p, struct task *t)
{
	return t != NULL ? &t->pend : &p->pend;
}

/* What a signal does when it is sent. Is it to be pending, once more? */
static bool
signal_arrive_locked(struct proc *p, struct task *t, int sig)
    REQUIRES(p->siglock)
{
	u64 bit = LX_SIGMASK(sig);

	assert_held(&p->siglock);
	assert(sig >= 1 && sig <= NSIG);
	if (p->flags & PROC_F_EXITING && sig != SIGKILL)
		return false;
	if (unlikely(bit & (SIG_STOPS | LX_SIGMASK(SIGCONT))))
		signal_stop_cont_locked(p, sig);
	if (signal_is_dropped(p, t, sig))
		return false;
	return sig > SIG_STD || !(pend_of(p, t)->mask & bit);
}

void
signal_post_locked(struct proc *p, struct task *t, int sig,
    const struct sigsrc *src)
{
	struct sigpend *s = pend_of(p, t);

	if (!signal_arrive_locked(p, t, sig))
		return;
	if (sig <= SIG_STD)
		s->src[sig - 1] = src != NULL ? *src :
		    (struct sigsrc){ 0, 0, SI_KERNEL };
	s->mask |= LX_SIGMASK(sig);
	signal_wake_locked(p, t, sig);
}

bool
signal_post_entry_locked(struct proc *p, struct task *t, struct sigqueue *q)
{
	struct sigpend *s = pend_of(p, t);
	int sig = q->info.si_signo;

	if (!signal_arrive_locked(p, t, sig))
		return false;
	s->mask |= LX_SIGMASK(sig);
	list_push_back(&s->queue, &q->node);
	signal_wake_locked(p, t, sig);
	return true;
}

/* An entry for info, counted against current's user. NULL: limit reached. */
static struct sigqueue *
sigqueue_get(const struct lx_siginfo *info)
{
	u32 uid = current_cred()->uid;
	struct sigqueue *q;

	if (!user_count_add(uid, USER_SIGPENDING,
	    proc_rlimit(RLIMIT_SIGPENDING)))
		return NULL;
	q = kmem_get(&sigqueue_cache);
	q->info = *info;
	q->uid = uid;
	q->is_timers = false;
	return q;
}

static bool
task_has_left(const struct task *t)
{
	return t != NULL && list_is_empty(&t->thread_node);
}

static void
signal_send(struct proc *p, struct task *t, int sig, const struct sigsrc *src)
{
	u64 irq = spin_lock_irq(&p->siglock);

	if (!task_has_left(t))
		signal_post_locked(p, t, sig, src);
	spin_unlock_irq(&p->siglock, irq);
}

void
signal_send_proc(struct proc *p, int sig, const struct sigsrc *src)
{
	signal_send(p, NULL, sig, src);
}

void
signal_send_task(struct task *t, int sig, const struct sigsrc *src)
{
	signal_send(t->proc, t, sig, src);
}

void
signal_send_pgrp(u32 pgrp, int sig)
{
	struct pid *pid;
	struct proc *p;

	spin_lock(&proc_tree_lock);
	pid = pid_find(pgrp);
	if (pid != NULL)
		list_for_each(p, &pid->members, pgrp_node)
			signal_send_proc(p, sig, NULL);
	spin_unlock(&proc_tree_lock);
}

/* No entry is left for info: kill(2) and standard signals get through without
 * what it says, others fail. See signal(7). */
static int
signal_send_bare(struct proc *p, struct task *t, const struct lx_siginfo *info)
{
	struct sigsrc src = { (u32)info->u.rt.si_pid, info->u.rt.si_uid,
		info->si_code };

	if (info->si_signo > SIG_STD && info->si_code != SI_USER)
		return -EAGAIN;
	signal_send(p, t, info->si_signo, &src);
	return 0;
}

static int
signal_queue(struct proc *p, struct task *t, const struct lx_siginfo *info)
{
	struct sigqueue *q = sigqueue_get(info);
	bool taken;
	u64 irq;

	if (q == NULL)
		return signal_send_bare(p, t, info);
	irq = spin_lock_irq(&p->siglock);
	taken = !task_has_left(t) && signal_post_entry_locked(p, t, q);
	spin_unlock_irq(&p->siglock, irq);
	if (!taken) {
		user_count_sub(q->uid, USER_SIGPENDING);
		kmem_put(&sigqueue_cache, q);
	}
	return 0;
}

int
signal_queue_proc(struct proc *p, const struct lx_siginfo *info)
{
	return signal_queue(p, NULL, info);
}

int
signal_queue_task(struct task *t, const struct lx_siginfo *info)
{
	return signal_queue(t->proc, t, info);
}

/* May current's credentials send sig to p? kill(2). */
int
signal_may_send(struct proc *p, int sig)
{
	const struct cred *me = current_cred();
	const struct cred *it = rcu_load(p->cred);

	if (cred_is_root(me) || me->euid == it->uid || me->euid == it->suid ||
	    me->uid == it->uid || me->uid == it->suid)
		return 0;
	if (sig == SIGCONT && p->session == current_proc()->session)
		return 0;
	return -EPERM;
}

void
signal_force(int sig, int code, u64 addr)
{
	struct task *t = current_task();
	struct proc *p = t->proc;
	struct sigact *act = &p->sighand->act[sig - 1];
	u64 irq = spin_lock_irq(&p->siglock);
	bool blocked = t->blocked & LX_SIGMASK(sig);

	if (blocked || act->handler == LX_SIG_IGN)
		act->handler = LX_SIG_DFL;
	t->blocked &= ~LX_SIGMASK(sig);
	if (act->handler == LX_SIG_DFL)
		p->flags &= ~PROC_F_INIT;
	t->fault_addr = addr;
	if (!(t->pend.mask & LX_SIGMASK(sig))) {
		t->pend.mask |= LX_SIGMASK(sig);
		t->pend.src[sig - 1] = (struct sigsrc){ 0, 0, code };
	}
	thread_set_work(&t->thread, WORK_SIGNAL);
	spin_unlock_irq(&p->siglock, irq);
}

static void
signal_fill_child(const struct proc *p, struct lx_siginfo *info)
{
	info->u.chld.si_status = p->chld_status;
	info->u.chld.si_utime = (s64)p->chld_utime;
	info->u.chld.si_stime = (s64)p->chld_stime;
}

/* Fill info of sig, which is pending in s, and take it off. */
static void
sigpend_take(struct sigpend *s, struct task *t, int sig,
    struct lx_siginfo *info)
{
	struct sigqueue *q, *found = NULL;
	bool more = false;

	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	list_for_each(q, &s->queue, node) {
		if (q->info.si_signo != sig)
			continue;
		if (found != NULL) {
			more = true;
			break;
		}
		found = q;
	}
	if (!more)
		s->mask &= ~LX_SIGMASK(sig);
	if (found != NULL) {
		*info = found->info;
		sigqueue_drop(found);
		return;
	}
	if (sig > SIG_STD)
		return;
	info->si_code = s->src[sig - 1].code;
	info->u.rt.si_pid = (s32)s->src[sig - 1].pid;
	info->u.rt.si_uid = s->src[sig - 1].uid;
	if (info->si_code <= 0 || info->si_code == SI_KERNEL)
		return;
	if (s == &t->pend)
		info->u.fault.si_addr = t->fault_addr;
	else if (sig == SIGCHLD)
		signal_fill_child(t->proc, info);
}

static int
sigpend_next(const struct sigpend *s, u64 mask)
{
	u64 ready = s->mask & mask;

	if (ready == 0)
		return 0;
	if (ready & SIG_SYNC)
		ready &= SIG_SYNC;
	return (int)lowest_bit(ready) + 1;
}

int
signal_take_locked(struct proc *p, struct task *t, u64 mask,
    struct lx_siginfo *info)
{
	struct sigpend *s = &t->pend;
	int sig = sigpend_next(s, mask);

	assert_held(&p->siglock);
	if (sig == 0) {
		s = &p->pend;
		sig = sigpend_next(s, mask);
	}
	if (sig == 0)
		return 0;
	if (unlikely(LX_SIGMASK(sig) & SIG_STOPS))
		p->flags |= PROC_F_STOP_DEQ;
	sigpend_take(s, t, sig, info);
	return sig;
}

void
signal_recalc_locked(struct proc *p, struct task *t)
{
	if (((t->pend.mask | p->pend.mask) & ~t->blocked) != 0 ||
	    p->flags & (PROC_F_STOPPED | PROC_F_CONT_TELL))
		thread_set_work(&t->thread, WORK_SIGNAL);
	else if (t->thread.x86.work & WORK_SIGNAL)
		thread_clear_work(&t->thread, WORK_SIGNAL);
}

void
signal_retarget_locked(struct proc *p, struct task *t, u64 which)
{
	struct task *other;
	u64 left = p->pend.mask & which;

	list_for_each(other, &p->threads, thread_node) {
		if (left == 0)
			return;
		if (other == t || !(left & ~other->blocked))
			continue;
		left &= other->blocked;
		thread_set_work(&other->thread, WORK_SIGNAL);
		(void)sched_wake_state(&other->thread, BIT(THREAD_SLEEPING));
	}
}

void
signal_set_mask_locked(struct proc *p, struct task *t, u64 mask)
{
	u64 newly = mask & ~t->blocked;

	WRITE_ONCE(t->blocked, mask & ~SIG_UNBLOCKABLE);
	if (unlikely(p->pend.mask & newly))
		signal_retarget_locked(p, t, newly);
	signal_recalc_locked(p, t);
}

void
signal_set_mask(u64 mask)
{
	struct task *t = current_task();
	struct proc *p = t->proc;
	u64 irq = spin_lock_irq(&p->siglock);

	signal_set_mask_locked(p, t, mask);
	spin_unlock_irq(&p->siglock, irq);
}

int
signal_temp_mask(uptr_t set, usize set_bytes)
{
	struct task *t = current_task();
	u64 mask;
	int error;

	if (set.addr == 0)
		return 0;
	if (set_bytes != LX_SIGSET_BYTES)
		return -EINVAL;
	error = copy_in_obj(&mask, set);
	if (error != 0)
		return error;
	t->saved_mask = t->blocked;
	thread_set_work(&t->thread, WORK_SIGMASK);
	signal_set_mask(mask);
	return 0;
}

bool
signal_parent_locked(struct proc *child, int code, s32 status)
{
	struct proc *p = child->parent;
	bool ended = code != CLD_STOPPED && code != CLD_CONTINUED;
	int sig = ended ? (int)child->exit_signal : SIGCHLD;
	struct sigsrc src = { child->pid, child->cred->uid, code };
	const struct sigact *chld;
	bool ignored, nobody;
	u64 irq;

	assert_held(&proc_tree_lock);
	irq = spin_lock_irq(&p->siglock);
	chld = &p->sighand->act[SIGCHLD - 1];
	ignored = chld->handler == LX_SIG_IGN;
	nobody = ended && sig == SIGCHLD &&
	    (ignored || chld->flags & SA_NOCLDWAIT);
	if (!ended && chld->flags & SA_NOCLDSTOP)
		ignored = true;
	if (sig != 0 && !(ignored && sig == SIGCHLD)) {
		if (!(p->pend.mask & LX_SIGMASK(SIGCHLD))) {
			p->chld_status = status;
			p->chld_utime = child->utime_ns / TICK_NS;
			p->chld_stime = child->stime_ns / TICK_NS;
		}
		signal_post_locked(p, NULL, sig, &src);
	}
	spin_unlock_irq(&p->siglock, irq);
	waitq_wake(&p->wait_child, 0);
	return nobody;
}
