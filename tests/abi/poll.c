/*
 * poll(2), ppoll(2)
 */
#include "tests/abi/abi.h"

TEST(pipe_states)
{
	int p[2];
	struct pollfd fds[2];
	char c = 'x';

	OK(pipe(p));
	fds[0] = (struct pollfd){ .fd = p[0], .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = p[1], .events = POLLOUT };
	CHECK_EQ(poll(fds, 2, 0), 1);
	CHECK_EQ(fds[0].revents, 0);
	CHECK_EQ(fds[1].revents, POLLOUT);
	CHECK_EQ(write(p[1], &c, 1), 1);
	CHECK_EQ(poll(fds, 2, 0), 2);
	CHECK_EQ(fds[0].revents, POLLIN);
	OK(close(p[1]));
	CHECK_EQ(poll(fds, 1, 0), 1);
	CHECK_EQ(fds[0].revents, POLLIN | POLLHUP);
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EQ(poll(fds, 1, -1), 1);
	CHECK_EQ(fds[0].revents, POLLHUP);
	close(p[0]);
}

TEST(no_reader)
{
	int p[2];
	struct pollfd fd;

	OK(pipe(p));
	close(p[0]);
	fd = (struct pollfd){ .fd = p[1], .events = POLLOUT };
	CHECK_EQ(poll(&fd, 1, 0), 1);
	CHECK(fd.revents & POLLERR);
	close(p[1]);
}

TEST(full_pipe)
{
	static char buf[4096];
	int p[2];
	struct pollfd fd;

	OK(pipe2(p, O_NONBLOCK));
	while (write(p[1], buf, sizeof(buf)) > 0)
		continue;
	fd = (struct pollfd){ .fd = p[1], .events = POLLOUT };
	CHECK_EQ(poll(&fd, 1, 0), 0);
	CHECK_EQ(fd.revents, 0);
	CHECK_EQ(read(p[0], buf, sizeof(buf)), sizeof(buf));
	CHECK_EQ(poll(&fd, 1, 0), 1);
	close(p[0]);
	close(p[1]);
}

TEST(odd_descriptors)
{
	struct pollfd fds[3] = {
		{ .fd = -1, .events = POLLIN, .revents = 77 },
		{ .fd = 999, .events = POLLIN },
		{ .fd = OK(open("/dev/null", O_RDWR)), .events = POLLIN },
	};

	CHECK_EQ(poll(fds, 3, 0), 2);
	CHECK_EQ(fds[0].revents, 0);
	CHECK_EQ(fds[1].revents, POLLNVAL);
	CHECK_EQ(fds[2].revents, POLLIN);
	close(fds[2].fd);
}

TEST(regular_files_are_always_ready)
{
	struct pollfd fd = { .fd = make_file("f", ""),
	    .events = POLLIN | POLLOUT };

	CHECK_EQ(poll(&fd, 1, -1), 1);
	CHECK_EQ(fd.revents, POLLIN | POLLOUT);
	close(fd.fd);
}

TEST(times_out)
{
	int p[2];
	struct pollfd fd;
	long long start = now_ns();

	OK(pipe(p));
	fd = (struct pollfd){ .fd = p[0], .events = POLLIN };
	CHECK_EQ(poll(&fd, 1, 50), 0);
	CHECK(now_ns() - start >= 50 * MS);
	CHECK(now_ns() - start < 2000 * MS);
	CHECK_EQ(poll(NULL, 0, 10), 0);
	close(p[0]);
	close(p[1]);
}

TEST(wakes)
{
	int p[2];
	struct pollfd fd;
	pid_t pid;

	OK(pipe(p));
	pid = OK(fork());
	if (pid == 0) {
		sleep_ms(50);
		(void)!write(p[1], "x", 1);
		_exit(0);
	}
	fd = (struct pollfd){ .fd = p[0], .events = POLLIN };
	CHECK_EQ(poll(&fd, 1, 5000), 1);
	CHECK_EQ(fd.revents, POLLIN);
	CHECK_EXITS(pid, 0);
	close(p[0]);
	close(p[1]);
}

static void
on_alarm(int sig)
{
	(void)sig;
}

TEST(interrupted)
{
	struct itimerval it = { .it_value = { 0, 30000 } };

	/* Never restarted, whatever SA_RESTART says: see signal(7). */
	signal(SIGALRM, on_alarm);
	OK(setitimer(ITIMER_REAL, &it, NULL));
	CHECK_ERR(poll(NULL, 0, 5000), EINTR);
}

TEST(bad_arguments)
{
	struct timespec bad = { 0, 1000000000 };

	CHECK_ERR(syscall(SYS_poll, BAD_ADDRESS, 1, 0), EFAULT);
	CHECK_ERR(syscall(SYS_poll, NULL, 10000000, 0), EINVAL);
	CHECK_ERR(syscall(SYS_ppoll, NULL, 0, &bad, NULL, 8), EINVAL);
	bad.tv_nsec = 0;
	CHECK_ERR(syscall(SYS_ppoll, NULL, 0, &bad, &bad, 4), EINVAL);
}

TEST(ppoll_changes_the_mask)
{
	sigset_t block, none;
	struct timespec ts = { 5, 0 };

	signal(SIGUSR1, on_alarm);
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &block, NULL));
	OK(kill(getpid(), SIGUSR1));
	CHECK_ERR(ppoll(NULL, 0, &ts, &none), EINTR);
	OK(sigprocmask(SIG_BLOCK, NULL, &none));
	CHECK(sigismember(&none, SIGUSR1));
	OK(sigprocmask(SIG_UNBLOCK, &block, NULL));
}

TEST(many)
{
	static struct pollfd fds[500];
	int fd = OK(open("/dev/zero", O_RDONLY));

	for (int i = 0; i < 500; i++)
		fds[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
	CHECK_EQ(poll(fds, 500, 0), 500);
	close(fd);
}
