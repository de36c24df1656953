/*
 * rt_sigsuspend(2), rt_sigtimedwait(2), pause(2)
 */
#include "tests/abi/abi.h"

static volatile int got;

static void
on_signal(int sig)
{
	got = sig;
}

static sigset_t
set_of(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	return set;
}

TEST(suspend_swaps_the_mask)
{
	sigset_t block = set_of(SIGUSR1), none, now;

	signal(SIGUSR1, on_signal);
	sigemptyset(&none);
	OK(sigprocmask(SIG_BLOCK, &block, NULL));
	raise(SIGUSR1);
	CHECK_ERR(sigsuspend(&none), EINTR);
	CHECK_EQ(got, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK(sigismember(&now, SIGUSR1));
	OK(sigprocmask(SIG_UNBLOCK, &block, NULL));
}

TEST(timedwait_takes_without_a_handler)
{
	sigset_t set = set_of(SIGUSR1);
	struct timespec ts = { 0, 0 };
	siginfo_t info;

	got = 0;
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	CHECK_ERR(sigtimedwait(&set, &info, &ts), EAGAIN);
	OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(sigtimedwait(&set, &info, &ts), SIGUSR1);
	CHECK_EQ(info.si_signo, SIGUSR1);
	CHECK_EQ(info.si_pid, getpid());
	CHECK_EQ(got, 0);
	OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
	CHECK_EQ(got, 0);
}

TEST(timedwait_waits)
{
	sigset_t set = set_of(SIGUSR2);
	struct timespec ts = { 0, 40000000 };
	long long start = now_ns();
	pid_t me = getpid(), pid;

	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	CHECK_ERR(sigtimedwait(&set, NULL, &ts), EAGAIN);
	CHECK(now_ns() - start >= 40 * MS);
	pid = OK(fork());
	if (pid == 0) {
		sleep_ms(30);
		kill(me, SIGUSR2);
		_exit(0);
	}
	ts.tv_sec = 5;
	CHECK_EQ(sigtimedwait(&set, NULL, &ts), SIGUSR2);
	CHECK_EXITS(pid, 0);
	OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

TEST(timedwait_is_interrupted_by_others)
{
	sigset_t set = set_of(SIGUSR2);
	struct itimerval it = { .it_value = { 0, 30000 } };
	struct timespec ts = { 5, 0 };

	signal(SIGALRM, on_signal);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	OK(setitimer(ITIMER_REAL, &it, NULL));
	/* The C library would try again. */
	CHECK_ERR(syscall(SYS_rt_sigtimedwait, &set, NULL, &ts, 8), EINTR);
	OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

TEST(timedwait_errors)
{
	sigset_t set = set_of(SIGUSR2);
	struct timespec ts = { 0, 1000000000 };

	CHECK_ERR(syscall(SYS_rt_sigtimedwait, &set, NULL, &ts, 8), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 4), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigtimedwait, BAD_ADDRESS, NULL, NULL, 8),
	    EFAULT);
	CHECK_ERR(syscall(SYS_rt_sigsuspend, &set, 4), EINVAL);
}

TEST(children_wake_a_waiter)
{
	sigset_t set = set_of(SIGCHLD);
	struct timespec ts = { 5, 0 };
	siginfo_t info;
	pid_t pid;

	/* Default action "ignore", but blocked: it stays pending. */
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	pid = OK(fork());
	if (pid == 0)
		_exit(3);
	CHECK_EQ(sigtimedwait(&set, &info, &ts), SIGCHLD);
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(info.si_code, CLD_EXITED);
	CHECK_EQ(info.si_status, 3);
	CHECK_EXITS(pid, 3);
	OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

TEST(pause_ends_with_a_handler)
{
	struct itimerval it = { .it_value = { 0, 20000 } };

	signal(SIGALRM, on_signal);
	OK(setitimer(ITIMER_REAL, &it, NULL));
	CHECK_ERR(pause(), EINTR);
	CHECK_EQ(got, SIGALRM);
}
