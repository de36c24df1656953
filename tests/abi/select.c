/*
 * select(2), pselect6(2)
 */
#include <sys/select.h>
#include "tests/abi/abi.h"

TEST(readiness)
{
	int p[2];
	fd_set r, w;
	struct timeval zero = { 0, 0 };

	OK(pipe(p));
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(p[0], &r);
	FD_SET(p[1], &w);
	CHECK_EQ(select(p[1] + 1, &r, &w, NULL, &zero), 1);
	CHECK(!FD_ISSET(p[0], &r));
	CHECK(FD_ISSET(p[1], &w));
	CHECK_EQ(write(p[1], "x", 1), 1);
	FD_SET(p[0], &r);
	CHECK_EQ(select(p[1] + 1, &r, &w, NULL, NULL), 2);
	close(p[1]);
	char c;
	CHECK_EQ(read(p[0], &c, 1), 1);
	FD_ZERO(&r);
	FD_SET(p[0], &r);
	CHECK_EQ(select(p[0] + 1, &r, NULL, NULL, NULL), 1);
	close(p[0]);
}

TEST(times_out_and_tells_what_is_left)
{
	struct timeval tv = { 0, 40000 };
	long long start = now_ns();

	CHECK_EQ(syscall(SYS_select, 0, NULL, NULL, NULL, &tv), 0);
	CHECK(now_ns() - start >= 40 * MS);
	CHECK_EQ(tv.tv_sec, 0);
	CHECK_EQ(tv.tv_usec, 0);
}

TEST(errors)
{
	fd_set r;
	struct timeval bad = { -1, 0 };

	int fd = OK(open("/dev/null", O_RDONLY));

	close(fd);
	FD_ZERO(&r);
	FD_SET(fd, &r);
	CHECK_ERR(syscall(SYS_select, fd + 1, &r, NULL, NULL, NULL), EBADF);
	CHECK_ERR(syscall(SYS_select, -1, NULL, NULL, NULL, NULL), EINVAL);
	CHECK_ERR(syscall(SYS_select, 0, NULL, NULL, NULL, &bad), EINVAL);
	CHECK_ERR(syscall(SYS_select, 4, BAD_ADDRESS, NULL, NULL, NULL),
	    EFAULT);
}

static void
on_signal(int sig)
{
	(void)sig;
}

TEST(interrupted_by_the_mask_of_pselect)
{
	sigset_t block, none;

	signal(SIGUSR1, on_signal);
	sigemptyset(&none);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &block, NULL));
	OK(kill(getpid(), SIGUSR1));
	CHECK_ERR(pselect(0, NULL, NULL, NULL, NULL, &none), EINTR);
	OK(sigprocmask(SIG_UNBLOCK, &block, NULL));
}
