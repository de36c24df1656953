/*
 * Interval timers: ITIMER_REAL and POSIX timers.
 *
 * A timer fires in interrupt context, where nothing is allocated: ITIMER_REAL
 * sends a standard signal, which has its fixed place; a POSIX timer owns the
 * sigqueue entry that carries its value, and while that is still pending
 * further expirations only count as overruns (timer_getoverrun(2)).
 *
 * Lock: the process's siglock, interrupts off, for all fields; the scheduler's
 * timer lock is taken inside it.
 *
 * ITIMER_VIRTUAL and ITIMER_PROF count CPU time, which passes no faster than
 * time times threads: when the rest of it could have passed at the earliest,
 * they look again. No scheduler's tick needs to know them.
 *
 * LIMIT: timer_create refuses CPU-time clocks.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/time.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/proc/itimer.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/timer.h"
#include "kernel/x86/clock.h"

#define PTIMERS_MAX	64		/* LIMIT: for each process */
#define CPU_LOOK_NS	1000000ul	/* no more often than this */

/* s siglock of its process; I */
struct posix_timer {
	struct list	node;		/* [s] proc.timers */
	struct timer	timer;		/* fires in interrupts */
	struct sigqueue	q;		/* [s] queued while pending */
	struct proc	*proc;		/* [I] no reference: it owns us */
	struct task	*task;		/* [I] SIGEV_THREAD_ID; found anew */
	u32		tid;		/* [I] 0: the process */
	u32		id;		/* [I] */
	int		clock;		/* [I] */
	int		notify, signo;	/* [I] */
	u64		deadline_ns;	/* [s] 0: off */
	u64		interval_ns;	/* [s] */
	u32		overruns;	/* [s] while its signal is pending */
	u32		last_overruns;	/* [s] of the one delivered last */
};

KMEM_CACHE(timer_cache, "ptimer", struct posix_timer);

/* The next time after now in steps of interval; how many were passed over. */
static u64
next_deadline(u64 deadline, u64 interval, u64 *missed)
{
	u64 now = clock_now_ns();

	*missed = 0;
	deadline += interval;
	if (deadline <= now) {
		*missed = (now - deadline) / interval + 1;
		deadline += *missed * interval;
	}
	return deadline;
}

/* ---- ITIMER_REAL ---- */

static void
alarm_fire(struct timer *timer)
{
	struct proc *p = CONTAINER_OF(timer, struct proc, alarm);
	u64 irq = spin_lock_irq(&p->siglock), missed;

	if (p->alarm_deadline_ns != 0) {
		signal_post_locked(p, NULL, SIGALRM, NULL);
		if (p->alarm_interval_ns != 0) {
			p->alarm_deadline_ns = next_deadline(
			    p->alarm_deadline_ns, p->alarm_interval_ns,
			    &missed);
			timer_set(&p->alarm, p->alarm_deadline_ns);
		} else {
			p->alarm_deadline_ns = 0;
		}
	}
	spin_unlock_irq(&p->siglock, irq);
}

static u64
cpu_ns_locked(struct proc *p, bool user_only)
{
	u64 ns = p->utime_ns + (user_only ? 0 : p->stime_ns);
	struct task *t;

	list_for_each(t, &p->threads, thread_node)
		ns += user_only ? t->thread.utime_ns :
		    sched_thread_cpu_ns(&t->thread);
	return ns;
}

u64
proc_cpu_ns(struct proc *p, bool user_only)
{
	u64 irq = spin_lock_irq(&p->siglock);
	u64 ns = cpu_ns_locked(p, user_only);

	spin_unlock_irq(&p->siglock, irq);
	return ns;
}

static bool
cpu_timer_is_virtual(const struct cpu_itimer *ct)
{
	return ct == &ct->proc->cpu_timer[0];
}

