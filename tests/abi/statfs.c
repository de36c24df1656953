/*
 * statfs(2), fstatfs(2), sync(2), fsync(2)
 */
#include <sys/vfs.h>
#include "tests/abi/abi.h"

TEST(says_something_true)
{
	struct statfs a, b;
	int fd = make_file("f", "x");

	OK(statfs(".", &a));
	OK(fstatfs(fd, &b));
	CHECK_EQ(a.f_type, b.f_type);
	CHECK(a.f_bsize > 0);
	CHECK(a.f_bfree <= a.f_blocks);
	CHECK(a.f_namelen >= 255);
	OK(statfs("/proc", &a));
	CHECK_EQ(a.f_type, 0x9fa0);
	close(fd);
}

TEST(errors)
{
	struct statfs s;

	CHECK_ERR(statfs("none", &s), ENOENT);
	CHECK_ERR(fstatfs(999, &s), EBADF);
	CHECK_ERR(syscall(SYS_statfs, ".", BAD_ADDRESS), EFAULT);
}

TEST(sync_works)
{
	int fd = make_file("f", "x"), p[2];

	sync();
	OK(fsync(fd));
	OK(fdatasync(fd));
	CHECK_ERR(fsync(999), EBADF);
	OK(pipe(p));
	CHECK_ERR(fsync(p[0]), EINVAL);
	close(fd);
}
