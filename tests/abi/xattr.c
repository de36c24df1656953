/*
 * getxattr(2), setxattr(2), listxattr(2), removexattr(2) and their l and f
 * forms. Where the file system has no attributes of users (tmpfs), what needs
 * them is skipped.
 */
#include "tests/abi/abi.h"

#include <sys/xattr.h>

/* Tests share a folder: f is to have no attributes yet. */
static void
need_xattrs(void)
{
	unlink("f");
	unlink("l");
	close(make_file("probe", "x"));
	if (setxattr("probe", "user.probe", "1", 1, 0) < 0 &&
	    errno == EOPNOTSUPP)
		SKIP("no attributes of users here");
	OK(removexattr("probe", "user.probe"));
}

TEST(set_and_get)
{
	char buf[16];

	need_xattrs();
	close(make_file("f", "x"));
	OK(setxattr("f", "user.a", "hello", 5, 0));
	CHECK_EQ(getxattr("f", "user.a", NULL, 0), 5);
	CHECK_EQ(getxattr("f", "user.a", buf, sizeof(buf)), 5);
	CHECK(memcmp(buf, "hello", 5) == 0);
	CHECK_ERR(getxattr("f", "user.a", buf, 4), ERANGE);
	CHECK_ERR(getxattr("f", "user.b", buf, sizeof(buf)), ENODATA);
	OK(setxattr("f", "user.a", "", 0, 0));
	CHECK_EQ(getxattr("f", "user.a", buf, sizeof(buf)), 0);
}

TEST(flags)
{
	need_xattrs();
	close(make_file("f", "x"));
	CHECK_ERR(setxattr("f", "user.a", "1", 1, XATTR_REPLACE), ENODATA);
	OK(setxattr("f", "user.a", "1", 1, XATTR_CREATE));
	CHECK_ERR(setxattr("f", "user.a", "2", 1, XATTR_CREATE), EEXIST);
	OK(setxattr("f", "user.a", "3", 1, XATTR_REPLACE));
	CHECK_ERR(setxattr("f", "user.a", "4", 1, 8), EINVAL);
}

/* Is name one of the n bytes of names? */
static int
listed(const char *list, ssize_t n, const char *name)
{
	for (const char *s = list; s < list + n; s += strlen(s) + 1)
		if (strcmp(s, name) == 0)
			return 1;
	return 0;
}

TEST(list_and_remove)
{
	char buf[256];
	ssize_t n;

	need_xattrs();
	close(make_file("f", "x"));
	OK(setxattr("f", "user.one", "1", 1, 0));
	OK(setxattr("f", "user.two", "22", 2, 0));
	n = OK(listxattr("f", buf, sizeof(buf)));
	CHECK(listed(buf, n, "user.one") && listed(buf, n, "user.two"));
	CHECK_EQ(listxattr("f", NULL, 0), n);
	CHECK_ERR(listxattr("f", buf, (size_t)n - 1), ERANGE);
	OK(removexattr("f", "user.one"));
	CHECK_ERR(removexattr("f", "user.one"), ENODATA);
	n = OK(listxattr("f", buf, sizeof(buf)));
	CHECK(!listed(buf, n, "user.one") && listed(buf, n, "user.two"));
}

TEST(by_descriptor)
{
	char buf[8];
	int fd;

	need_xattrs();
	fd = make_file("f", "x");
	OK(fsetxattr(fd, "user.fd", "abc", 3, 0));
	CHECK_EQ(fgetxattr(fd, "user.fd", buf, sizeof(buf)), 3);
	CHECK(flistxattr(fd, NULL, 0) >= 8);
	OK(fremovexattr(fd, "user.fd"));
	CHECK_ERR(fgetxattr(fd, "user.fd", buf, sizeof(buf)), ENODATA);
	close(fd);
}