/* Look again when the rest may have been used, at the earliest. */
static void
cpu_timer_arm_locked(struct cpu_itimer *ct, u64 used_ns)
{
	u64 left = ct->deadline_ns > used_ns ? ct->deadline_ns - used_ns : 0;

	left /= MAX(ct->proc->nthreads, 1u);
	timer_set(&ct->timer, clock_now_ns() + MAX(left, CPU_LOOK_NS));
}

static void
cpu_timer_fire(struct timer *timer)
{
	struct cpu_itimer *ct = CONTAINER_OF(timer, struct cpu_itimer, timer);
	struct proc *p = ct->proc;
	u64 irq = spin_lock_irq(&p->siglock), used;

	if (ct->deadline_ns != 0) {
		used = cpu_ns_locked(p, cpu_timer_is_virtual(ct));
		if (used >= ct->deadline_ns) {
			signal_post_locked(p, NULL,
			    cpu_timer_is_virtual(ct) ? SIGVTALRM : SIGPROF,
			    NULL);
			ct->deadline_ns = ct->interval_ns != 0 ?
			    used + ct->interval_ns : 0;
		}
		if (ct->deadline_ns != 0)
			cpu_timer_arm_locked(ct, used);
	}
	spin_unlock_irq(&p->siglock, irq);
}

void
itimer_init_proc(struct proc *p)
{
	timer_init(&p->alarm, alarm_fire);
	for (u32 i = 0; i < ARRAY_LEN(p->cpu_timer); i++) {
		timer_init(&p->cpu_timer[i].timer, cpu_timer_fire);
		p->cpu_timer[i].proc = p;
	}
}

static u64
remaining(u64 deadline_ns)
{
	u64 now = clock_now_ns();

	if (deadline_ns == 0)
		return 0;
	return deadline_ns > now ? deadline_ns - now : 1;
}

static void
cpu_timer_change(struct cpu_itimer *ct, const struct itimer_setting *new,
    struct itimer_setting *old)
{
	struct proc *p = ct->proc;
	u64 irq = spin_lock_irq(&p->siglock);
	u64 used = cpu_ns_locked(p, cpu_timer_is_virtual(ct));

	old->interval_ns = ct->interval_ns;
	old->value_ns = 0;
	if (ct->deadline_ns != 0)
		old->value_ns = ct->deadline_ns > used ?
		    ct->deadline_ns - used : 1;
	if (new != NULL) {
		(void)timer_cancel(&ct->timer);
		ct->interval_ns = new->interval_ns;
		ct->deadline_ns = 0;
		if (new->value_ns != 0) {
			ct->deadline_ns = used + new->value_ns;
			cpu_timer_arm_locked(ct, used);
		}
	}
	spin_unlock_irq(&p->siglock, irq);
}

static void
alarm_change(const struct itimer_setting *new, struct itimer_setting *old)
{
	struct proc *p = current_proc();
	u64 irq = spin_lock_irq(&p->siglock);

	old->value_ns = remaining(p->alarm_deadline_ns);
	old->interval_ns = p->alarm_interval_ns;
	if (new != NULL) {
		(void)timer_cancel(&p->alarm);
		p->alarm_interval_ns = new->interval_ns;
		p->alarm_deadline_ns = 0;
		if (new->value_ns != 0) {
			p->alarm_deadline_ns = clock_now_ns() + new->value_ns;
			timer_set(&p->alarm, p->alarm_deadline_ns);
		}
	}
	spin_unlock_irq(&p->siglock, irq);
}

void
itimer_change(int which, const struct itimer_setting *new,
    struct itimer_setting *old)
{
	if (which == ITIMER_REAL)
		alarm_change(new, old);
	else
		cpu_timer_change(&current_proc()->cpu_timer[which ==
		    ITIMER_PROF], new, old);
}

/* ---- POSIX timers ---- */

static struct task *
ptimer_target(const struct posix_timer *pt)
{
	struct task *t;

	list_for_each(t, &pt->proc->threads, thread_node)
		if (t->thread.tid == pt->tid)
			return t;
	return NULL;
}

