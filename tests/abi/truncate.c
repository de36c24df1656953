/*
 * truncate(2), ftruncate(2)
 */
#include "tests/abi/abi.h"

static char buf[20000];

TEST(shrinks_and_grows_with_zeros)
{
	int fd = make_file("f", "");
	struct stat st;

	memset(buf, 'x', sizeof(buf));
	CHECK_EQ(write(fd, buf, sizeof(buf)), sizeof(buf));
	OK(ftruncate(fd, 5000));
	OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 5000);
	OK(truncate("f", 20000));
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 20000);
	CHECK_EQ(buf[4999], 'x');
	for (int i = 5000; i < 20000; i++)
		CHECK_EQ(buf[i], 0);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 20000);
	close(fd);
}

TEST(errors)
{
	int fd = make_file("f", "abc"), p[2];

	CHECK_ERR(ftruncate(fd, -1), EINVAL);
	CHECK_ERR(truncate("f", -1), EINVAL);
	CHECK_ERR(truncate("none", 0), ENOENT);
	CHECK_ERR(truncate(".", 0), EISDIR);
	CHECK_ERR(ftruncate(999, 0), EBADF);
	close(fd);
	fd = OK(open("f", O_RDONLY));
	CHECK_ERR(ftruncate(fd, 0), EINVAL);
	close(fd);
	OK(pipe(p));
	CHECK_ERR(ftruncate(p[1], 0), EINVAL);
	close(p[0]);
	close(p[1]);
}

TEST(maps_see_it)
{
	int fd = make_file("f", "abc");
	char *p;

	OK(ftruncate(fd, PAGE));
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	p[100] = 'x';
	OK(ftruncate(fd, 10));
	OK(ftruncate(fd, PAGE));
	CHECK_EQ(p[100], 0);
	CHECK_EQ(p[0], 'a');
	OK(munmap(p, PAGE));
	close(fd);
}
