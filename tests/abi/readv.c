/*
 * readv(2), writev(2)
 */
#include <sys/uio.h>
#include "tests/abi/abi.h"

TEST(scatters_and_gathers)
{
	char a[3], b[4], c[10];
	struct iovec out[3] = { { "ab", 2 }, { "", 0 }, { "cdefg", 5 } };
	struct iovec in[3] = { { a, 3 }, { b, 4 }, { c, 10 } };
	int fd = make_file("f", "");

	CHECK_EQ(writev(fd, out, 3), 7);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(readv(fd, in, 3), 7);
	CHECK(memcmp(a, "abc", 3) == 0);
	CHECK(memcmp(b, "defg", 4) == 0);
	CHECK_EQ(readv(fd, in, 3), 0);
	close(fd);
}

TEST(errors)
{
	char buf[8];
	struct iovec v[2] = { { buf, 4 }, { buf, -1 } };
	struct iovec bad = { BAD_ADDRESS, 4 };
	static struct iovec many[1025];
	int fd = make_file("f", "abcdefgh");

	CHECK_EQ(readv(fd, v, 0), 0);
	CHECK_ERR(readv(fd, v, 2), EINVAL);
	CHECK_ERR(readv(fd, v, -1), EINVAL);
	CHECK_ERR(syscall(SYS_readv, fd, many, 1025), EINVAL);
	CHECK_EQ(readv(fd, many, 1024), 0);
	CHECK_ERR(readv(fd, BAD_ADDRESS, 1), EFAULT);
	CHECK_ERR(readv(fd, &bad, 1), EFAULT);
	CHECK_ERR(readv(999, v, 1), EBADF);
	CHECK_ERR(writev(fd, &bad, 1), EFAULT);
	CHECK_ERR(writev(999, v, 1), EBADF);
	close(fd);
}

TEST(stops_at_a_bad_part)
{
	char buf[4];
	struct iovec v[2] = { { buf, 4 }, { BAD_ADDRESS, 4 } };
	int fd = make_file("f", "abcdefgh");

	CHECK_EQ(readv(fd, v, 2), 4);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
	CHECK_EQ(writev(fd, v, 2), 4);
	close(fd);
}

TEST(one_write_to_a_pipe)
{
	struct iovec v[2] = { { "ab", 2 }, { "cd", 2 } };
	char buf[8];
	int p[2];

	OK(pipe(p));
	CHECK_EQ(writev(p[1], v, 2), 4);
	CHECK_EQ(read(p[0], buf, 8), 4);
	CHECK(memcmp(buf, "abcd", 4) == 0);
}

TEST(with_offset)
{
	char a[3];
	struct iovec in = { a, 3 }, out = { "XYZ", 3 };
	int fd = make_file("f", "abcdefgh");

	CHECK_EQ(preadv(fd, &in, 1, 2), 3);
	CHECK(memcmp(a, "cde", 3) == 0);
	CHECK_EQ(pwritev(fd, &out, 1, 1), 3);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(pread(fd, a, 3, 1), 3);
	CHECK(memcmp(a, "XYZ", 3) == 0);
	close(fd);
}