static void
ptimer_signal_locked(struct proc *p, struct posix_timer *pt)
    REQUIRES(p->siglock)
{
	struct task *t = pt->tid != 0 ? ptimer_target(pt) : NULL;

	if (pt->notify == SIGEV_NONE || (pt->tid != 0 && t == NULL))
		return;
	if (!list_is_empty(&pt->q.node)) {
		pt->overruns++;
		return;
	}
	pt->last_overruns = pt->overruns;
	pt->q.info.u.timer.si_overrun = (s32)pt->overruns;
	pt->overruns = 0;
	/* false: dropped, and nothing to take back */
	(void)signal_post_entry_locked(p, t, &pt->q);
}

static void
ptimer_fire(struct timer *timer)
{
	struct posix_timer *pt = CONTAINER_OF(timer, struct posix_timer, timer);
	struct proc *p = pt->proc;
	u64 irq = spin_lock_irq(&p->siglock), missed;

	if (pt->deadline_ns != 0) {
		ptimer_signal_locked(p, pt);
		if (pt->interval_ns != 0) {
			pt->deadline_ns = next_deadline(pt->deadline_ns,
			    pt->interval_ns, &missed);
			pt->overruns += (u32)missed;
			timer_set(&pt->timer, pt->deadline_ns);
		} else {
			pt->deadline_ns = 0;
		}
	}
	spin_unlock_irq(&p->siglock, irq);
}

static struct posix_timer *
ptimer_find_locked(struct proc *p, u32 id)
{
	struct posix_timer *pt;

	list_for_each(pt, &p->timers, node)
		if (pt->id == id)
			return pt;
	return NULL;
}

static int
ptimer_check(int clock, const struct lx_sigevent *ev)
{
	struct task *t;
	bool ours;

	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC &&
	    clock != CLOCK_BOOTTIME)
		return -EINVAL;
	if (ev->sigev_notify == SIGEV_NONE)
		return 0;
	if (ev->sigev_signo < 1 || ev->sigev_signo > NSIG)
		return -EINVAL;
	if (ev->sigev_notify == SIGEV_THREAD_ID) {
		rcu_read_lock();
		t = task_find((u32)ev->sigev_tid);
		ours = t != NULL && t->proc == current_proc();
		rcu_read_unlock();
		return ours ? 0 : -EINVAL;
	}
	return ev->sigev_notify == SIGEV_SIGNAL ||
	    ev->sigev_notify == SIGEV_THREAD ? 0 : -EINVAL;
}

long
ptimer_create(int clock, const struct lx_sigevent *ev)
{
	struct proc *p = current_proc();
	struct posix_timer *pt;
	int error = ptimer_check(clock, ev);
	bool full;
	u64 irq;

	if (error != 0)
		return error;
	pt = kmem_get_zero(&timer_cache);
	timer_init(&pt->timer, ptimer_fire);
	list_init(&pt->q.node);
	pt->q.is_timers = true;
	pt->proc = p;
	pt->clock = clock;
	pt->notify = ev->sigev_notify;
	pt->signo = ev->sigev_signo;
	if (ev->sigev_notify == SIGEV_THREAD_ID)
		pt->tid = (u32)ev->sigev_tid;
	pt->q.info.si_signo = pt->signo;
	pt->q.info.si_code = SI_TIMER;
	pt->q.info.u.timer.si_value = ev->sigev_value;
	irq = spin_lock_irq(&p->siglock);
	full = list_len(&p->timers) >= PTIMERS_MAX;
	if (!full) {
		pt->id = p->next_timer++;
		pt->q.info.u.timer.si_timerid = (s32)pt->id;
		list_push_back(&p->timers, &pt->node);
	}
	spin_unlock_irq(&p->siglock, irq);
	if (full) {
		kmem_put(&timer_cache, pt);
		return -EAGAIN;
	}
	return pt->id;
}

