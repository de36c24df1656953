/*
 * dup(2), dup2(2), dup3(2)
 */
#include "tests/abi/abi.h"

TEST(lowest)
{
	int fd = make_file("f", "abc");
	int copy = OK(dup(fd));

	CHECK_EQ(copy, fd + 1);
	close(fd);
	CHECK_EQ(dup(copy), fd);
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	close(fd);
	close(copy);
	CHECK_ERR(dup(999), EBADF);
}

TEST(to_a_number)
{
	int fd = make_file("f", "abc"), null = OK(open("/dev/null", O_RDONLY));
	char c;

	CHECK_EQ(dup2(fd, 50), 50);
	CHECK_EQ(read(50, &c, 1), 1);
	/* What was there is closed. */
	CHECK_EQ(dup2(null, 50), 50);
	CHECK_EQ(read(50, &c, 1), 0);
	CHECK_EQ(dup2(fd, fd), fd);
	CHECK_ERR(dup2(999, 50), EBADF);
	CHECK_EQ(read(50, &c, 1), 0);
	CHECK_ERR(dup2(999, 999), EBADF);
	CHECK_ERR(dup2(fd, -1), EBADF);
	CHECK_ERR(dup2(fd, INT_MAX), EBADF);
	close(50);
	close(fd);
	close(null);
}

TEST(with_flags)
{
	int fd = make_file("f", "abc");

	CHECK_EQ(dup3(fd, 51, O_CLOEXEC), 51);
	CHECK_EQ(fcntl(51, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(dup3(fd, fd, 0), EINVAL);
	CHECK_ERR(syscall(SYS_dup3, fd, fd, 0), EINVAL);
	CHECK_ERR(syscall(SYS_dup3, fd, 52, O_APPEND), EINVAL);
	/* The flag belongs to the descriptor, not to the file. */
	CHECK_EQ(dup2(51, 52), 52);
	CHECK_EQ(fcntl(52, F_GETFD), 0);
	close(51);
	close(52);
	close(fd);
}

TEST(status_is_shared)
{
	int p[2], copy;

	OK(pipe(p));
	copy = OK(dup(p[0]));
	OK(fcntl(p[0], F_SETFL, O_NONBLOCK));
	CHECK(fcntl(copy, F_GETFL) & O_NONBLOCK);
	close(p[0]);
	close(p[1]);
	close(copy);
}
