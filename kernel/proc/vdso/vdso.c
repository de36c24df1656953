/*
 * The vDSO: a small shared object that the kernel maps into every process, so
 * that reading the clock is no system call (vdso(7)). It runs in user mode.
 */
#include "kernel/abi/syscall_nr.h"
#include "kernel/abi/time.h"
#include "kernel/proc/vdso/vvar.h"

#define NS_PER_SEC	1000000000ul
#define VISIBLE		__attribute__((visibility("default")))

int	__vdso_clock_gettime(int clock, struct lx_timespec *ts);
int	__vdso_clock_getres(int clock, struct lx_timespec *ts);
int	__vdso_gettimeofday(struct lx_timeval *tv, struct lx_timezone *tz);
int64_t	__vdso_time(int64_t *t);
int	__vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);

/* vdso.lds: the page below this object. */
extern const volatile struct vvar vvar
    __attribute__((visibility("hidden")));

static long
syscall3(long nr, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result)
	    : "a"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return result;
}

/* Not before what was read earlier: LFENCE (SDM 2B, RDTSC). */
static uint64_t
read_tsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) :: "memory");
	return (uint64_t)hi << 32 | lo;
}

static uint64_t
now_ns(int wall)
{
	const volatile struct vvar *v = &vvar;
	uint64_t ns;
	uint32_t seq;

	do {
		while ((seq = v->seq) & 1)
			__asm__ volatile("pause");
		ns = (uint64_t)(((unsigned __int128)(read_tsc() -
		    v->tsc_base) * v->mult) >> v->shift);
		if (wall)
			ns += v->wall_ns;
	} while (v->seq != seq);
	return ns;
}

VISIBLE int
__vdso_clock_gettime(int clock, struct lx_timespec *ts)
{
	uint64_t ns;

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		ns = now_ns(1);
		break;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		ns = now_ns(0);
		break;
	default:
		return (int)syscall3(SYS_clock_gettime, clock, (long)ts, 0);
	}
	ts->tv_sec = (int64_t)(ns / NS_PER_SEC);
	ts->tv_nsec = (int64_t)(ns % NS_PER_SEC);
	return 0;
}

VISIBLE int
__vdso_clock_getres(int clock, struct lx_timespec *ts)
{
	return (int)syscall3(SYS_clock_getres, clock, (long)ts, 0);
}

VISIBLE int
__vdso_gettimeofday(struct lx_timeval *tv, struct lx_timezone *tz)
{
	uint64_t ns;

	if (tv != 0) {
		ns = now_ns(1);
		tv->tv_sec = (int64_t)(ns / NS_PER_SEC);
		tv->tv_usec = (int64_t)(ns % NS_PER_SEC / 1000);
	}
	if (tz != 0) {
		tz->tz_minuteswest = 0;
		tz->tz_dsttime = 0;
	}
	return 0;
}

VISIBLE int64_t
__vdso_time(int64_t *t)
{
	int64_t now = (int64_t)(now_ns(1) / NS_PER_SEC);

	if (t != 0)
		*t = now;
	return now;
}

VISIBLE int
__vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
	return (int)syscall3(SYS_getcpu, (long)cpu, (long)node, (long)unused);
}