int
ptimer_set(u32 id, bool absolute, const struct itimer_setting *new,
    struct itimer_setting *old)
{
	struct proc *p = current_proc();
	u64 irq = spin_lock_irq(&p->siglock), at = new->value_ns;
	struct posix_timer *pt = ptimer_find_locked(p, id);

	if (pt == NULL) {
		spin_unlock_irq(&p->siglock, irq);
		return -EINVAL;
	}
	old->value_ns = remaining(pt->deadline_ns);
	old->interval_ns = pt->interval_ns;
	(void)timer_cancel(&pt->timer);
	pt->deadline_ns = 0;
	pt->interval_ns = new->interval_ns;
	pt->overruns = 0;
	if (at != 0) {
		if (!absolute)
			at += clock_now_ns();
		else if (pt->clock == CLOCK_REALTIME)
			at -= MIN(at - 1, clock_realtime_ns() -
			    clock_now_ns());
		pt->deadline_ns = at;
		timer_set(&pt->timer, at);
	}
	spin_unlock_irq(&p->siglock, irq);
	return 0;
}

int
ptimer_get(u32 id, struct itimer_setting *now)
{
	struct proc *p = current_proc();
	u64 irq = spin_lock_irq(&p->siglock);
	struct posix_timer *pt = ptimer_find_locked(p, id);

	if (pt != NULL) {
		now->value_ns = remaining(pt->deadline_ns);
		now->interval_ns = pt->interval_ns;
	}
	spin_unlock_irq(&p->siglock, irq);
	return pt != NULL ? 0 : -EINVAL;
}

long
ptimer_overrun(u32 id)
{
	struct proc *p = current_proc();
	u64 irq = spin_lock_irq(&p->siglock);
	struct posix_timer *pt = ptimer_find_locked(p, id);
	long n = pt != NULL ? (long)pt->last_overruns : -EINVAL;

	spin_unlock_irq(&p->siglock, irq);
	return n;
}

/* pt is off the process's list: nobody finds it any more. */
static void
ptimer_free(struct proc *p, struct posix_timer *pt)
{
	u64 irq;

	timer_cancel_sync(&pt->timer);
	irq = spin_lock_irq(&p->siglock);
	list_remove(&pt->q.node);
	spin_unlock_irq(&p->siglock, irq);
	kmem_put(&timer_cache, pt);
}

int
ptimer_delete(u32 id)
{
	struct proc *p = current_proc();
	u64 irq = spin_lock_irq(&p->siglock);
	struct posix_timer *pt = ptimer_find_locked(p, id);

	if (pt != NULL) {
		list_remove(&pt->node);
		pt->deadline_ns = 0;
	}
	spin_unlock_irq(&p->siglock, irq);
	if (pt == NULL)
		return -EINVAL;
	ptimer_free(p, pt);
	return 0;
}

/* exec: POSIX timers go, the alarm stays. */
void
itimer_exec_proc(struct proc *p)
{
	struct posix_timer *pt;
	u64 irq;

	if (likely(list_is_empty(&p->timers)))
		return;
	for (;;) {
		irq = spin_lock_irq(&p->siglock);
		pt = list_first(&p->timers, struct posix_timer, node);
		if (pt != NULL) {
			list_remove(&pt->node);
			pt->deadline_ns = 0;
		}
		spin_unlock_irq(&p->siglock, irq);
		if (pt == NULL)
			return;
		ptimer_free(p, pt);
	}
}

void
itimer_exit_proc(struct proc *p)
{
	u64 irq;

	itimer_exec_proc(p);
	irq = spin_lock_irq(&p->siglock);
	p->alarm_deadline_ns = 0;
	p->cpu_timer[0].deadline_ns = p->cpu_timer[1].deadline_ns = 0;
	spin_unlock_irq(&p->siglock, irq);
	timer_cancel_sync(&p->alarm);
	for (u32 i = 0; i < ARRAY_LEN(p->cpu_timer); i++)
		timer_cancel_sync(&p->cpu_timer[i].timer);
}
