/*
 * Times, clocks and timers (time(7)).
 */
#pragma once

#include <stdint.h>

struct lx_timespec {
	int64_t tv_sec;
	int64_t tv_nsec;
};

struct lx_timeval {
	int64_t tv_sec;
	int64_t tv_usec;
};

struct lx_timezone {
	int32_t tz_minuteswest;
	int32_t tz_dsttime;
};

struct lx_itimerval {
	struct lx_timeval it_interval;
	struct lx_timeval it_value;
};

struct lx_itimerspec {
	struct lx_timespec it_interval;
	struct lx_timespec it_value;
};

struct lx_tms {
	int64_t tms_utime;		/* in ticks of 1 / USER_HZ */
	int64_t tms_stime;
	int64_t tms_cutime;
	int64_t tms_cstime;
};

struct lx_utimbuf {
	int64_t actime;
	int64_t modtime;
};

_Static_assert(sizeof(struct lx_timespec) == 16, "timespec");
_Static_assert(sizeof(struct lx_itimerval) == 32, "itimerval");
_Static_assert(sizeof(struct lx_itimerspec) == 32, "itimerspec");
_Static_assert(sizeof(struct lx_tms) == 32, "tms");

#define USER_HZ				100

#define CLOCK_REALTIME			0
#define CLOCK_MONOTONIC			1
#define CLOCK_PROCESS_CPUTIME_ID	2
#define CLOCK_THREAD_CPUTIME_ID		3
#define CLOCK_MONOTONIC_RAW		4
#define CLOCK_REALTIME_COARSE		5
#define CLOCK_MONOTONIC_COARSE		6
#define CLOCK_BOOTTIME			7
#define CLOCK_REALTIME_ALARM		8
#define CLOCK_BOOTTIME_ALARM		9
#define CLOCK_TAI			11

#define TIMER_ABSTIME			0x01

#define ITIMER_REAL			0
#define ITIMER_VIRTUAL			1
#define ITIMER_PROF			2

#define UTIME_NOW			((1l << 30) - 1l)
#define UTIME_OMIT			((1l << 30) - 2l)

#define TFD_TIMER_ABSTIME		0x1
#define TFD_TIMER_CANCEL_ON_SET		0x2
#define TFD_CLOEXEC			0x80000
#define TFD_NONBLOCK			0x800
