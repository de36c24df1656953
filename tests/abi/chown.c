/*
 * chown(2), fchown(2), lchown(2), fchownat(2)
 */
#include "tests/abi/abi.h"

TEST(root_gives_away)
{
	struct stat st;
	int fd;

	if (!is_root())
		SKIP("needs root");
	fd = make_file("f", "x");
	OK(chown("f", 1000, 2000));
	OK(stat("f", &st));
	CHECK_EQ(st.st_uid, 1000);
	CHECK_EQ(st.st_gid, 2000);
	OK(fchown(fd, -1, 3000));
	OK(stat("f", &st));
	CHECK_EQ(st.st_uid, 1000);
	CHECK_EQ(st.st_gid, 3000);
	OK(chown("f", 5, -1));
	OK(stat("f", &st));
	CHECK_EQ(st.st_uid, 5);
	CHECK_EQ(st.st_gid, 3000);
	close(fd);
}

TEST(links)
{
	struct stat st;

	if (!is_root())
		SKIP("needs root");
	close(make_file("t", "x"));
	OK(symlink("t", "l"));
	OK(lchown("l", 7, 8));
	OK(lstat("l", &st));
	CHECK_EQ(st.st_uid, 7);
	OK(stat("t", &st));
	CHECK_EQ(st.st_uid, 0);
	OK(chown("l", 9, 9));
	OK(stat("t", &st));
	CHECK_EQ(st.st_uid, 9);
	OK(syscall(SYS_fchownat, AT_FDCWD, "l", 10, 10, AT_SYMLINK_NOFOLLOW));
	OK(lstat("l", &st));
	CHECK_EQ(st.st_uid, 10);
}

TEST(takes_set_id_bits_away)
{
	struct stat st;

	if (!is_root())
		SKIP("needs root");
	close(make_file("s", "x"));
	OK(chmod("s", 06755));
	OK(chown("s", 1000, 1000));
	OK(stat("s", &st));
	CHECK_EQ(st.st_mode & 07777, 0755);
}

TEST(users_may_not)
{
	if (!is_root())
		SKIP("needs root");
	close(make_file("u", "x"));
	OK(chown("u", 1000, 1000));
	IN_CHILD({
		gid_t groups[] = { 1000, 4000 };
		OK(syscall(SYS_setgroups, 2, groups));
		OK(setgid(1000));
		OK(setuid(1000));
		CHECK_ERR(chown("u", 1001, -1), EPERM);
		CHECK_ERR(chown("u", -1, 5000), EPERM);
		/* To a group of one's own it works. */
		OK(chown("u", -1, 4000));
		OK(chown("u", 1000, -1));
	});
}

TEST(errors)
{
	CHECK_ERR(chown("none", -1, -1), ENOENT);
	CHECK_ERR(chown(BAD_ADDRESS, -1, -1), EFAULT);
	CHECK_ERR(fchown(999, -1, -1), EBADF);
}
