/*
 * kill(2), tkill(2), tgkill(2)
 */
#include "tests/abi/abi.h"

/* A child that waits; it runs with no signal blocked, as fork(3) may leave them
 * for a moment. */
static pid_t
sleeper(void)
{
	int ready[2];
	char c;
	pid_t pid;

	OK(pipe(ready));
	pid = OK(fork());
	if (pid == 0) {
		OK(write(ready[1], "x", 1));
		for (;;)
			pause();
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

TEST(existence)
{
	pid_t pid = sleeper();

	OK(kill(pid, 0));
	OK(kill(getpid(), 0));
	OK(kill(pid, SIGKILL));
	/* A zombie is still there. */
	sleep_ms(20);
	OK(kill(pid, 0));
	CHECK_KILLED(pid, SIGKILL);
	CHECK_ERR(kill(pid, 0), ESRCH);
}

TEST(errors)
{
	CHECK_ERR(kill(getpid(), 65), EINVAL);
	CHECK_ERR(kill(getpid(), -1), EINVAL);
	CHECK_ERR(kill(0x3fffffff, 0), ESRCH);
	CHECK_ERR(kill(-0x3fffffff, SIGTERM), ESRCH);
	CHECK_ERR(syscall(SYS_tkill, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_tkill, -1, 0), EINVAL);
	CHECK_ERR(syscall(SYS_tkill, 0x3fffffff, 0), ESRCH);
	CHECK_ERR(syscall(SYS_tgkill, getpid(), 0x3fffffff, 0), ESRCH);
	CHECK_ERR(syscall(SYS_tgkill, 0, getpid(), 0), EINVAL);
}

TEST(each_fatal_signal_kills)
{
	static const int fatal[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS,
		SIGFPE, SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM,
		SIGTERM, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO, SIGSYS,
		SIGSTKFLT, SIGPWR, 40, 64,
	};

	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
		pid_t pid = sleeper();

		OK(kill(pid, fatal[i]));
		CHECK_KILLED(pid, fatal[i]);
	}
}

TEST(some_are_ignored)
{
	static const int ignored[] = { SIGCHLD, SIGURG, SIGWINCH, SIGCONT };
	pid_t pid = sleeper();
	int status;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		OK(kill(pid, ignored[i]));
	sleep_ms(20);
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	OK(kill(pid, SIGKILL));
	CHECK_KILLED(pid, SIGKILL);
}

TEST(groups)
{
	pid_t a = sleeper(), b = sleeper();

	OK(setpgid(a, a));
	OK(setpgid(b, a));
	OK(kill(-a, SIGTERM));
	CHECK_KILLED(a, SIGTERM);
	CHECK_KILLED(b, SIGTERM);
	CHECK_ERR(kill(-a, SIGTERM), ESRCH);
}

TEST(own_group)
{
	pid_t pid = OK(fork());

	if (pid == 0) {
		setpgid(0, 0);
		sleeper();
		kill(0, SIGUSR1);
		_exit(0);
	}
	CHECK_KILLED(pid, SIGUSR1);
}

TEST(permission)
{
	pid_t pid;

	if (!is_root())
		SKIP("needs root");
	pid = sleeper();
	IN_CHILD({
		OK(setuid(1000));
		CHECK_ERR(kill(pid, SIGTERM), EPERM);
		CHECK_ERR(kill(pid, 0), EPERM);
		CHECK_ERR(kill(1, SIGKILL), EPERM);
	});
	IN_CHILD({
		OK(setuid(1000));
		pid_t own = sleeper();
		OK(kill(own, SIGTERM));
		CHECK_KILLED(own, SIGTERM);
	});
	OK(kill(pid, SIGKILL));
	CHECK_KILLED(pid, SIGKILL);
}

static volatile int got, sender, code;

static void
on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	got = sig;
	sender = info->si_pid;
	code = info->si_code;
}

TEST(tells_who_sent)
{
	struct sigaction sa = { .sa_sigaction = on_signal,
	    .sa_flags = SA_SIGINFO };

	OK(sigaction(SIGUSR1, &sa, NULL));
	OK(kill(getpid(), SIGUSR1));
	CHECK_EQ(got, SIGUSR1);
	CHECK_EQ(sender, getpid());
	CHECK_EQ(code, SI_USER);
	OK(syscall(SYS_tkill, getpid(), SIGUSR1));
	CHECK_EQ(code, SI_TKILL);
	OK(syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1));
	CHECK_EQ(code, SI_TKILL);
}

TEST(killed_while_stopped)
{
	pid_t pid = sleeper();

	OK(kill(pid, SIGSTOP));
	sleep_until_stopped(pid);
	/* TERM waits for CONT. */
	OK(kill(pid, SIGTERM));
	sleep_ms(20);
	int status;
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	OK(kill(pid, SIGCONT));
	CHECK_KILLED(pid, SIGTERM);
}
