/*
 * wait4(2), waitid(2)
 */
#include <sys/resource.h>
#include "tests/abi/abi.h"

/* A child that waits to be killed. */
static pid_t
sleeper(void)
{
	pid_t pid = OK(fork());

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

TEST(no_children)
{
	int status;

	CHECK_ERR(wait(&status), ECHILD);
	CHECK_ERR(waitpid(abi_pid, &status, 0), ECHILD);
	CHECK_ERR(waitpid(1, &status, 0), ECHILD);
	CHECK_ERR(waitpid(-1, &status, 0x1000), EINVAL);
	CHECK_ERR(waitpid(INT_MIN, &status, 0), ESRCH);
}

TEST(no_hang)
{
	pid_t pid = sleeper();
	int status = 77;

	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	CHECK_EQ(waitpid(-1, &status, WNOHANG), 0);
	OK(kill(pid, SIGKILL));
	CHECK_KILLED(pid, SIGKILL);
	CHECK_ERR(waitpid(pid, &status, 0), ECHILD);
}

TEST(any_child)
{
	pid_t a = OK(fork()), b, first;
	int status;

	if (a == 0)
		_exit(1);
	b = OK(fork());
	if (b == 0) {
		sleep_ms(50);
		_exit(2);
	}
	first = OK(wait(&status));
	CHECK(first == a || first == b);
	CHECK_EQ(wait(&status), first == a ? b : a);
	CHECK_ERR(wait(&status), ECHILD);
}

TEST(by_group)
{
	pid_t a = sleeper(), b = sleeper();
	int status;

	OK(setpgid(a, a));
	CHECK_EQ(waitpid(-a, &status, WNOHANG), 0);
	OK(kill(b, SIGKILL));
	OK(kill(a, SIGKILL));
	CHECK_EQ(waitpid(-a, &status, 0), a);
	CHECK_EQ(waitpid(0, &status, 0), b);
}

TEST(stops_and_continues)
{
	pid_t pid = sleeper();
	int status;

	OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_EQ(WSTOPSIG(status), SIGSTOP);
	/* Told only once. */
	CHECK_EQ(waitpid(pid, &status, WUNTRACED | WNOHANG), 0);
	OK(kill(pid, SIGCONT));
	CHECK_EQ(waitpid(pid, &status, WCONTINUED), pid);
	CHECK(WIFCONTINUED(status));
	/* A stopped process dies of SIGKILL at once. */
	OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	OK(kill(pid, SIGKILL));
	CHECK_KILLED(pid, SIGKILL);
}

TEST(core_bit_and_signal)
{
	pid_t pid = OK(fork());
	int status;

	if (pid == 0) {
		signal(SIGTERM, SIG_DFL);
		raise(SIGTERM);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, SIGTERM);
}

TEST(usage)
{
	struct rusage ru;
	int status;
	pid_t pid = OK(fork());

	if (pid == 0) {
		struct timespec ts;

		do
			clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
		while (ts.tv_nsec < 60 * MS);
		_exit(0);
	}
	CHECK_EQ(wait4(pid, &status, 0, &ru), pid);
	CHECK(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec +
	    1000000 * ru.ru_utime.tv_sec > 10000);
}

TEST(waitid_tells_all)
{
	siginfo_t info;
	pid_t pid = OK(fork());

	if (pid == 0)
		_exit(5);
	memset(&info, 0, sizeof(info));
	OK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	CHECK_EQ(info.si_pid, pid);
	CHECK_EQ(info.si_signo, SIGCHLD);
	CHECK_EQ(info.si_code, CLD_EXITED);
	CHECK_EQ(info.si_status, 5);
	CHECK_EQ(info.si_uid, getuid());
	/* It is still there. */
	OK(waitid(P_ALL, 0, &info, WEXITED));
	CHECK_EQ(info.si_pid, pid);
	CHECK_ERR(waitid(P_PID, pid, &info, WEXITED), ECHILD);
	CHECK_ERR(waitid(P_PID, pid, &info, 0), EINVAL);
	CHECK_ERR(waitid(99, pid, &info, WEXITED), EINVAL);
	pid = sleeper();
	info.si_pid = 77;
	OK(waitid(P_PID, pid, &info, WEXITED | WNOHANG));
	CHECK_EQ(info.si_pid, 0);
	OK(kill(pid, SIGKILL));
	OK(waitid(P_PID, pid, &info, WEXITED));
	CHECK_EQ(info.si_code, CLD_KILLED);
	CHECK_EQ(info.si_status, SIGKILL);
}

TEST(ignored_children_reap_themselves)
{
	pid_t pid;
	int status;

	signal(SIGCHLD, SIG_IGN);
	pid = OK(fork());
	if (pid == 0)
		_exit(0);
	/* Waits until it is gone, then: no such child. */
	CHECK_ERR(waitpid(pid, &status, 0), ECHILD);
	signal(SIGCHLD, SIG_DFL);
}

TEST(bad_address)
{
	pid_t pid = OK(fork());

	if (pid == 0)
		_exit(0);
	CHECK_ERR(syscall(SYS_wait4, pid, BAD_ADDRESS, 0, NULL), EFAULT);
}
