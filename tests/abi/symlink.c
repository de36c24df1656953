/*
 * symlink(2), readlink(2)
 */
#include "tests/abi/abi.h"

TEST(keeps_its_text)
{
	char buf[64];

	OK(symlink("some/where", "l"));
	memset(buf, 'x', sizeof(buf));
	CHECK_EQ(readlink("l", buf, sizeof(buf)), 10);
	CHECK(memcmp(buf, "some/wherex", 11) == 0);
	CHECK_EQ(readlink("l", buf, 4), 4);
	CHECK_ERR(syscall(SYS_readlink, "l", buf, 0), EINVAL);
	CHECK_ERR(syscall(SYS_readlink, "l", buf, -1), EINVAL);
}

TEST(errors)
{
	char buf[64], path[PATH_MAX + 2];

	close(make_file("f", "x"));
	CHECK_ERR(readlink("f", buf, 64), EINVAL);
	CHECK_ERR(readlink(".", buf, 64), EINVAL);
	CHECK_ERR(readlink("none", buf, 64), ENOENT);
	CHECK_ERR(readlink("f/x", buf, 64), ENOTDIR);
	CHECK_ERR(syscall(SYS_readlink, "l", BAD_ADDRESS, 64), EFAULT);
	CHECK_ERR(symlink("x", "f"), EEXIST);
	CHECK_ERR(symlink("", "empty"), ENOENT);
	CHECK_ERR(symlink("x", "none/l"), ENOENT);
	CHECK_ERR(symlink(BAD_ADDRESS, "m"), EFAULT);
	memset(path, 'a', PATH_MAX);
	path[PATH_MAX] = '\0';
	CHECK_ERR(symlink(path, "long"), ENAMETOOLONG);
}

TEST(in_the_middle_of_a_path)
{
	OK(mkdir("d", 0755));
	close(make_file("d/f", "x"));
	OK(symlink("d", "s"));
	OK(symlink("../d", "d/again"));
	OK(access("s/f", F_OK));
	OK(access("s/again/again/f", F_OK));
	OK(access("s/../d/f", F_OK));
	OK(mkdir("s/new", 0755));
	OK(access("d/new", F_OK));
}

TEST(forty_are_followed)
{
	char from[8], to[8];

	close(make_file("s0", "x"));
	for (int i = 1; i <= 41; i++) {
		snprintf(from, sizeof(from), "s%d", i);
		snprintf(to, sizeof(to), "s%d", i - 1);
		OK(symlink(to, from));
	}
	OK(access("s40", F_OK));
	CHECK_ERR(access("s41", F_OK), ELOOP);
}

TEST(at_a_folder)
{
	char buf[8];
	int d;

	OK(mkdir("at", 0755));
	d = OK(open("at", O_RDONLY));
	OK(symlinkat("t", d, "l"));
	CHECK_EQ(readlinkat(d, "l", buf, 8), 1);
	CHECK_ERR(readlinkat(999, "l", buf, 8), EBADF);
	close(d);
}
