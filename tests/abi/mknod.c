/*
 * mknod(2), mknodat(2)
 */
#include <sys/sysmacros.h>
#include "tests/abi/abi.h"

TEST(files_and_fifos)
{
	struct stat st;

	OK(mknod("f", S_IFREG | 0600, 0));
	OK(stat("f", &st));
	CHECK(S_ISREG(st.st_mode));
	OK(mknod("zero_is_a_file", 0600, 0));
	OK(stat("zero_is_a_file", &st));
	CHECK(S_ISREG(st.st_mode));
	OK(mknod("p", S_IFIFO | 0600, 0));
	OK(stat("p", &st));
	CHECK(S_ISFIFO(st.st_mode));
	CHECK_ERR(mknod("f", S_IFREG | 0600, 0), EEXIST);
	CHECK_ERR(mknod("d", S_IFDIR | 0600, 0), EPERM);
	CHECK_ERR(mknod("x", 0170000 | 0600, 0), EINVAL);
	CHECK_ERR(mknod("none/x", S_IFREG | 0600, 0), ENOENT);
}

TEST(devices)
{
	struct stat st;

	if (!is_root())
		SKIP("needs root");
	if (mknod("null", S_IFCHR | 0666, makedev(1, 3)) != 0)
		SKIP("this file system or user takes no devices");
	OK(stat("null", &st));
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(st.st_rdev, makedev(1, 3));
	OK(mkdir("open", 0777));
	OK(chmod("open", 0777));
	IN_CHILD({
		OK(setuid(1000));
		CHECK_ERR(mknod("open/n", S_IFCHR | 0666, makedev(1, 3)),
		    EPERM);
	});
}
