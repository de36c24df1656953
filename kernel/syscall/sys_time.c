/*
 * System calls about time: clocks, sleeping, timers.
 *
 * The clock proper is the TSC (kernel/x86/clock.h), monotonic since boot; the
 * wall clock is that plus an offset. Reading either mostly happens in the vDSO
 * (kernel/proc/vdso), which is told when the offset changes. Sleeps hold no
 * charge. A sleep that a signal without a handler interrupts goes on by
 * restart_syscall(2), with the deadline that it had.
 *
 * LIMIT: an absolute sleep on the wall clock does not notice the clock being
 * set meanwhile.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/signal.h"
#include "kernel/file/cred.h"
#include "kernel/proc/itimer.h"
#include "kernel/proc/lifecall.h"
#include "kernel/proc/task.h"
#include "kernel/proc/vdso.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/timer.h"
#include "kernel/sync/rcu.h"
#include "kernel/syscall/subject.h"
#include "kernel/syscall/syscall.h"
#include "kernel/syscall/timeval.h"

/* False: no such clock. */
static bool
clock_read(int clock, u64 *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		*ns = clock_realtime_ns();
		return true;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*ns = clock_now_ns();
		return true;
	case CLOCK_PROCESS_CPUTIME_ID:
		*ns = proc_cpu_ns(current_proc(), false);
		return true;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = sched_thread_cpu_ns(current);
		return true;
	default:
		return false;
	}
}

long
sys_clock_gettime(int clock, uptr_t time)
{
	struct lx_timespec ts;
	u64 ns;

	if (!clock_read(clock, &ns))
		return -EINVAL;
	ts = ns_to_timespec(ns);
	return copy_out_obj(time, &ts);
}

long
sys_clock_getres(int clock, uptr_t res)
{
	struct lx_timespec ts = { 0, 1 };
	u64 ns;

	if (!clock_read(clock, &ns))
		return -EINVAL;
	return res.addr == 0 ? 0 : copy_out_obj(res, &ts);
}

static long
set_wall_clock(u64 ns)
{
	if (!cred_is_root(current_cred()))
		return -EPERM;
	clock_set_realtime_ns(ns);
	vdso_update();
	return 0;
}

long
sys_clock_settime(int clock, uptr_t time)
{
	u64 ns;
	int error = timespec_in(time, &ns);

	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	return error != 0 ? error : set_wall_clock(ns);
}

long
sys_gettimeofday(uptr_t time, uptr_t zone)
{
	struct lx_timezone tz = { 0, 0 };
	u64 ns = clock_realtime_ns();
	struct lx_timeval tv = { (s64)(ns / NS_PER_SEC),
		(s64)(ns % NS_PER_SEC / NS_PER_US) };

	if (time.addr != 0 && copy_out_obj(time, &tv) != 0)
		return -EFAULT;
	return zone.addr != 0 ? copy_out_obj(zone, &tz) : 0;
}

long
sys_settimeofday(uptr_t time, uptr_t zone)
{
	struct lx_timeval tv;
	u64 ns;

	(void)zone;
	if (time.addr == 0)
		return cred_is_root(current_cred()) ? 0 : -EPERM;
	if (copy_in_obj(&tv, time) != 0)
		return -EFAULT;
	return timeval_to_ns(&tv, &ns) != 0 ? -EINVAL : set_wall_clock(ns);
}

long
sys_time(uptr_t time)
{
	s64 now = (s64)(clock_realtime_ns() / NS_PER_SEC);

	if (time.addr != 0 && copy_out_obj(time, &now) != 0)
		return -EFAULT;
	return now;
}

static s64
timeval_ticks(const struct lx_timeval *tv)
{
	return tv->tv_sec * USER_HZ + tv->tv_usec / (1000000 / USER_HZ);
}

long
sys_times(uptr_t buf)
{
	struct lx_rusage own = proc_usage(RUSAGE_SELF);
	struct lx_rusage children = proc_usage(RUSAGE_CHILDREN);
	struct lx_tms tms = {
		timeval_ticks(&own.ru_utime), timeval_ticks(&own.ru_stime),
		timeval_ticks(&children.ru_utime),
		timeval_ticks(&children.ru_stime),
	};

	if (buf.addr != 0 && copy_out_obj(buf, &tms) != 0)
		return -EFAULT;
	return (long)(clock_now_ns() / (NS_PER_SEC / USER_HZ));
}

/* ---- sleeping ---- */

static bool
sleep_until(u64 deadline_ns)
{
	for (;;) {
		sched_set_state(THREAD_SLEEPING);
		if (thread_has_signal(current)) {
			sched_set_state(THREAD_RUNNABLE);
			return clock_now_ns() >= deadline_ns;
		}
		if (!schedule_until(deadline_ns))
			return true;
	}
}

/* args: deadline, where what is left goes. */
static long
sleep_relative(const u64 *args)
{
	u64 now, deadline = args[0];
	struct lx_timespec left;

	if (sleep_until(deadline))
		return 0;
	now = clock_now_ns();
	left = ns_to_timespec(deadline > now ? deadline - now : 0);
	if (args[1] != 0 && copy_out_obj(UPTR(args[1]), &left) != 0)
		return -EFAULT;
	return restart_set(RESTART_NANOSLEEP, args, 2);
}

