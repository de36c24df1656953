/*
 * lseek(2)
 */
#include "tests/abi/abi.h"

TEST(from_everywhere)
{
	int fd = make_file("f", "0123456789");
	char c;

	CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
	CHECK_EQ(lseek(fd, 2, SEEK_CUR), 5);
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, '5');
	CHECK_EQ(lseek(fd, -1, SEEK_END), 9);
	CHECK_EQ(lseek(fd, 5, SEEK_END), 15);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 15);
	close(fd);
}

TEST(errors)
{
	int fd = make_file("f", "0123456789");
	int p[2];

	CHECK_ERR(lseek(fd, -1, SEEK_SET), EINVAL);
	CHECK_ERR(lseek(fd, -11, SEEK_END), EINVAL);
	CHECK_ERR(lseek(fd, 0, 99), EINVAL);
	CHECK_ERR(lseek(999, 0, SEEK_SET), EBADF);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	OK(pipe(p));
	CHECK_ERR(lseek(p[0], 0, SEEK_CUR), ESPIPE);
	close(fd);
}

TEST(shared_by_copies)
{
	int fd = make_file("f", "0123456789");
	int copy = OK(dup(fd));
	int own = OK(open("f", O_RDONLY));

	CHECK_EQ(lseek(fd, 4, SEEK_SET), 4);
	CHECK_EQ(lseek(copy, 0, SEEK_CUR), 4);
	CHECK_EQ(lseek(own, 0, SEEK_CUR), 0);
	IN_CHILD(OK(lseek(fd, 7, SEEK_SET)));
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 7);
	close(fd);
	close(copy);
	close(own);
}

TEST(beyond_32_bits)
{
	int fd = make_file("f", "x");

	CHECK_EQ(lseek(fd, 5LL << 32, SEEK_SET), 5LL << 32);
	CHECK_EQ(lseek(fd, 1, SEEK_CUR), (5LL << 32) + 1);
	close(fd);
}
