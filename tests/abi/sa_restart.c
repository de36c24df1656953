/*
 * Which calls a signal interrupts, and which go on: SA_RESTART, signal(7)
 */
#include <sys/select.h>
#include "tests/abi/abi.h"

static volatile int got;

static void
on_alarm(int sig)
{
	(void)sig;
	got++;
}

/* SIGALRM in 30 ms, with these flags. */
static void
alarm_soon(int flags)
{
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = flags };
	struct itimerval it = { .it_value = { 0, 30000 } };

	got = 0;
	OK(sigaction(SIGALRM, &sa, NULL));
	OK(setitimer(ITIMER_REAL, &it, NULL));
}

TEST(read_is_interrupted)
{
	int p[2];
	char c;

	OK(pipe(p));
	alarm_soon(0);
	CHECK_ERR(read(p[0], &c, 1), EINTR);
	CHECK_EQ(got, 1);
	close(p[0]);
	close(p[1]);
}

TEST(read_goes_on)
{
	int p[2];
	char c;
	pid_t pid;

	OK(pipe(p));
	pid = OK(fork());
	if (pid == 0) {
		sleep_ms(100);
		CHECK_EQ(write(p[1], "x", 1), 1);
		_exit(0);
	}
	alarm_soon(SA_RESTART);
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EQ(got, 1);
	CHECK_EXITS(pid, 0);
	close(p[0]);
	close(p[1]);
}

TEST(write_tells_what_it_wrote)
{
	static char buf[200000];
	int p[2];

	OK(pipe(p));
	alarm_soon(0);
	CHECK_EQ(write(p[1], buf, sizeof(buf)), 65536);
	CHECK_EQ(got, 1);
	alarm_soon(0);
	CHECK_ERR(write(p[1], buf, 1), EINTR);
	close(p[0]);
	close(p[1]);
}

TEST(wait_is_interrupted_or_goes_on)
{
	pid_t pid = OK(fork());
	int status;

	if (pid == 0) {
		sleep_ms(150);
		_exit(0);
	}
	alarm_soon(0);
	CHECK_ERR(waitpid(pid, &status, 0), EINTR);
	alarm_soon(SA_RESTART);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(got, 1);
}

TEST(never_restarted)
{
	struct timespec ts = { 5, 0 };
	struct timeval tv = { 5, 0 };
	sigset_t none;

	sigemptyset(&none);
	alarm_soon(SA_RESTART);
	CHECK_ERR(poll(NULL, 0, 5000), EINTR);
	alarm_soon(SA_RESTART);
	CHECK_ERR(select(0, NULL, NULL, NULL, &tv), EINTR);
	alarm_soon(SA_RESTART);
	CHECK_ERR(pause(), EINTR);
	alarm_soon(SA_RESTART);
	CHECK_ERR(sigsuspend(&none), EINTR);
	alarm_soon(SA_RESTART);
	CHECK_ERR(nanosleep(&ts, &ts), EINTR);
	CHECK_EQ(ts.tv_sec, 4);
}

TEST(ignored_signals_interrupt_nothing)
{
	struct itimerval it = { .it_value = { 0, 30000 } };
	struct timespec ts = { 0, 80000000 };
	int p[2];
	char c;
	pid_t pid;

	signal(SIGALRM, SIG_IGN);
	OK(setitimer(ITIMER_REAL, &it, NULL));
	OK(nanosleep(&ts, NULL));
	OK(pipe(p));
	pid = OK(fork());
	if (pid == 0) {
		sleep_ms(80);
		CHECK_EQ(write(p[1], "x", 1), 1);
		_exit(0);
	}
	OK(setitimer(ITIMER_REAL, &it, NULL));
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EXITS(pid, 0);
	signal(SIGALRM, SIG_DFL);
}

TEST(stop_and_continue_are_not_seen)
{
	int p[2];
	char c;
	pid_t me = getpid(), pid;

	OK(pipe(p));
	pid = OK(fork());
	if (pid == 0) {
		sleep_ms(30);
		kill(me, SIGCONT);
		sleep_ms(30);
		CHECK_EQ(write(p[1], "x", 1), 1);
		_exit(0);
	}
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EXITS(pid, 0);
}