long
sys_nanosleep(uptr_t time, uptr_t left)
{
	u64 ns, args[2];
	int error = timespec_in(time, &ns);

	if (error != 0)
		return error;
	args[0] = deadline_after(ns);
	args[1] = left.addr;
	return sleep_relative(args);
}

long
sys_clock_nanosleep(int clock, int flags, uptr_t time, uptr_t left)
{
	u64 ns, args[2], offset = 0;
	int error = timespec_in(time, &ns);

	if (error != 0)
		return error;
	if (clock == CLOCK_PROCESS_CPUTIME_ID ||
	    clock == CLOCK_THREAD_CPUTIME_ID)
		return -EOPNOTSUPP;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC &&
	    clock != CLOCK_BOOTTIME && clock != CLOCK_TAI)
		return -EINVAL;
	if (flags & TIMER_ABSTIME) {
		if (clock == CLOCK_REALTIME || clock == CLOCK_TAI)
			offset = clock_realtime_ns() - clock_now_ns();
		return sleep_until(ns > offset ? ns - offset : 0) ? 0 :
		    -ERESTARTNOHAND;
	}
	args[0] = deadline_after(ns);
	args[1] = left.addr;
	return sleep_relative(args);
}

/* ---- timers ---- */

static struct lx_itimerval
setting_to_itimerval(const struct itimer_setting *s)
{
	return (struct lx_itimerval){
		.it_interval = ns_to_timeval_up(s->interval_ns),
		.it_value = ns_to_timeval_up(s->value_ns),
	};
}

long
sys_getitimer(int which, uptr_t value)
{
	struct itimer_setting now;
	struct lx_itimerval v;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	itimer_change(which, NULL, &now);
	v = setting_to_itimerval(&now);
	return copy_out_obj(value, &v);
}

long
sys_setitimer(int which, uptr_t new, uptr_t old)
{
	struct itimer_setting set = { 0, 0 }, was;
	struct lx_itimerval v;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	if (new.addr != 0) {
		if (copy_in_obj(&v, new) != 0)
			return -EFAULT;
		if (timeval_to_ns(&v.it_value, &set.value_ns) != 0 ||
		    timeval_to_ns(&v.it_interval, &set.interval_ns) != 0)
			return -EINVAL;
	}
	itimer_change(which, &set, &was);
	v = setting_to_itimerval(&was);
	return old.addr != 0 ? copy_out_obj(old, &v) : 0;
}

long
sys_alarm(u32 seconds)
{
	struct itimer_setting set = { seconds * NS_PER_SEC, 0 }, was;

	itimer_change(ITIMER_REAL, &set, &was);
	if (was.value_ns == 0)
		return 0;
	/* To the nearest, but never 0 for a running one. alarm(2) */
	return (long)MAX((was.value_ns + NS_PER_SEC / 2) / NS_PER_SEC, 1ul);
}

long
sys_timer_create(int clock, uptr_t event, uptr_t id)
{
	struct lx_sigevent ev = {
		.sigev_signo = SIGALRM, .sigev_notify = SIGEV_SIGNAL,
	};
	long nr;
	s32 out;

	if (event.addr != 0 && copy_in_obj(&ev, event) != 0)
		return -EFAULT;
	nr = ptimer_create(clock, &ev);
	if (nr < 0)
		return nr;
	out = (s32)nr;
	if (copy_out_obj(id, &out) == 0)
		return 0;
	(void)ptimer_delete((u32)nr);
	return -EFAULT;
}

static struct lx_itimerspec
setting_to_itimerspec(const struct itimer_setting *s)
{
	return (struct lx_itimerspec){
		.it_interval = ns_to_timespec(s->interval_ns),
		.it_value = ns_to_timespec(s->value_ns),
	};
}

long
sys_timer_settime(int id, int flags, uptr_t new, uptr_t old)
{
	struct itimer_setting set, was;
	struct lx_itimerspec v;
	int error;

	if (copy_in_obj(&v, new) != 0)
		return -EFAULT;
	if (timespec_to_ns(&v.it_value, &set.value_ns) != 0 ||
	    timespec_to_ns(&v.it_interval, &set.interval_ns) != 0)
		return -EINVAL;
	error = ptimer_set((u32)id, flags & TIMER_ABSTIME, &set, &was);
	if (error != 0 || old.addr == 0)
		return error;
	v = setting_to_itimerspec(&was);
	return copy_out_obj(old, &v);
}

long
sys_timer_gettime(int id, uptr_t value)
{
	struct itimer_setting now;
	struct lx_itimerspec v;
	int error = ptimer_get((u32)id, &now);

	if (error != 0)
		return error;
	v = setting_to_itimerspec(&now);
	return copy_out_obj(value, &v);
}

long
sys_timer_getoverrun(int id)
{
	return ptimer_overrun((u32)id);
}

long
sys_timer_delete(int id)
{
	return ptimer_delete((u32)id);
}

void
sys_time_init(void)
{
	restart_register(RESTART_NANOSLEEP, sleep_relative);
}
