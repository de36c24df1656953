/* The smallest system calls: what entry, dispatch and exit cost. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tools/kbench/kbench.h"

static int zero_fd, null_fd;

static void
null_run(long n)
{
	while (n--)
		syscall(SYS_getppid);
}

/* A call that may take memory, and has nothing to do. */
static void
bad_dup_run(long n)
{
	while (n--)
		syscall(SYS_dup, -1);
}

static void
clock_run(long n)
{
	struct timespec t;

	while (n--)
		clock_gettime(CLOCK_MONOTONIC, &t);
}

static void
yield_run(long n)
{
	while (n--)
		sched_yield();
}

static void
devices_setup(long n, int arg)
{
	(void)n;
	(void)arg;
	NEED(zero_fd = open("/dev/zero", O_RDONLY), "/dev/zero");
	NEED(null_fd = open("/dev/null", O_WRONLY), "/dev/null");
}

static void
zero_run(long n)
{
	char c;

	while (n--)
		NEED(read(zero_fd, &c, 1), "read");
}

static void
devnull_run(long n)
{
	while (n--)
		NEED(write(null_fd, "x", 1), "write");
}

static void
on_signal(int sig)
{
	(void)sig;
}

static void
signal_setup(long n, int arg)
{
	struct sigaction sa = { .sa_handler = on_signal };

	(void)n;
	(void)arg;
	NEED(sigaction(SIGUSR1, &sa, NULL), "sigaction");
}

static void
signal_run(long n)
{
	pid_t me = getpid();

	while (n--)
		NEED(kill(me, SIGUSR1), "kill");
}

const struct test call_tests[] = {
	{ "null_syscall", 200000, NULL, null_run, NULL, 0, 0 },
	{ "bad_dup", 200000, NULL, bad_dup_run, NULL, 0, 0 },
	{ "clock_gettime", 200000, NULL, clock_run, NULL, 0, 0 },
	{ "sched_yield", 100000, NULL, yield_run, NULL, 0, 0 },
	{ "read1_zero", 100000, devices_setup, zero_run, NULL, 0, 0 },
	{ "write1_null", 100000, devices_setup, devnull_run, NULL, 0, 0 },
	{ "signal_delivery", 50000, signal_setup, signal_run, NULL, 0, 0 },
	{ NULL, 0, NULL, NULL, NULL, 0, 0 },
};
