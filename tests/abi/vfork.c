/*
 * vfork(2)
 */
#include "tests/abi/abi.h"

static volatile int shared;

TEST(parent_waits_for_exit)
{
	pid_t pid;

	shared = 0;
	pid = vfork();
	if (pid == 0) {
		sleep_ms(30);
		shared = 1;
		_exit(5);
	}
	CHECK(pid > 0);
	CHECK_EQ(shared, 1);
	CHECK_EXITS(pid, 5);
}

TEST(parent_waits_for_exec)
{
	char *argv[] = { "/proc/self/exe", "--sleep", NULL };
	long long start = now_ns();
	pid_t pid = vfork();
	int status;

	if (pid == 0) {
		execl("/bin/sleep", "sleep", "5", (char *)NULL);
		execv(argv[0], argv);
		_exit(127);
	}
	CHECK(pid > 0);
	CHECK(now_ns() - start < 4000 * MS);
	OK(kill(pid, SIGKILL));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status));
}

TEST(parent_waits_for_death)
{
	pid_t pid = vfork();

	if (pid == 0) {
		kill(getpid(), SIGKILL);
		_exit(0);
	}
	CHECK(pid > 0);
	CHECK_KILLED(pid, SIGKILL);
}

TEST(descriptors_are_separate)
{
	int fd = make_file("f", "x");
	pid_t pid = vfork();
	char c;

	if (pid == 0) {
		close(fd);
		_exit(0);
	}
	CHECK_EXITS(pid, 0);
	CHECK_EQ(read(fd, &c, 1), 1);
	close(fd);
}
