/*
 * ioctl(2) on what is no terminal; tty.c has the terminals.
 */
#include <sys/ioctl.h>
#include <termios.h>
#include "tests/abi/abi.h"

TEST(no_terminal)
{
	struct termios t;
	int fd = make_file("f", "abc"), p[2];

	OK(pipe(p));
	CHECK_ERR(ioctl(fd, TCGETS, &t), ENOTTY);
	CHECK_ERR(ioctl(p[0], TCGETS, &t), ENOTTY);
	CHECK_ERR(ioctl(999, TCGETS, &t), EBADF);
	CHECK_EQ(isatty(fd), 0);
	CHECK_ERR(ioctl(fd, 0x12345678, NULL), ENOTTY);
	close(p[0]);
	close(p[1]);
	close(fd);
}

TEST(close_on_exec)
{
	int fd = make_file("f", "abc");

	OK(ioctl(fd, FIOCLEX));
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	OK(ioctl(fd, FIONCLEX));
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	close(fd);
}

TEST(non_blocking)
{
	int p[2], on = 1;

	OK(pipe(p));
	OK(ioctl(p[0], FIONBIO, &on));
	CHECK(fcntl(p[0], F_GETFL) & O_NONBLOCK);
	on = 0;
	OK(ioctl(p[0], FIONBIO, &on));
	CHECK(!(fcntl(p[0], F_GETFL) & O_NONBLOCK));
	CHECK_ERR(ioctl(p[0], FIONBIO, BAD_ADDRESS), EFAULT);
	close(p[0]);
	close(p[1]);
}

TEST(bytes_to_read)
{
	int p[2], n = -1, fd = make_file("f", "abcdef");

	OK(pipe(p));
	CHECK_EQ(write(p[1], "abc", 3), 3);
	OK(ioctl(p[0], FIONREAD, &n));
	CHECK_EQ(n, 3);
	OK(lseek(fd, 2, SEEK_SET));
	OK(ioctl(fd, FIONREAD, &n));
	CHECK_EQ(n, 4);
	CHECK_ERR(ioctl(p[0], FIONREAD, BAD_ADDRESS), EFAULT);
	close(p[0]);
	close(p[1]);
	close(fd);
}
