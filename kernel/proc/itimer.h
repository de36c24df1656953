/*
 * Timers that send signals: setitimer(2), timer_create(2).
 */
#pragma once

#include "kernel/proc/task.h"

struct lx_itimerspec;

struct itimer_setting {
	u64	value_ns;		/* until it fires; 0: off */
	u64	interval_ns;
};
/* ITIMER_* of current's process; new may be NULL. */
void	itimer_change(int which, const struct itimer_setting *new,
	    struct itimer_setting *old);
/* CPU time that p's threads have used, in user mode only or in all. */
u64	proc_cpu_ns(struct proc *p, bool user_only);

struct lx_sigevent;
/* timer_create and kin on current's process. clock: as clock_gettime's. */
long	ptimer_create(int clock, const struct lx_sigevent *ev);
int	ptimer_set(u32 id, bool absolute, const struct itimer_setting *new,
	    struct itimer_setting *old);
int	ptimer_get(u32 id, struct itimer_setting *now);
long	ptimer_overrun(u32 id);
int	ptimer_delete(u32 id);