/* A link has none of a user's own; the calls with l do not follow it. */
TEST(links)
{
	char buf[8];

	need_xattrs();
	close(make_file("f", "x"));
	OK(symlink("f", "l"));
	OK(setxattr("l", "user.a", "1", 1, 0));
	CHECK_EQ(getxattr("f", "user.a", buf, sizeof(buf)), 1);
	CHECK_ERR(lsetxattr("l", "user.b", "1", 1, 0), EPERM);
	CHECK_ERR(lgetxattr("l", "user.a", buf, sizeof(buf)), ENODATA);
	CHECK(llistxattr("l", NULL, 0) >= 0);
	CHECK_ERR(lremovexattr("l", "user.a"), EPERM);
}

/* Some fit behind the inode, some do not; all stay what they are. */
TEST(many_values)
{
	char name[32], value[300], buf[300];
	int n = 0;

	need_xattrs();
	close(make_file("f", "x"));
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "user.many.%d", i);
		memset(value, 'a' + i, sizeof(value));
		if (setxattr("f", name, value, (size_t)i * 30, 0) == 0)
			n++;
		else
			CHECK_EQ(errno, ENOSPC);
	}
	CHECK(n >= 4);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "user.many.%d", i);
		memset(value, 'a' + i, sizeof(value));
		CHECK_EQ(getxattr("f", name, buf, sizeof(buf)), i * 30);
		CHECK(memcmp(buf, value, (size_t)i * 30) == 0);
	}
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "user.many.%d", i);
		OK(removexattr("f", name));
	}
	CHECK_ERR(getxattr("f", "user.many.1", buf, sizeof(buf)), ENODATA);
}

TEST(permissions)
{
	if (!is_root())
		SKIP("needs root");
	need_xattrs();
	OK(chmod(".", 0777));
	close(make_file("f", "x"));
	OK(setxattr("f", "user.a", "1", 1, 0));
	OK(setxattr("f", "trusted.t", "1", 1, 0));
	OK(chmod("f", 0600));
	IN_CHILD({
		char buf[64];
		ssize_t n;

		OK(syscall(SYS_setgroups, 0, NULL));
		OK(setgid(1000));
		OK(setuid(1000));
		CHECK_ERR(getxattr("f", "user.a", buf, 8), EACCES);
		CHECK_ERR(setxattr("f", "user.a", "2", 1, 0), EACCES);
		CHECK_ERR(getxattr("f", "trusted.t", buf, 8), ENODATA);
		CHECK_ERR(setxattr("f", "trusted.t", "2", 1, 0), EPERM);
		n = OK(listxattr("f", buf, sizeof(buf)));
		CHECK(!listed(buf, n, "trusted.t"));
	});
	CHECK_EQ(getxattr("f", "trusted.t", NULL, 0), 1);
}

TEST(errors)
{
	static char name[300], large[65537];

	close(make_file("f", "x"));
	memset(name, 'n', sizeof(name) - 1);
	memcpy(name, "user.", 5);
	CHECK_ERR(setxattr("f", name, "1", 1, 0), ERANGE);
	CHECK_ERR(getxattr("f", "", name, 1), ERANGE);
	CHECK_ERR(setxattr("f", "user.a", large, sizeof(large), 0),
	    E2BIG);
	CHECK_ERR(getxattr("f", "nonsense.a", name, 8), EOPNOTSUPP);
	CHECK_ERR(setxattr("f", "nonsense.a", name, 8, 0), EOPNOTSUPP);
	CHECK_ERR(getxattr("none", "user.a", name, 8), ENOENT);
	CHECK_ERR(listxattr("none", name, 8), ENOENT);
	CHECK_ERR(removexattr("none", "user.a"), ENOENT);
	CHECK_ERR(fgetxattr(999, "user.a", name, 8), EBADF);
	CHECK_ERR(flistxattr(999, name, 8), EBADF);
	CHECK_ERR(fsetxattr(999, "user.a", name, 8, 0), EBADF);
	CHECK_ERR(fremovexattr(999, "user.a"), EBADF);
	CHECK_ERR(getxattr("f", BAD_ADDRESS, name, 8), EFAULT);
}
