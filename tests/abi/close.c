/*
 * close(2), close_range(2)
 */
#include "tests/abi/abi.h"

TEST(twice)
{
	int fd = make_file("f", "x");

	OK(close(fd));
	CHECK_ERR(close(fd), EBADF);
	CHECK_ERR(close(-1), EBADF);
	CHECK_ERR(close(INT_MAX), EBADF);
	CHECK_ERR(close(100000), EBADF);
}

TEST(last_writer_ends_a_pipe)
{
	int p[2], other;
	char c;

	OK(pipe(p));
	other = OK(dup(p[1]));
	OK(close(p[1]));
	OK(fcntl(p[0], F_SETFL, O_NONBLOCK));
	CHECK_ERR(read(p[0], &c, 1), EAGAIN);
	OK(close(other));
	CHECK_EQ(read(p[0], &c, 1), 0);
	close(p[0]);
}

TEST(others_keep_the_file)
{
	int fd = make_file("f", "abc");
	int copy = OK(dup(fd));
	char c;

	OK(close(fd));
	CHECK_EQ(read(copy, &c, 1), 1);
	close(copy);
}

TEST(on_exec)
{
	int fd = OK(open("/dev/null", O_RDONLY | O_CLOEXEC));

	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	fd = OK(open("/dev/null", O_RDONLY));
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	close(fd);
}
