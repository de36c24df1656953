/*
 * Times as calls pass them, turned into nanoseconds.
 */
#pragma once

#include "kernel/abi/errno.h"
#include "kernel/abi/time.h"
#include "kernel/lib/types.h"
#include "kernel/vm/uaccess.h"
#include "kernel/x86/clock.h"

#define NS_PER_SEC	1000000000ul
#define NS_PER_US	1000ul
#define SECONDS_MAX	9223372036l	/* 292 years in ns fit 63 bits */

/* -EINVAL: negative, or the fraction is too large. */
static inline int
timespec_to_ns(const struct lx_timespec *ts, u64 *ns)
{
	if (ts->tv_sec < 0 || ts->tv_nsec < 0 ||
	    ts->tv_nsec >= (s64)NS_PER_SEC)
		return -EINVAL;
	*ns = (u64)MIN(ts->tv_sec, SECONDS_MAX) * NS_PER_SEC +
	    (u64)ts->tv_nsec;
	return 0;
}

static inline int
timespec_in(uptr_t from, u64 *ns)
{
	struct lx_timespec ts;

	return copy_in_obj(&ts, from) != 0 ? -EFAULT :
	    timespec_to_ns(&ts, ns);
}

static inline int
timeval_to_ns(const struct lx_timeval *tv, u64 *ns)
{
	if (tv->tv_sec < 0 || tv->tv_usec < 0 || tv->tv_usec >= 1000000)
		return -EINVAL;
	*ns = (u64)MIN(tv->tv_sec, SECONDS_MAX) * NS_PER_SEC +
	    (u64)tv->tv_usec * NS_PER_US;
	return 0;
}

static inline struct lx_timespec
ns_to_timespec(u64 ns)
{
	return (struct lx_timespec){ (s64)(ns / NS_PER_SEC),
		(s64)(ns % NS_PER_SEC) };
}

/* Rounded up, so that what is not 0 does not look like 0. */
static inline struct lx_timeval
ns_to_timeval_up(u64 ns)
{
	u64 us = DIV_UP(ns, NS_PER_US);

	return (struct lx_timeval){ (s64)(us / 1000000),
		(s64)(us % 1000000) };
}

static inline u64
deadline_after(u64 ns)
{
	u64 now = clock_now_ns();

	return now + ns < now ? CLOCK_NEVER : now + ns;
}
