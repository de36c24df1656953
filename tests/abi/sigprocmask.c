/*
 * rt_sigprocmask(2), rt_sigpending(2)
 */
#include "tests/abi/abi.h"

static volatile int got;

static void
on_signal(int sig)
{
	got = sig;
}

TEST(three_ways)
{
	sigset_t a, old;

	sigemptyset(&a);
	sigaddset(&a, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &a, &old));
	CHECK(!sigismember(&old, SIGUSR1));
	sigemptyset(&a);
	sigaddset(&a, SIGUSR2);
	OK(sigprocmask(SIG_BLOCK, &a, &old));
	CHECK(sigismember(&old, SIGUSR1) && !sigismember(&old, SIGUSR2));
	OK(sigprocmask(SIG_UNBLOCK, &a, &old));
	CHECK(sigismember(&old, SIGUSR1) && sigismember(&old, SIGUSR2));
	sigemptyset(&a);
	OK(sigprocmask(SIG_SETMASK, &a, &old));
	CHECK(sigismember(&old, SIGUSR1) && !sigismember(&old, SIGUSR2));
}

TEST(pending_then_delivered)
{
	sigset_t a, pending;

	signal(SIGUSR1, on_signal);
	sigemptyset(&a);
	sigaddset(&a, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &a, NULL));
	raise(SIGUSR1);
	raise(SIGUSR1);
	CHECK_EQ(got, 0);
	OK(sigpending(&pending));
	CHECK(sigismember(&pending, SIGUSR1));
	CHECK(!sigismember(&pending, SIGUSR2));
	OK(sigprocmask(SIG_UNBLOCK, &a, NULL));
	CHECK_EQ(got, SIGUSR1);
	OK(sigpending(&pending));
	CHECK(!sigismember(&pending, SIGUSR1));
}

static volatile int values[8], nvalues;

static void
on_queued(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	values[nvalues++] = info->si_value.sival_int;
	CHECK_EQ(info->si_code, SI_QUEUE);
}

TEST(real_time_signals_queue)
{
	struct sigaction sa = { .sa_sigaction = on_queued,
	    .sa_flags = SA_SIGINFO };
	sigset_t a;
	int sig = 40;

	OK(sigaction(sig, &sa, NULL));
	sigemptyset(&a);
	sigaddset(&a, sig);
	OK(sigprocmask(SIG_BLOCK, &a, NULL));
	for (int i = 0; i < 5; i++)
		OK(sigqueue(getpid(), sig, (union sigval){ .sival_int = i }));
	OK(sigprocmask(SIG_UNBLOCK, &a, NULL));
	CHECK_EQ(nvalues, 5);
	for (int i = 0; i < 5; i++)
		CHECK_EQ(values[i], i);
}

TEST(kill_and_stop_cannot_be_blocked)
{
	unsigned long all = -1UL, now = 0;

	OK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8));
	OK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &now, 8));
	CHECK_EQ(now, ~(1UL << (SIGKILL - 1) | 1UL << (SIGSTOP - 1)));
	all = 0;
	OK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8));
}

TEST(errors)
{
	unsigned long set = 0;

	CHECK_ERR(syscall(SYS_rt_sigprocmask, 9, &set, NULL, 8), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigprocmask, 0, &set, NULL, 16), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigprocmask, 0, BAD_ADDRESS, NULL, 8), EFAULT);
	CHECK_ERR(syscall(SYS_rt_sigprocmask, 0, NULL, BAD_ADDRESS, 8), EFAULT);
	OK(syscall(SYS_rt_sigprocmask, 9, NULL, &set, 8));
	CHECK_ERR(syscall(SYS_rt_sigpending, &set, 16), EINVAL);
}

TEST(a_blocked_fault_kills)
{
	pid_t pid = OK(fork());

	if (pid == 0) {
		sigset_t all;

		signal(SIGSEGV, on_signal);
		sigfillset(&all);
		sigprocmask(SIG_BLOCK, &all, NULL);
		*(volatile int *)BAD_ADDRESS = 1;
		_exit(0);
	}
	CHECK_KILLED(pid, SIGSEGV);
}
