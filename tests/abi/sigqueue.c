/*
 * rt_sigqueueinfo(2), rt_tgsigqueueinfo(2), and what kill(2) queues
 */
#include "tests/abi/abi.h"

#include <sys/resource.h>

#define RT	(SIGRTMIN + 3)

static void
block(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
}

/* Take sig, which is blocked; the answer is the call's. */
static int
take(int sig, siginfo_t *info)
{
	struct timespec now = { 0, 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	return sigtimedwait(&set, info, &now);
}

TEST(real_time_signals_of_kill_queue)
{
	siginfo_t info;

	block(RT);
	OK(kill(getpid(), RT));
	OK(kill(getpid(), RT));
	OK(syscall(SYS_tgkill, getpid(), getpid(), RT));
	CHECK_EQ(take(RT, &info), RT);	/* the thread's own comes first */
	CHECK_EQ(info.si_code, SI_TKILL);
	CHECK_EQ(info.si_pid, getpid());
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(take(RT, &info), RT);
		CHECK_EQ(info.si_code, SI_USER);
		CHECK_EQ(info.si_pid, getpid());
	}
	CHECK_ERR(take(RT, &info), EAGAIN);
}

TEST(a_standard_signal_carries_its_value_once)
{
	siginfo_t info;

	block(SIGUSR1);
	for (int i = 7; i < 9; i++)
		OK(sigqueue(getpid(), SIGUSR1,
		    (union sigval){ .sival_int = i }));
	CHECK_EQ(take(SIGUSR1, &info), SIGUSR1);
	CHECK_EQ(info.si_code, SI_QUEUE);
	CHECK_EQ(info.si_value.sival_int, 7);
	CHECK_ERR(take(SIGUSR1, &info), EAGAIN);
}

TEST(any_code_below_zero_carries_its_value)
{
	siginfo_t info = { .si_code = -60 }, got;

	info.si_pid = 4711;
	info.si_value.sival_int = 12;
	block(SIGUSR2);
	OK(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR2, &info));
	CHECK_EQ(take(SIGUSR2, &got), SIGUSR2);
	CHECK_EQ(got.si_code, -60);
	CHECK_EQ(got.si_pid, 4711);
	CHECK_EQ(got.si_value.sival_int, 12);
	OK(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGUSR2, &info));
	CHECK_EQ(take(SIGUSR2, &got), SIGUSR2);
	CHECK_EQ(got.si_value.sival_int, 12);
}

/* Past RLIMIT_SIGPENDING: sigqueue(3) fails, but not for standard signals;
 * kill(2) does not fail either. */
TEST(the_limit)
{
	struct rlimit none = { 0, 0 };
	union sigval v = { .sival_int = 1 };
	siginfo_t info;

	block(RT);
	block(SIGUSR1);
	IN_CHILD(
		OK(setrlimit(RLIMIT_SIGPENDING, &none));
		CHECK_ERR(sigqueue(getpid(), RT, v), EAGAIN);
		CHECK_ERR(take(RT, &info), EAGAIN);
		OK(kill(getpid(), RT));
		CHECK_EQ(take(RT, &info), RT);
		OK(sigqueue(getpid(), SIGUSR1, v));
		CHECK_EQ(take(SIGUSR1, &info), SIGUSR1));
}

TEST(errors)
{
	siginfo_t info = { .si_code = SI_QUEUE };

	CHECK_ERR(syscall(SYS_rt_sigqueueinfo, getpid(), 65, &info), EINVAL);
	CHECK_ERR(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, BAD_ADDRESS),
	    EFAULT);
	CHECK_ERR(syscall(SYS_rt_tgsigqueueinfo, getpid(), 0, SIGUSR1, &info),
	    EINVAL);
	OK(syscall(SYS_rt_sigqueueinfo, getpid(), 0, &info));
	info.si_code = SI_USER;
	CHECK_ERR(syscall(SYS_rt_sigqueueinfo, getppid(), SIGUSR1, &info),
	    EPERM);
}
