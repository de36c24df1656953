/*
 * open(2) of /proc/self/fd/N: the thing itself anew, whatever its name is
 * (proc(5)).
 */
#include "tests/abi/abi.h"

static int
reopen(int fd, int flags)
{
	char name[32];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return open(name, flags, 0600);
}

TEST(a_pipe_has_another_reader)
{
	char buf[8];
	int p[2], r;

	OK(pipe(p));
	r = OK(reopen(p[0], O_RDONLY));
	CHECK(r != p[0]);
	CHECK_EQ(write(p[1], "abcd", 4), 4);
	CHECK_EQ(read(p[0], buf, 2), 2);
	CHECK_EQ(read(r, buf, 8), 2);
	CHECK(memcmp(buf, "cd", 2) == 0);
	OK(close(p[0]));
	CHECK_EQ(write(p[1], "x", 1), 1);	/* r still reads */
	OK(close(p[1]));
	CHECK_EQ(read(r, buf, 8), 1);
	CHECK_EQ(read(r, buf, 8), 0);
	OK(close(r));
}

TEST(a_pipe_has_another_writer)
{
	char buf[8];
	int p[2], w;

	OK(pipe(p));
	w = OK(reopen(p[1], O_WRONLY | O_CREAT | O_TRUNC));
	CHECK_EQ(write(p[1], "a", 1), 1);
	CHECK_EQ(write(w, "b", 1), 1);
	OK(close(p[1]));
	CHECK_EQ(read(p[0], buf, 8), 2);
	OK(fcntl(p[0], F_SETFL, O_NONBLOCK));
	CHECK_ERR(read(p[0], buf, 8), EAGAIN);	/* w still writes */
	OK(close(w));
	CHECK_EQ(read(p[0], buf, 8), 0);
	OK(close(p[0]));
}

TEST(an_end_opens_both_ways)
{
	char c;
	int p[2], w;

	OK(pipe(p));
	w = OK(reopen(p[0], O_WRONLY));
	CHECK_EQ(write(w, "x", 1), 1);
	CHECK_EQ(read(p[0], &c, 1), 1);
	OK(close(w));
	OK(close(p[0]));
	OK(close(p[1]));
}

TEST(a_file_that_lost_its_name)
{
	int fd = OK(open("gone", O_RDWR | O_CREAT, 0600)), again;
	char c;

	CHECK_EQ(write(fd, "y", 1), 1);
	OK(unlink("gone"));
	again = OK(reopen(fd, O_RDONLY));
	CHECK_EQ(read(again, &c, 1), 1);
	CHECK_EQ(c, 'y');
	OK(close(again));
	OK(close(fd));
}

TEST(errors)
{
	int p[2];

	OK(pipe(p));
	CHECK_ERR(reopen(p[0], O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERR(reopen(p[0], O_RDONLY | O_DIRECTORY), ENOTDIR);
	OK(close(p[0]));
	CHECK_ERR(reopen(p[0], O_RDONLY), ENOENT);
	OK(close(p[1]));
}
