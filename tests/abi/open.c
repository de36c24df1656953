/*
 * open(2), creat(2)
 */
#include "tests/abi/abi.h"

TEST(lowest_descriptor)
{
	int a = make_file("f", "x");
	int b = OK(open("f", O_RDONLY));
	int c = OK(open("f", O_RDONLY));

	CHECK_EQ(b, a + 1);
	CHECK_EQ(c, a + 2);
	close(b);
	CHECK_EQ(open("f", O_RDONLY), b);
	close(a);
	close(b);
	close(c);
}

TEST(errors)
{
	char name[300];

	make_file("f", "x");
	CHECK_ERR(open("none", O_RDONLY), ENOENT);
	CHECK_ERR(open("", O_RDONLY), ENOENT);
	CHECK_ERR(open("none/f", O_RDONLY | O_CREAT, 0600), ENOENT);
	CHECK_ERR(open("f/x", O_RDONLY), ENOTDIR);
	CHECK_ERR(open("f/", O_RDONLY), ENOTDIR);
	CHECK_ERR(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERR(open(".", O_WRONLY), EISDIR);
	CHECK_ERR(open(".", O_RDWR), EISDIR);
	CHECK_ERR(open("new/", O_RDWR | O_CREAT, 0600), EISDIR);
	CHECK_ERR(open(BAD_ADDRESS, O_RDONLY), EFAULT);
	CHECK_ERR(open("f", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	memset(name, 'n', 256);
	name[256] = '\0';
	CHECK_ERR(open(name, O_RDONLY | O_CREAT, 0600), ENAMETOOLONG);
	name[255] = '\0';
	close(OK(open(name, O_RDONLY | O_CREAT, 0600)));
	OK(unlink(name));
}

TEST(path_too_long)
{
	static char path[PATH_MAX + 10];

	for (int i = 0; i < PATH_MAX; i += 2)
		memcpy(path + i, "./", 2);
	path[PATH_MAX] = '\0';
	CHECK_ERR(open(path, O_RDONLY), ENAMETOOLONG);
	path[PATH_MAX - 1] = '\0';
	close(OK(open(path, O_RDONLY)));
}

TEST(mode_and_umask)
{
	struct stat st;
	mode_t old = umask(027);
	int fd = OK(open("m", O_RDWR | O_CREAT, 0777));

	umask(old);
	OK(fstat(fd, &st));
	CHECK_EQ(st.st_mode, S_IFREG | 0750);
	CHECK_EQ(st.st_uid, geteuid());
	CHECK_EQ(st.st_size, 0);
	CHECK_EQ(st.st_nlink, 1);
	close(fd);
	/* The mode limits later opens only. */
	fd = OK(open("r", O_RDWR | O_CREAT, 0400));
	CHECK_EQ(write(fd, "x", 1), 1);
	close(fd);
	/* The mode of a file that exists stays. */
	fd = OK(open("r", O_RDONLY | O_CREAT, 0777));
	OK(fstat(fd, &st));
	CHECK_EQ(st.st_mode & 0777, 0400);
	close(fd);
}

TEST(truncates)
{
	struct stat st;
	int fd;

	close(make_file("f", "hello"));
	fd = OK(open("f", O_WRONLY | O_TRUNC));
	OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 0);
	close(fd);
}

TEST(creat_is_open)
{
	int fd;
	char c;

	close(make_file("f", "hello"));
	fd = OK(creat("f", 0600));
	CHECK_ERR(read(fd, &c, 1), EBADF);
	CHECK_EQ(write(fd, "x", 1), 1);
	close(fd);
}

TEST(symbolic_links)
{
	unlink("l");
	unlink("d");
	close(make_file("f", "x"));
	OK(symlink("f", "l"));
	OK(symlink("target", "d"));
	close(OK(open("l", O_RDONLY)));
	CHECK_ERR(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERR(open("d", O_RDONLY), ENOENT);
	CHECK_ERR(open("d", O_RDONLY | O_CREAT | O_EXCL, 0600), EEXIST);
	/* A dangling link creates what it names. */
	close(OK(open("d", O_RDONLY | O_CREAT, 0600)));
	OK(access("target", F_OK));
	OK(symlink("loop2", "loop1"));
	OK(symlink("loop1", "loop2"));
	CHECK_ERR(open("loop1", O_RDONLY), ELOOP);
}

TEST(o_path)
{
	struct stat st;
	char c;
	int fd;

	close(make_file("f", "x"));
	fd = OK(open("f", O_PATH));
	CHECK_ERR(read(fd, &c, 1), EBADF);
	OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 1);
	close(fd);
}

TEST(permissions)
{
	if (!is_root())
		SKIP("needs root");
	close(make_file("secret", "x"));
	OK(chmod("secret", 0600));
	OK(mkdir("closed", 0700));
	close(make_file("closed/f", "x"));
	OK(chmod("closed/f", 0666));
	IN_CHILD({
		OK(setgid(1000));
		OK(setuid(1000));
		CHECK_ERR(open("secret", O_RDONLY), EACCES);
		CHECK_ERR(open("closed/f", O_RDONLY), EACCES);
		CHECK_ERR(open("closed", O_RDONLY), EACCES);
		CHECK_ERR(open("new", O_RDWR | O_CREAT, 0600), EACCES);
	});
}

TEST(too_many)
{
	struct rlimit { unsigned long cur, max; } limit, old;
	int fd = -1, last;

	OK(syscall(SYS_getrlimit, 7, &old));
	limit = old;
	limit.cur = 20;
	OK(syscall(SYS_setrlimit, 7, &limit));
	do {
		last = fd;
		fd = open(".", O_RDONLY);
	} while (fd >= 0 && fd < 100);
	CHECK_EQ(last, 19);
	CHECK_ERR(open(".", O_RDONLY), EMFILE);
	for (fd = 3; fd < 20; fd++)
		close(fd);
	OK(syscall(SYS_setrlimit, 7, &old));
}

TEST(tmpfile_has_no_name)
{
	struct stat st;
	int fd = open(".", O_RDWR | O_TMPFILE, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		SKIP("this file system has no O_TMPFILE");
	OK(fd);
	OK(fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(write(fd, "x", 1), 1);
	close(fd);
}

TEST(dots_and_slashes)
{
	char cwd[PATH_MAX], path[PATH_MAX + 64];

	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	mkdir("dd", 0700);
	close(make_file("dd/f", "x"));
	close(OK(open("dd//f", O_RDONLY)));
	close(OK(open("./dd/./f", O_RDONLY)));
	close(OK(open("dd/../dd/f", O_RDONLY)));
	close(OK(open("dd/", O_RDONLY)));
	close(OK(open("/..//..", O_RDONLY)));
	snprintf(path, sizeof(path), "//%s///dd/f", cwd);
	close(OK(open(path, O_RDONLY)));
	CHECK_ERR(open("none/../dd/f", O_RDONLY), ENOENT);
	CHECK_ERR(open("dd/f/..", O_RDONLY), ENOTDIR);
}

TEST(unlinked_file_lives_on)
{
	int fd = make_file("f", "hello");
	struct stat st;
	char buf[8];

	OK(unlink("f"));
	CHECK_EQ(read(fd, buf, 8), 5);
	OK(fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
	close(fd);
}
