/*
 * chmod(2), fchmod(2), fchmodat(2), umask(2)
 */
#include "tests/abi/abi.h"

TEST(sets_the_bits)
{
	struct stat st;
	int fd = make_file("f", "x");

	OK(chmod("f", 0640));
	OK(stat("f", &st));
	CHECK_EQ(st.st_mode, S_IFREG | 0640);
	OK(fchmod(fd, 07751));
	OK(stat("f", &st));
	CHECK_EQ(st.st_mode & 07777, 07751);
	OK(chmod("f", 0x80000 | 0600));
	OK(stat("f", &st));
	CHECK_EQ(st.st_mode, S_IFREG | 0600);
	close(fd);
}

TEST(through_links)
{
	struct stat st;

	close(make_file("f", "x"));
	OK(symlink("f", "l"));
	OK(chmod("l", 0604));
	OK(stat("f", &st));
	CHECK_EQ(st.st_mode & 0777, 0604);
}

TEST(errors)
{
	CHECK_ERR(chmod("none", 0600), ENOENT);
	CHECK_ERR(chmod("f/x", 0600), ENOTDIR);
	CHECK_ERR(chmod(BAD_ADDRESS, 0600), EFAULT);
	CHECK_ERR(fchmod(999, 0600), EBADF);
}

TEST(only_the_owner)
{
	struct stat st;

	if (!is_root())
		SKIP("needs root");
	close(make_file("roots", "x"));
	close(make_file("users", "x"));
	OK(chown("users", 1000, 2000));
	IN_CHILD({
		OK(syscall(SYS_setgroups, 0, NULL));
		OK(setgid(1000));
		OK(setuid(1000));
		CHECK_ERR(chmod("roots", 0777), EPERM);
		/* Not in the file's group: the set-group-id bit goes. */
		OK(chmod("users", 02755));
	});
	OK(stat("users", &st));
	CHECK_EQ(st.st_mode & 07777, 0755);
}

TEST(umask_is_returned)
{
	mode_t old = umask(0123);

	CHECK_EQ(umask(07777), 0123);
	CHECK_EQ(umask(old), 0777);
	IN_CHILD(umask(0));
	CHECK_EQ(umask(old), old);
}

TEST(at_a_folder)
{
	struct stat st;
	int d;

	OK(mkdir("d", 0755));
	close(make_file("d/f", "x"));
	d = OK(open("d", O_RDONLY));
	OK(syscall(SYS_fchmodat, d, "f", 0601));
	OK(stat("d/f", &st));
	CHECK_EQ(st.st_mode & 0777, 0601);
	close(d);
}
