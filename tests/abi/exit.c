/*
 * exit(2), exit_group(2)
 */
#include "tests/abi/abi.h"

TEST(status_is_eight_bits)
{
	pid_t pid = OK(fork());

	if (pid == 0)
		_exit(0x1234);
	CHECK_EXITS(pid, 0x34);
	pid = OK(fork());
	if (pid == 0)
		syscall(SYS_exit_group, -1);
	CHECK_EXITS(pid, 255);
}

TEST(orphans_go_to_init)
{
	int p[2];
	pid_t parent, seen[2];

	OK(pipe(p));
	parent = OK(fork());
	if (parent == 0) {
		pid_t middle = getpid();

		if (OK(fork()) == 0) {
			while (getppid() == middle)
				sleep_ms(5);
			seen[0] = getppid();
			seen[1] = middle;
			CHECK_EQ(write(p[1], seen, sizeof(seen)), sizeof(seen));
		}
		_exit(0);
	}
	CHECK_EXITS(parent, 0);
	CHECK_EQ(read(p[0], seen, sizeof(seen)), sizeof(seen));
	CHECK_EQ(seen[1], parent);
	CHECK(seen[0] != parent);
	close(p[0]);
	close(p[1]);
}

TEST(closes_files)
{
	int p[2];
	char c;
	pid_t pid;

	OK(pipe(p));
	pid = OK(fork());
	if (pid == 0)
		_exit(0);
	close(p[1]);
	CHECK_EQ(read(p[0], &c, 1), 0);
	CHECK_EXITS(pid, 0);
	close(p[0]);
}

static volatile int got;

static void
on_child(int sig)
{
	(void)sig;
	got++;
}

TEST(tells_the_parent)
{
	sigset_t set, old;
	pid_t pid;

	signal(SIGCHLD, on_child);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	OK(sigprocmask(SIG_BLOCK, &set, &old));
	pid = OK(fork());
	if (pid == 0)
		_exit(0);
	CHECK_EXITS(pid, 0);
	OK(sigprocmask(SIG_SETMASK, &old, NULL));
	CHECK_EQ(got, 1);
	signal(SIGCHLD, SIG_DFL);
}
