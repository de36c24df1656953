/*
 * Stop signals and SIGCONT
 */
#include "tests/abi/abi.h"

static volatile int got;

static void
on_signal(int sig)
{
	got = sig;
}

TEST(each_stop_signal_stops)
{
	static const int stops[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };

	for (int i = 0; i < 4; i++) {
		pid_t pid = OK(fork());
		int status;

		if (pid == 0)
			for (;;)
				pause();
		OK(kill(pid, stops[i]));
		CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
		CHECK(WIFSTOPPED(status));
		CHECK_EQ(WSTOPSIG(status), stops[i]);
		OK(kill(pid, SIGKILL));
		CHECK_KILLED(pid, SIGKILL);
	}
}

TEST(cont_runs_its_handler)
{
	pid_t pid = OK(fork());

	if (pid == 0) {
		signal(SIGCONT, on_signal);
		raise(SIGSTOP);
		_exit(got == SIGCONT ? 0 : 1);
	}
	sleep_until_stopped(pid);
	OK(kill(pid, SIGCONT));
	CHECK_EXITS(pid, 0);
}

TEST(cont_cancels_a_pending_stop)
{
	sigset_t set, pending;

	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	OK(kill(getpid(), SIGTSTP));
	OK(kill(getpid(), SIGCONT));
	OK(sigpending(&pending));
	CHECK(!sigismember(&pending, SIGTSTP));
	OK(kill(getpid(), SIGTSTP));
	OK(sigpending(&pending));
	CHECK(!sigismember(&pending, SIGCONT));
	OK(kill(getpid(), SIGCONT));
	OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

TEST(orphaned_groups_do_not_stop)
{
	IN_CHILD({
		OK(setsid());
		/* Nobody could continue it: the terminal's stops do nothing. */
		raise(SIGTSTP);
		raise(SIGTTIN);
		raise(SIGTTOU);
	});
}

static volatile int children;

static void
on_child(int sig)
{
	(void)sig;
	children++;
}

TEST(parents_are_told_unless_nocldstop)
{
	struct sigaction sa = { .sa_handler = on_child };
	pid_t pid;

	OK(sigaction(SIGCHLD, &sa, NULL));
	pid = OK(fork());
	if (pid == 0)
		for (;;)
			pause();
	OK(kill(pid, SIGSTOP));
	while (children == 0)
		sleep_ms(5);
	sa.sa_flags = SA_NOCLDSTOP;
	OK(sigaction(SIGCHLD, &sa, NULL));
	OK(kill(pid, SIGCONT));
	OK(kill(pid, SIGSTOP));
	sleep_ms(50);
	int before = children;
	CHECK(before >= 1 && before <= 2);
	signal(SIGCHLD, SIG_DFL);
	OK(kill(pid, SIGKILL));
	CHECK_KILLED(pid, SIGKILL);
}

TEST(all_threads_stop)
{
	volatile long *n = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = OK(fork());
	long a;

	if (pid == 0)
		for (;;)
			(*n)++;
	sleep_ms(20);
	OK(kill(pid, SIGSTOP));
	sleep_until_stopped(pid);
	a = *n;
	sleep_ms(30);
	CHECK_EQ(*n, a);
	OK(kill(pid, SIGCONT));
	while (*n == a)
		sleep_ms(1);
	OK(kill(pid, SIGKILL));
	CHECK_KILLED(pid, SIGKILL);
}
