/*
 * nanosleep(2), clock_nanosleep(2)
 */
#include "tests/abi/abi.h"

TEST(sleeps_long_enough)
{
	struct timespec ts = { 0, 30000000 };
	long long start = now_ns();

	OK(nanosleep(&ts, NULL));
	CHECK(now_ns() - start >= 30 * MS);
	CHECK(now_ns() - start < 1000 * MS);
	ts.tv_nsec = 0;
	OK(nanosleep(&ts, NULL));
	ts.tv_nsec = 1;
	OK(nanosleep(&ts, NULL));
}

TEST(errors)
{
	struct timespec ts = { 0, 1000000000 };

	CHECK_ERR(syscall(SYS_nanosleep, &ts, NULL), EINVAL);
	ts.tv_nsec = -1;
	CHECK_ERR(syscall(SYS_nanosleep, &ts, NULL), EINVAL);
	ts = (struct timespec){ -1, 0 };
	CHECK_ERR(syscall(SYS_nanosleep, &ts, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_nanosleep, BAD_ADDRESS, NULL), EFAULT);
	ts.tv_sec = 0;
	CHECK_ERR(syscall(SYS_clock_nanosleep, 1000, 0, &ts, NULL), EINVAL);
}

TEST(until_a_moment)
{
	struct timespec ts;
	long long start;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	start = ts.tv_sec * 1000000000ll + ts.tv_nsec;
	ts.tv_nsec += 30000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0);
	CHECK(now_ns() - start >= 30 * MS);
	/* In the past: at once. */
	start = now_ns();
	ts = (struct timespec){ 0, 1 };
	CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), 0);
	CHECK(now_ns() - start < 500 * MS);
	clock_gettime(CLOCK_REALTIME, &ts);
	CHECK_EQ(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &ts, NULL), 0);
}

static void
on_signal(int sig)
{
	(void)sig;
}

TEST(tells_what_is_left)
{
	struct itimerval it = { .it_value = { 0, 50000 } };
	struct timespec ts = { 10, 0 }, left = { 0, 0 };

	signal(SIGALRM, on_signal);
	OK(setitimer(ITIMER_REAL, &it, NULL));
	CHECK_ERR(nanosleep(&ts, &left), EINTR);
	CHECK_EQ(left.tv_sec, 9);
	CHECK(left.tv_nsec > 0);
}

TEST(sleepers_wake_in_order)
{
	int p[2];
	char c[3];
	pid_t pid[3];

	OK(pipe(p));
	for (int i = 0; i < 3; i++) {
		pid[i] = OK(fork());
		if (pid[i] == 0) {
			sleep_ms(150 - 50 * i);
			c[0] = 'a' + i;
			CHECK_EQ(write(p[1], c, 1), 1);
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++)
		CHECK_EXITS(pid[i], 0);
	CHECK_EQ(read(p[0], c, 3), 3);
	CHECK(memcmp(c, "cba", 3) == 0);
}
