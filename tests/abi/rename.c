/*
 * rename(2), renameat(2), renameat2(2)
 */
#include "tests/abi/abi.h"

#define NOREPLACE	1	/* see renameat2(2) */

TEST(a_file)
{
	struct stat a, b;

	close(make_file("a", "abc"));
	OK(stat("a", &a));
	OK(rename("a", "b"));
	CHECK_ERR(access("a", F_OK), ENOENT);
	OK(stat("b", &b));
	CHECK_EQ(a.st_ino, b.st_ino);
}

TEST(replaces)
{
	struct stat st;
	int old;

	close(make_file("a", "abc"));
	old = make_file("b", "defgh");
	OK(rename("a", "b"));
	OK(stat("b", &st));
	CHECK_EQ(st.st_size, 3);
	OK(fstat(old, &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(st.st_size, 5);
	close(old);
}

TEST(to_itself)
{
	close(make_file("a", "abc"));
	unlink("h");
	OK(link("a", "h"));
	OK(rename("a", "a"));
	/* Two names of one file: nothing happens. */
	OK(rename("a", "h"));
	OK(access("a", F_OK));
	OK(access("h", F_OK));
}

TEST(folders)
{
	struct stat st, up;

	OK(mkdir("d", 0755));
	OK(mkdir("e", 0755));
	OK(mkdir("d/sub", 0755));
	close(make_file("d/sub/f", "x"));
	OK(rename("d/sub", "e/sub"));
	OK(access("e/sub/f", F_OK));
	OK(stat("e", &st));
	OK(stat("e/sub/..", &up));
	CHECK_EQ(st.st_ino, up.st_ino);
	/* An empty folder is replaced, a full one not. */
	OK(mkdir("empty", 0755));
	OK(rename("e", "empty"));
	OK(mkdir("more", 0755));
	CHECK_ERR(rename("more", "empty"), ENOTEMPTY);
}

TEST(errors)
{
	OK(mkdir("p", 0755));
	OK(mkdir("p/q", 0755));
	close(make_file("file", "x"));
	CHECK_ERR(rename("none", "x"), ENOENT);
	CHECK_ERR(rename("p", "p/q/r"), EINVAL);
	CHECK_ERR(rename("p", "p/q"), EINVAL);
	CHECK_ERR(rename("file", "p"), EISDIR);
	CHECK_ERR(rename("p", "file"), ENOTDIR);
	CHECK_ERR(rename("file", "none/x"), ENOENT);
	CHECK_ERR(rename("file", "file2/"), ENOTDIR);
	CHECK_ERR(rename("p/.", "r"), EBUSY);
	CHECK_ERR(rename("p", ".."), EBUSY);
	CHECK_ERR(rename(BAD_ADDRESS, "x"), EFAULT);
	CHECK_ERR(rename("file", ""), ENOENT);
	CHECK_ERR(rename("p/q", "p"), ENOTEMPTY);
}

TEST(a_link_itself)
{
	struct stat st;

	OK(symlink("nowhere", "l"));
	OK(rename("l", "m"));
	OK(lstat("m", &st));
	CHECK(S_ISLNK(st.st_mode));
}

TEST(without_replacing)
{
	close(make_file("a", "x"));
	close(make_file("b", "y"));
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b",
	    NOREPLACE), EEXIST);
	OK(unlink("b"));
	OK(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", NOREPLACE));
	CHECK_ERR(syscall(SYS_renameat2, AT_FDCWD, "b", AT_FDCWD, "c", 0x80),
	    EINVAL);
}

TEST(at_folders)
{
	int d;

	mkdir("from", 0755);
	mkdir("to", 0755);
	close(make_file("from/f", "x"));
	d = OK(open("from", O_RDONLY));
	int e = OK(open("to", O_RDONLY));
	OK(renameat(d, "f", e, "g"));
	OK(access("to/g", F_OK));
	close(d);
	close(e);
}

TEST(sticky_folder)
{
	if (!is_root())
		SKIP("needs root");
	OK(mkdir("sticky", 0777));
	OK(chmod("sticky", 01777));
	close(make_file("sticky/roots", "x"));
	IN_CHILD({
		OK(setuid(1000));
		CHECK_ERR(rename("sticky/roots", "sticky/mine"), EPERM);
		CHECK_ERR(unlink("sticky/roots"), EPERM);
		close(make_file("sticky/own", "x"));
		OK(rename("sticky/own", "sticky/own2"));
		OK(unlink("sticky/own2"));
	});
}
