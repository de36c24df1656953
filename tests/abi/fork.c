/*
 * fork(2)
 */
#include "tests/abi/abi.h"

static int global = 1;

TEST(two_processes)
{
	pid_t me = getpid(), pid = OK(fork());

	if (pid == 0) {
		CHECK(getpid() != me);
		CHECK_EQ(getppid(), me);
		_exit(7);
	}
	CHECK(pid > 1 && pid != me);
	CHECK_EXITS(pid, 7);
}

TEST(memory_is_copied)
{
	char *big = malloc(1 << 20);
	volatile int local = 1;

	memset(big, 1, 1 << 20);
	IN_CHILD({
		global = 2;
		local = 2;
		memset(big, 2, 1 << 20);
	});
	CHECK_EQ(global, 1);
	CHECK_EQ(local, 1);
	for (int i = 0; i < 1 << 20; i += 4096)
		CHECK_EQ(big[i], 1);
	/* And the other way round. */
	int p[2];
	char c;
	OK(pipe(p));
	pid_t pid = OK(fork());
	if (pid == 0) {
		CHECK_EQ(read(p[0], &c, 1), 1);
		CHECK_EQ(big[5000], 1);
		_exit(0);
	}
	memset(big, 3, 1 << 20);
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_EXITS(pid, 0);
	free(big);
	close(p[0]);
	close(p[1]);
}

TEST(descriptors_are_shared_files)
{
	int fd = make_file("f", "abcdef");
	char c;

	IN_CHILD({
		CHECK_EQ(read(fd, &c, 1), 1);
		close(fd);
	});
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, 'b');
	close(fd);
}

static volatile int got;

static void
on_signal(int sig)
{
	got = sig;
}

TEST(signals)
{
	sigset_t set, pending;

	signal(SIGUSR1, on_signal);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	OK(raise(SIGUSR1));
	IN_CHILD({
		/* The mask is inherited, what is pending not. */
		OK(sigpending(&pending));
		CHECK(!sigismember(&pending, SIGUSR1));
		OK(raise(SIGUSR1));
		CHECK_EQ(got, 0);
		OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
		CHECK_EQ(got, SIGUSR1);
	});
	CHECK_EQ(got, 0);
	OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
	CHECK_EQ(got, SIGUSR1);
}

TEST(timers_are_not_inherited)
{
	alarm(100);
	IN_CHILD(CHECK_EQ(alarm(0), 0));
	CHECK(alarm(0) > 90);
}

TEST(floating_point_goes_along)
{
	volatile double x = 1.5;
	pid_t pid;

	double y = x * 3;
	pid = OK(fork());
	if (pid == 0)
		_exit(y * 2 == 9.0 ? 0 : 1);
	CHECK_EXITS(pid, 0);
	CHECK(y * 2 == 9.0);
}

TEST(many_at_once)
{
	pid_t pid[50];

	for (int i = 0; i < 50; i++) {
		pid[i] = OK(fork());
		if (pid[i] == 0)
			_exit(i);
	}
	for (int i = 49; i >= 0; i--)
		CHECK_EXITS(pid[i], i);
}

TEST(chain)
{
	/* Each makes the next and waits for it. */
	pid_t pid = OK(fork());
	int depth = 0;

	while (pid == 0 && ++depth < 20)
		pid = OK(fork());
	if (depth < 20)
		CHECK_EXITS(pid, 0);
	if (getpid() != abi_pid)
		_exit(0);
}
