/*
 * utimensat(2), utime(2), utimes(2)
 */
#include <utime.h>
#include "tests/abi/abi.h"

TEST(sets_both)
{
	struct timespec ts[2] = { { 1000, 111 }, { 2000, 222 } };
	struct stat st;

	close(make_file("f", "x"));
	OK(utimensat(AT_FDCWD, "f", ts, 0));
	OK(stat("f", &st));
	CHECK_EQ(st.st_atim.tv_sec, 1000);
	CHECK_EQ(st.st_atim.tv_nsec, 111);
	CHECK_EQ(st.st_mtim.tv_sec, 2000);
	CHECK_EQ(st.st_mtim.tv_nsec, 222);
}

TEST(now_and_omit)
{
	struct timespec ts[2] = { { 1000, 111 }, { 2000, 222 } };
	struct stat st;
	int fd = make_file("f", "x");

	OK(futimens(fd, ts));
	ts[0].tv_nsec = UTIME_OMIT;
	ts[1].tv_nsec = UTIME_NOW;
	OK(futimens(fd, ts));
	OK(fstat(fd, &st));
	CHECK_EQ(st.st_atim.tv_sec, 1000);
	CHECK(llabs(st.st_mtim.tv_sec - time(NULL)) <= 2);
	OK(utimensat(AT_FDCWD, "f", NULL, 0));
	OK(fstat(fd, &st));
	CHECK(llabs(st.st_atim.tv_sec - time(NULL)) <= 2);
	close(fd);
}

TEST(links)
{
	struct timespec ts[2] = { { 5, 0 }, { 6, 0 } };
	struct stat st;

	OK(symlink("none", "l"));
	CHECK_ERR(utimensat(AT_FDCWD, "l", ts, 0), ENOENT);
	OK(utimensat(AT_FDCWD, "l", ts, AT_SYMLINK_NOFOLLOW));
	OK(lstat("l", &st));
	CHECK_EQ(st.st_mtim.tv_sec, 6);
}

TEST(errors)
{
	struct timespec bad[2] = { { 0, 1000000000 }, { 0, 0 } };

	close(make_file("f", "x"));
	CHECK_ERR(syscall(SYS_utimensat, AT_FDCWD, "f", bad, 0), EINVAL);
	CHECK_ERR(utimensat(AT_FDCWD, "none", NULL, 0), ENOENT);
	CHECK_ERR(syscall(SYS_utimensat, AT_FDCWD, "f", NULL, 0x8000), EINVAL);
	CHECK_ERR(syscall(SYS_utimensat, 999, NULL, NULL, 0), EBADF);
	CHECK_ERR(syscall(SYS_utimensat, AT_FDCWD, "f", BAD_ADDRESS, 0),
	    EFAULT);
}

TEST(permissions)
{
	struct timespec ts[2] = { { 5, 0 }, { 6, 0 } };

	if (!is_root())
		SKIP("needs root");
	close(make_file("w", "x"));
	OK(chmod("w", 0666));
	close(make_file("r", "x"));
	IN_CHILD({
		OK(setuid(1000));
		/* To now: who may write. To another time: only the owner. */
		OK(utimensat(AT_FDCWD, "w", NULL, 0));
		CHECK_ERR(utimensat(AT_FDCWD, "w", ts, 0), EPERM);
		CHECK_ERR(utimensat(AT_FDCWD, "r", NULL, 0), EACCES);
	});
}

TEST(old_calls)
{
	struct utimbuf ub = { 11, 22 };
	struct timeval tv[2] = { { 33, 5 }, { 44, 6 } };
	struct stat st;

	close(make_file("f", "x"));
	OK(syscall(SYS_utime, "f", &ub));
	OK(stat("f", &st));
	CHECK_EQ(st.st_atime, 11);
	CHECK_EQ(st.st_mtime, 22);
	OK(syscall(SYS_utimes, "f", tv));
	OK(stat("f", &st));
	CHECK_EQ(st.st_mtim.tv_sec, 44);
	CHECK_EQ(st.st_mtim.tv_nsec, 6000);
}
