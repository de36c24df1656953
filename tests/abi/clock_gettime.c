/*
 * clock_gettime(2), clock_getres(2), gettimeofday(2), time(2), times(2)
 */
#include <sys/times.h>
#include "tests/abi/abi.h"

static long long
raw_ns(int clock)
{
	struct timespec ts;

	OK(syscall(SYS_clock_gettime, clock, &ts));
	CHECK(ts.tv_nsec >= 0 && ts.tv_nsec < 1000000000);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

TEST(monotonic)
{
	long long last = now_ns();

	for (int i = 0; i < 10000; i++) {
		long long now = now_ns();

		CHECK(now >= last);
		last = now;
	}
	/* The library's way (a vDSO perhaps) and the kernel's agree. */
	CHECK(llabs(raw_ns(CLOCK_MONOTONIC) - now_ns()) < 100 * MS);
}

TEST(across_cpus)
{
	int p[2];
	long long t;

	OK(pipe(p));
	for (int i = 0; i < 50; i++) {
		IN_CHILD({
			t = now_ns();
			CHECK_EQ(write(p[1], &t, sizeof(t)), sizeof(t));
		});
		CHECK_EQ(read(p[0], &t, sizeof(t)), sizeof(t));
		CHECK(now_ns() >= t);
	}
}

TEST(realtime)
{
	struct timespec ts;
	struct timeval tv;
	time_t now;

	OK(clock_gettime(CLOCK_REALTIME, &ts));
	OK(gettimeofday(&tv, NULL));
	now = time(NULL);
	CHECK(ts.tv_sec > 1600000000);
	CHECK(llabs(tv.tv_sec - ts.tv_sec) <= 1);
	CHECK(llabs(now - ts.tv_sec) <= 1);
	CHECK_EQ(llabs(syscall(SYS_time, NULL) - now) <= 1, 1);
	OK(syscall(SYS_gettimeofday, &tv, NULL));
	CHECK(llabs(tv.tv_sec - now) <= 1);
}

TEST(others)
{
	CHECK(raw_ns(CLOCK_BOOTTIME) > 0);
	CHECK(raw_ns(CLOCK_MONOTONIC_RAW) > 0);
	CHECK(raw_ns(CLOCK_MONOTONIC_COARSE) > 0);
	CHECK(raw_ns(CLOCK_REALTIME_COARSE) > 0);
	CHECK(llabs(raw_ns(CLOCK_MONOTONIC_COARSE) - now_ns()) < 100 * MS);
}

TEST(cpu_time_passes_only_when_running)
{
	long long cpu = raw_ns(CLOCK_PROCESS_CPUTIME_ID), start;

	sleep_ms(50);
	CHECK(raw_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu < 30 * MS);
	start = now_ns();
	cpu = raw_ns(CLOCK_THREAD_CPUTIME_ID);
	while (raw_ns(CLOCK_THREAD_CPUTIME_ID) - cpu < 5 * MS)
		CHECK(now_ns() - start < 10000 * MS);
}

TEST(resolution)
{
	struct timespec ts;

	OK(clock_getres(CLOCK_MONOTONIC, &ts));
	CHECK_EQ(ts.tv_sec, 0);
	CHECK(ts.tv_nsec >= 1 && ts.tv_nsec <= 10000000);
}

TEST(errors)
{
	struct timespec ts;

	CHECK_ERR(syscall(SYS_clock_gettime, 1000, &ts), EINVAL);
	CHECK_ERR(syscall(SYS_clock_gettime, 0, BAD_ADDRESS), EFAULT);
	CHECK_ERR(syscall(SYS_clock_getres, 1000, &ts), EINVAL);
}

TEST(process_times)
{
	struct tms t;
	long long start = now_ns();
	clock_t before = times(&t), user = t.tms_utime + t.tms_stime;

	while (times(&t) - before < 9 || t.tms_utime + t.tms_stime <= user)
		CHECK(now_ns() - start < 10000 * MS);
	CHECK(now_ns() - start > 80 * MS);
	CHECK_ERR(syscall(SYS_times, BAD_ADDRESS), EFAULT);
}
