/*
 * fcntl(2): descriptors and status flags
 */
#include "tests/abi/abi.h"

TEST(duplicates)
{
	int fd = make_file("f", "x");

	CHECK_EQ(fcntl(fd, F_DUPFD, 60), 60);
	CHECK_EQ(fcntl(fd, F_DUPFD, 60), 61);
	CHECK_EQ(fcntl(fd, F_DUPFD_CLOEXEC, 60), 62);
	CHECK_EQ(fcntl(60, F_GETFD), 0);
	CHECK_EQ(fcntl(62, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(fcntl(fd, F_DUPFD, -1), EINVAL);
	CHECK_ERR(fcntl(fd, F_DUPFD, INT_MAX), EINVAL);
	for (int i = 60; i < 63; i++)
		close(i);
	close(fd);
}

TEST(descriptor_flags)
{
	int fd = make_file("f", "x");

	OK(fcntl(fd, F_SETFD, FD_CLOEXEC));
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	OK(fcntl(fd, F_SETFD, 0));
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	CHECK_ERR(fcntl(999, F_GETFD), EBADF);
	close(fd);
}

TEST(status_flags)
{
	int fd;

	close(make_file("f", "x"));
	fd = OK(open("f", O_RDWR | O_APPEND | O_CREAT | O_TRUNC, 0600));
	CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND),
	    O_RDWR | O_APPEND);
	/* What only opening needs is not kept. */
	CHECK_EQ(fcntl(fd, F_GETFL) & (O_CREAT | O_TRUNC | O_EXCL), 0);
	OK(fcntl(fd, F_SETFL, O_NONBLOCK));
	CHECK_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK),
	    O_RDWR | O_NONBLOCK);
	/* The access mode cannot be changed: it is ignored. */
	OK(fcntl(fd, F_SETFL, O_WRONLY));
	CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	close(fd);
}

TEST(unknown_command)
{
	int fd = make_file("f", "x");

	CHECK_ERR(syscall(SYS_fcntl, fd, 12345, 0), EINVAL);
	CHECK_ERR(syscall(SYS_fcntl, 999, 12345, 0), EBADF);
	close(fd);
}
