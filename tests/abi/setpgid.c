/*
 * setpgid(2), getpgid(2), getpgrp(2), setsid(2), getsid(2)
 */
#include "tests/abi/abi.h"

static pid_t
sleeper(void)
{
	pid_t pid = OK(fork());

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

TEST(own_group)
{
	IN_CHILD({
		OK(setpgid(0, 0));
		CHECK_EQ(getpgrp(), getpid());
		CHECK_EQ(getpgid(0), getpid());
		OK(setpgid(0, 0));
	});
}

TEST(a_childs_group)
{
	pid_t a = sleeper(), b = sleeper();

	OK(setpgid(a, 0));
	CHECK_EQ(getpgid(a), a);
	OK(setpgid(b, a));
	CHECK_EQ(getpgid(b), a);
	OK(setpgid(b, getpgrp()));
	CHECK_EQ(getpgid(b), getpgrp());
	OK(kill(a, SIGKILL));
	OK(kill(b, SIGKILL));
	CHECK_KILLED(a, SIGKILL);
	CHECK_KILLED(b, SIGKILL);
}

TEST(errors)
{
	pid_t a = sleeper();

	CHECK_ERR(setpgid(-1, 0), EINVAL);
	CHECK_ERR(setpgid(0x3fffffff, 0), ESRCH);
	CHECK_ERR(setpgid(0, -1), EINVAL);
	CHECK_ERR(setpgid(1, 0), ESRCH);
	CHECK_ERR(setpgid(a, 0x3fffffff), EPERM);
	CHECK_ERR(getpgid(0x3fffffff), ESRCH);
	CHECK_ERR(getsid(0x3fffffff), ESRCH);
	OK(kill(a, SIGKILL));
	CHECK_KILLED(a, SIGKILL);
}

TEST(new_session)
{
	IN_CHILD({
		pid_t sid = OK(setsid());
		CHECK_EQ(sid, getpid());
		CHECK_EQ(getsid(0), sid);
		CHECK_EQ(getpgrp(), sid);
		/* A leader of a group cannot. */
		CHECK_ERR(setsid(), EPERM);
		CHECK_ERR(setpgid(0, 0), EPERM);
		/* It has no terminal. */
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
		/* Children belong to it. */
		IN_CHILD(CHECK_EQ(getsid(0), sid));
	});
}

TEST(not_into_another_session)
{
	int p[2];
	char c;
	pid_t a, b = sleeper();

	OK(pipe(p));
	a = OK(fork());
	if (a == 0) {
		OK(setsid());
		CHECK_EQ(write(p[1], "x", 1), 1);
		for (;;)
			pause();
	}
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_ERR(setpgid(b, a), EPERM);
	CHECK_ERR(setpgid(a, getpgrp()), EPERM);
	OK(kill(a, SIGKILL));
	OK(kill(b, SIGKILL));
	CHECK_KILLED(a, SIGKILL);
	CHECK_KILLED(b, SIGKILL);
	close(p[0]);
	close(p[1]);
}

TEST(not_after_exec)
{
	pid_t pid = OK(fork());

	if (access("/bin/sleep", X_OK) != 0)
		SKIP("no /bin/sleep");
	if (pid == 0) {
		execl("/bin/sleep", "sleep", "10", (char *)NULL);
		_exit(98);
	}
	sleep_ms(200);
	CHECK_ERR(setpgid(pid, pid), EACCES);
	OK(kill(pid, SIGKILL));
	CHECK_KILLED(pid, SIGKILL);
}

TEST(orphaned_stopped_group_is_told)
{
	int p[2];
	char c;
	pid_t middle;

	/* A stopped member of a group that becomes orphaned: HUP, then CONT. */
	OK(pipe(p));
	middle = OK(fork());
	if (middle == 0) {
		pid_t pid;

		OK(setsid());
		pid = OK(fork());
		if (pid == 0) {
			OK(setpgid(0, 0));
			raise(SIGSTOP);
			CHECK_EQ(write(p[1], "not told", 1), 1);
			_exit(0);
		}
		sleep_until_stopped(pid);
		_exit(0);
	}
	close(p[1]);
	CHECK_EXITS(middle, 0);
	/* It died of SIGHUP: nothing was written. */
	CHECK_EQ(read(p[0], &c, 1), 0);
	close(p[0]);
}
