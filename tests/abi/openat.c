/*
 * openat(2) and what the other *at calls have in common
 */
#include "tests/abi/abi.h"

TEST(relative_to_a_folder)
{
	char c;
	int d, fd;

	OK(mkdir("d", 0755));
	close(make_file("d/f", "in"));
	close(make_file("f", "out"));
	d = OK(open("d", O_RDONLY | O_DIRECTORY));
	fd = OK(openat(d, "f", O_RDONLY));
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, 'i');
	close(fd);
	fd = OK(openat(AT_FDCWD, "f", O_RDONLY));
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, 'o');
	close(fd);
	fd = OK(openat(d, "../f", O_RDONLY));
	close(fd);
	close(OK(openat(d, ".", O_RDONLY)));
	close(OK(openat(d, "new", O_CREAT | O_RDWR, 0600)));
	OK(access("d/new", F_OK));
	close(d);
}

TEST(errors)
{
	int f = make_file("f", "x");

	CHECK_ERR(openat(f, "x", O_RDONLY), ENOTDIR);
	CHECK_ERR(openat(999, "x", O_RDONLY), EBADF);
	CHECK_ERR(openat(f, "", O_RDONLY), ENOENT);
	close(OK(openat(999, "/", O_RDONLY)));
	close(f);
}

TEST(folder_moved_meanwhile)
{
	int d;

	OK(mkdir("a", 0755));
	close(make_file("a/inside", "x"));
	d = OK(open("a", O_PATH | O_DIRECTORY));
	OK(rename("a", "b"));
	close(OK(openat(d, "inside", O_RDONLY)));
	OK(unlinkat(d, "inside", 0));
	OK(rmdir("b"));
	CHECK_ERR(openat(d, "x", O_CREAT | O_WRONLY, 0600), ENOENT);
	close(d);
}
