/*
 * setitimer(2), getitimer(2), alarm(2)
 */
#include "tests/abi/abi.h"

static volatile int got;

static void
on_signal(int sig)
{
	(void)sig;
	got++;
}

TEST(alarm_counts_seconds)
{
	CHECK_EQ(alarm(100), 0);
	CHECK_EQ(alarm(50), 100);
	CHECK_EQ(alarm(0), 50);
	CHECK_EQ(alarm(0), 0);
}

TEST(fires_once)
{
	struct itimerval it = { .it_value = { 0, 20000 } }, now;

	signal(SIGALRM, on_signal);
	got = 0;
	OK(setitimer(ITIMER_REAL, &it, NULL));
	OK(getitimer(ITIMER_REAL, &now));
	CHECK(now.it_value.tv_usec > 0 && now.it_value.tv_usec <= 20000);
	pause();
	CHECK_EQ(got, 1);
	OK(getitimer(ITIMER_REAL, &now));
	CHECK_EQ(now.it_value.tv_usec, 0);
	sleep_ms(50);
	CHECK_EQ(got, 1);
}

TEST(repeats)
{
	struct itimerval it = { { 0, 10000 }, { 0, 10000 } }, off = { 0 }, old;
	long long start = now_ns();

	got = 0;
	OK(setitimer(ITIMER_REAL, &it, NULL));
	while (got < 5)
		pause();
	OK(setitimer(ITIMER_REAL, &off, &old));
	CHECK(now_ns() - start >= 50 * MS);
	CHECK_EQ(old.it_interval.tv_usec, 10000);
	int n = got;
	sleep_ms(40);
	CHECK_EQ(got, n);
}

TEST(cpu_time)
{
	struct itimerval it = { .it_value = { 0, 30000 } };
	long long start = now_ns();

	signal(SIGVTALRM, on_signal);
	signal(SIGPROF, on_signal);
	got = 0;
	OK(setitimer(ITIMER_VIRTUAL, &it, NULL));
	while (got == 0 && now_ns() - start < 5000 * MS)
		continue;
	CHECK_EQ(got, 1);
	OK(setitimer(ITIMER_PROF, &it, NULL));
	while (got == 1 && now_ns() - start < 10000 * MS)
		getppid();
	CHECK_EQ(got, 2);
}

TEST(errors)
{
	struct itimerval it = { .it_value = { 0, 1000000 } };

	CHECK_ERR(setitimer(ITIMER_REAL, &it, NULL), EINVAL);
	it.it_value.tv_usec = -1;
	CHECK_ERR(setitimer(ITIMER_REAL, &it, NULL), EINVAL);
	it.it_value.tv_usec = 0;
	CHECK_ERR(setitimer(7, &it, NULL), EINVAL);
	CHECK_ERR(getitimer(7, &it), EINVAL);
	CHECK_ERR(syscall(SYS_getitimer, 0, BAD_ADDRESS), EFAULT);
}

TEST(kills_by_default)
{
	pid_t pid = OK(fork());

	if (pid == 0) {
		struct itimerval it = { .it_value = { 0, 10000 } };

		signal(SIGALRM, SIG_DFL);
		setitimer(ITIMER_REAL, &it, NULL);
		for (;;)
			pause();
	}
	CHECK_KILLED(pid, SIGALRM);
}
