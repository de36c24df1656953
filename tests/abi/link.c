/*
 * link(2), linkat(2), unlink(2), unlinkat(2)
 */
#include "tests/abi/abi.h"

TEST(two_names)
{
	struct stat st;

	close(make_file("a", "abc"));
	OK(link("a", "b"));
	OK(stat("a", &st));
	CHECK_EQ(st.st_nlink, 2);
	OK(unlink("a"));
	OK(stat("b", &st));
	CHECK_EQ(st.st_nlink, 1);
	CHECK_EQ(st.st_size, 3);
	OK(unlink("b"));
}

TEST(errors)
{
	close(make_file("a", "abc"));
	close(make_file("b", "abc"));
	OK(mkdir("d", 0755));
	CHECK_ERR(link("a", "b"), EEXIST);
	CHECK_ERR(link("none", "c"), ENOENT);
	CHECK_ERR(link("a", "none/c"), ENOENT);
	CHECK_ERR(link("d", "e"), EPERM);
	CHECK_ERR(link("a", "b/c"), ENOTDIR);
	CHECK_ERR(link("a", BAD_ADDRESS), EFAULT);
	CHECK_ERR(unlink("none"), ENOENT);
	CHECK_ERR(unlink("a/"), ENOTDIR);
	CHECK_ERR(unlink(""), ENOENT);
	CHECK_ERR(unlink("d"), EISDIR);
	CHECK_ERR(unlink("/"), EISDIR);
	CHECK_ERR(unlink(BAD_ADDRESS), EFAULT);
}

TEST(symbolic_links_are_not_followed)
{
	struct stat st;

	OK(symlink("nowhere", "l"));
	OK(link("l", "l2"));
	OK(lstat("l2", &st));
	CHECK(S_ISLNK(st.st_mode));
	OK(unlink("l"));
	OK(unlink("l2"));
	close(make_file("target", "x"));
	OK(symlink("target", "l"));
	OK(linkat(AT_FDCWD, "l", AT_FDCWD, "l3", AT_SYMLINK_FOLLOW));
	OK(lstat("l3", &st));
	CHECK(S_ISREG(st.st_mode));
}

TEST(of_an_open_file)
{
	int fd = make_file("open", "abc");
	char c;

	OK(unlink("open"));
	CHECK_ERR(open("open", O_RDONLY), ENOENT);
	CHECK_EQ(read(fd, &c, 1), 1);
	close(make_file("open", "new"));
	OK(lseek(fd, 0, SEEK_SET));
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, 'a');
	close(fd);
}

TEST(needs_write_permission_on_the_folder)
{
	if (!is_root())
		SKIP("needs root");
	OK(mkdir("roots", 0755));
	close(make_file("roots/f", "x"));
	OK(chmod("roots/f", 0666));
	IN_CHILD({
		OK(setuid(1000));
		CHECK_ERR(unlink("roots/f"), EACCES);
		CHECK_ERR(link("roots/f", "roots/g"), EACCES);
	});
}
