/*
 * mkdir(2), rmdir(2)
 */
#include "tests/abi/abi.h"

TEST(makes_and_removes)
{
	struct stat st;

	OK(mkdir("d", 0755));
	OK(stat("d", &st));
	CHECK(S_ISDIR(st.st_mode));
	CHECK_ERR(mkdir("d", 0755), EEXIST);
	OK(mkdir("d/e/", 0755));
	CHECK_ERR(rmdir("d"), ENOTEMPTY);
	OK(rmdir("d/e"));
	OK(rmdir("d"));
	CHECK_ERR(stat("d", &st), ENOENT);
}

TEST(link_counts)
{
	struct stat st;

	OK(mkdir("n", 0755));
	OK(stat("n", &st));
	int empty = st.st_nlink;
	OK(mkdir("n/a", 0755));
	OK(mkdir("n/b", 0755));
	OK(stat("n", &st));
	/* Some file systems do not count: they say 1. */
	CHECK(st.st_nlink == 1 || (int)st.st_nlink == empty + 2);
	OK(rmdir("n/a"));
	OK(rmdir("n/b"));
	OK(stat("n", &st));
	CHECK_EQ(st.st_nlink, empty);
}

TEST(mode)
{
	struct stat st;
	mode_t old = umask(077);

	OK(mkdir("m", 0777));
	umask(old);
	OK(stat("m", &st));
	CHECK_EQ(st.st_mode & 07777, 0700);
}

TEST(errors)
{
	close(make_file("f", "x"));
	CHECK_ERR(mkdir("none/d", 0755), ENOENT);
	CHECK_ERR(mkdir("f", 0755), EEXIST);
	CHECK_ERR(mkdir("f/d", 0755), ENOTDIR);
	CHECK_ERR(mkdir("", 0755), ENOENT);
	CHECK_ERR(mkdir("/", 0755), EEXIST);
	CHECK_ERR(mkdir(".", 0755), EEXIST);
	CHECK_ERR(mkdir(BAD_ADDRESS, 0755), EFAULT);
	CHECK_ERR(rmdir("f"), ENOTDIR);
	CHECK_ERR(rmdir("none"), ENOENT);
	CHECK_ERR(rmdir("."), EINVAL);
	CHECK_ERR(rmdir("/"), EBUSY);
	OK(mkdir("p", 0755));
	CHECK_ERR(rmdir("p/.."), ENOTEMPTY);
	CHECK_ERR(unlink("p"), EISDIR);
	OK(symlink("none", "dangling"));
	CHECK_ERR(mkdir("dangling", 0755), EEXIST);
}

TEST(inherits_the_group)
{
	struct stat st;

	if (!is_root())
		SKIP("needs root");
	OK(mkdir("g", 0755));
	OK(chown("g", 0, 1234));
	OK(chmod("g", 02755));
	OK(mkdir("g/sub", 0755));
	OK(stat("g/sub", &st));
	CHECK_EQ(st.st_gid, 1234);
	CHECK(st.st_mode & S_ISGID);
	close(make_file("g/f", "x"));
	OK(stat("g/f", &st));
	CHECK_EQ(st.st_gid, 1234);
}

TEST(deep)
{
	int top = OK(open(".", O_RDONLY));

	for (int i = 0; i < 100; i++) {
		OK(mkdir("deep", 0755));
		OK(chdir("deep"));
	}
	for (int i = 0; i < 100; i++) {
		OK(chdir(".."));
		OK(rmdir("deep"));
	}
	OK(fchdir(top));
	close(top);
}

TEST(at_a_folder)
{
	int d;

	OK(mkdir("at", 0755));
	d = OK(open("at", O_RDONLY));
	OK(mkdirat(d, "x", 0755));
	OK(access("at/x", F_OK));
	CHECK_ERR(unlinkat(d, "x", 0), EISDIR);
	OK(unlinkat(d, "x", AT_REMOVEDIR));
	CHECK_ERR(unlinkat(d, "x", 0x8000), EINVAL);
	CHECK_ERR(mkdirat(999, "x", 0755), EBADF);
	close(d);
}
