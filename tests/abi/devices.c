/*
 * /dev/null, /dev/zero, /dev/full
 */
#include "tests/abi/abi.h"

TEST(null)
{
	int fd = OK(open("/dev/null", O_RDWR));
	char c;

	CHECK_EQ(read(fd, &c, 1), 0);
	CHECK_EQ(write(fd, "xyz", 3), 3);
	/* It does not even look. */
	CHECK_EQ(write(fd, BAD_ADDRESS, 3), 3);
	CHECK_EQ(lseek(fd, 100, SEEK_SET), 0);
	close(fd);
	close(OK(open("/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0644)));
}

TEST(zero)
{
	int fd = OK(open("/dev/zero", O_RDWR));
	char buf[10000], *p;

	memset(buf, 1, sizeof(buf));
	CHECK_EQ(read(fd, buf, sizeof(buf)), sizeof(buf));
	for (size_t i = 0; i < sizeof(buf); i++)
		CHECK_EQ(buf[i], 0);
	CHECK_EQ(write(fd, "xyz", 3), 3);
	CHECK_ERR(read(fd, BAD_ADDRESS, 1), EFAULT);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_EQ(p[100], 0);
	p[100] = 1;
	OK(munmap(p, PAGE));
	close(fd);
}

TEST(full)
{
	int fd = OK(open("/dev/full", O_RDWR));
	char c = 1;

	CHECK_ERR(write(fd, "x", 1), ENOSPC);
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, 0);
	close(fd);
}

TEST(users_may)
{
	if (!is_root())
		SKIP("needs root");
	IN_CHILD({
		OK(setuid(1000));
		close(OK(open("/dev/null", O_RDWR)));
		close(OK(open("/dev/zero", O_RDWR)));
		close(OK(open("/dev/urandom", O_RDONLY)));
	});
}
