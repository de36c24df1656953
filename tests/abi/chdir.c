/*
 * getcwd(2), chdir(2), fchdir(2)
 */
#include "tests/abi/abi.h"

TEST(there_and_back)
{
	char start[PATH_MAX], cwd[PATH_MAX], want[PATH_MAX + 8];
	int fd = OK(open(".", O_RDONLY));

	CHECK(getcwd(start, sizeof(start)) != NULL);
	OK(mkdir("d", 0755));
	OK(mkdir("d/e", 0755));
	OK(chdir("d/e"));
	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	snprintf(want, sizeof(want), "%s/d/e", start);
	CHECK(strcmp(cwd, want) == 0);
	OK(chdir(".."));
	OK(access("e", F_OK));
	OK(fchdir(fd));
	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	CHECK(strcmp(cwd, start) == 0);
	OK(chdir("/"));
	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	CHECK(strcmp(cwd, "/") == 0);
	OK(chdir("/.."));
	OK(fchdir(fd));
	close(fd);
}

TEST(length_counts_the_nul)
{
	char cwd[PATH_MAX];
	long n = OK(syscall(SYS_getcwd, cwd, sizeof(cwd)));

	CHECK_EQ(n, strlen(cwd) + 1);
	CHECK_EQ(syscall(SYS_getcwd, cwd, n), n);
	CHECK_ERR(syscall(SYS_getcwd, cwd, n - 1), ERANGE);
	CHECK_ERR(syscall(SYS_getcwd, cwd, 0), ERANGE);
	CHECK_ERR(syscall(SYS_getcwd, BAD_ADDRESS, 4096), EFAULT);
}

TEST(errors)
{
	int fd = make_file("f", "");

	CHECK_ERR(chdir("none"), ENOENT);
	CHECK_ERR(chdir("f"), ENOTDIR);
	CHECK_ERR(chdir(""), ENOENT);
	CHECK_ERR(chdir(BAD_ADDRESS), EFAULT);
	CHECK_ERR(fchdir(fd), ENOTDIR);
	CHECK_ERR(fchdir(999), EBADF);
	close(fd);
}

TEST(removed_beneath)
{
	char cwd[PATH_MAX];
	int fd = OK(open(".", O_RDONLY));

	OK(mkdir("gone", 0755));
	OK(chdir("gone"));
	OK(rmdir("../gone"));
	CHECK_ERR(syscall(SYS_getcwd, cwd, sizeof(cwd)), ENOENT);
	CHECK_ERR(open("new", O_CREAT | O_WRONLY, 0600), ENOENT);
	CHECK_ERR(mkdir("new", 0700), ENOENT);
	OK(chdir(".."));
	OK(fchdir(fd));
	close(fd);
}

TEST(children_inherit_it_by_value)
{
	char before[PATH_MAX], after[PATH_MAX];

	CHECK(getcwd(before, sizeof(before)) != NULL);
	IN_CHILD(OK(chdir("/")));
	CHECK(getcwd(after, sizeof(after)) != NULL);
	CHECK(strcmp(before, after) == 0);
}

TEST(needs_search_permission)
{
	if (!is_root())
		SKIP("needs root");
	OK(mkdir("closed", 0600));
	OK(chown("closed", 1000, 1000));
	IN_CHILD({
		OK(setuid(1000));
		CHECK_ERR(chdir("closed"), EACCES);
	});
}
