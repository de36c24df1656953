/*
 * access(2), faccessat(2)
 */
#include "tests/abi/abi.h"

TEST(existence)
{
	close(make_file("f", "x"));
	OK(access("f", F_OK));
	CHECK_ERR(access("none", F_OK), ENOENT);
	CHECK_ERR(access("f/x", F_OK), ENOTDIR);
	CHECK_ERR(access("f", 8), EINVAL);
	CHECK_ERR(access(BAD_ADDRESS, F_OK), EFAULT);
}

TEST(root_may_all_but_execute)
{
	if (!is_root())
		SKIP("needs root");
	close(make_file("g", "x"));
	OK(chmod("g", 0));
	OK(access("g", R_OK | W_OK));
	CHECK_ERR(access("g", X_OK), EACCES);
	OK(chmod("g", 0001));
	OK(access("g", X_OK));
}

TEST(each_class)
{
	if (!is_root())
		SKIP("needs root");
	close(make_file("h", "x"));
	OK(chown("h", 1000, 2000));
	OK(chmod("h", 0421));
	IN_CHILD({
		OK(setgid(2000));
		OK(setuid(1000));
		OK(access("h", R_OK));
		CHECK_ERR(access("h", W_OK), EACCES);
	});
	IN_CHILD({
		OK(setgid(2000));
		OK(setuid(1001));
		OK(access("h", W_OK));
		CHECK_ERR(access("h", R_OK), EACCES);
	});
	IN_CHILD({
		OK(setgid(2001));
		OK(setuid(1001));
		OK(access("h", X_OK));
		CHECK_ERR(access("h", R_OK), EACCES);
	});
}

TEST(real_not_effective)
{
	if (!is_root())
		SKIP("needs root");
	close(make_file("i", "x"));
	OK(chmod("i", 0600));
	IN_CHILD({
		OK(setresuid(1000, 0, 0));
		CHECK_ERR(access("i", R_OK), EACCES);
		close(OK(open("i", O_RDONLY)));
	});
}

TEST(at_a_folder)
{
	int d;

	OK(mkdir("d", 0755));
	close(make_file("d/f", "x"));
	d = OK(open("d", O_RDONLY));
	OK(syscall(SYS_faccessat, d, "f", R_OK));
	CHECK_ERR(syscall(SYS_faccessat, d, "none", R_OK), ENOENT);
	CHECK_ERR(syscall(SYS_faccessat, 999, "f", R_OK), EBADF);
	close(d);
}
