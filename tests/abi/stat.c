/*
 * stat(2), fstat(2), lstat(2), newfstatat(2)
 */
#include <sys/sysmacros.h>
#include "tests/abi/abi.h"

TEST(a_file)
{
	struct stat st, again;
	int fd = make_file("f", "hello");

	OK(stat("f", &st));
	CHECK_EQ(st.st_mode & S_IFMT, S_IFREG);
	CHECK_EQ(st.st_size, 5);
	CHECK_EQ(st.st_nlink, 1);
	CHECK(st.st_ino != 0);
	CHECK(st.st_blksize > 0);
	CHECK_EQ(st.st_uid, geteuid());
	OK(fstat(fd, &again));
	CHECK_EQ(again.st_ino, st.st_ino);
	CHECK_EQ(again.st_dev, st.st_dev);
	CHECK(llabs(st.st_mtime - time(NULL)) <= 2);
	close(fd);
}

TEST(a_folder)
{
	struct stat st, sub, up;

	OK(mkdir("d", 0755));
	OK(mkdir("d/e", 0755));
	OK(stat("d", &st));
	CHECK_EQ(st.st_mode & S_IFMT, S_IFDIR);
	OK(stat("d/e", &sub));
	OK(stat("d/e/..", &up));
	CHECK_EQ(up.st_ino, st.st_ino);
	CHECK(sub.st_ino != st.st_ino);
	OK(stat("d/e/.", &up));
	CHECK_EQ(up.st_ino, sub.st_ino);
}

TEST(links)
{
	struct stat st, ln;

	close(make_file("f", "hello"));
	OK(symlink("f", "l"));
	OK(link("f", "hard"));
	OK(stat("l", &st));
	CHECK(S_ISREG(st.st_mode));
	CHECK_EQ(st.st_nlink, 2);
	OK(lstat("l", &ln));
	CHECK(S_ISLNK(ln.st_mode));
	CHECK_EQ(ln.st_mode & 0777, 0777);
	CHECK_EQ(ln.st_size, 1);
	OK(stat("hard", &ln));
	CHECK_EQ(ln.st_ino, st.st_ino);
	OK(symlink("none", "dangling"));
	CHECK_ERR(stat("dangling", &st), ENOENT);
	OK(lstat("dangling", &st));
	/* A slash at the end follows. */
	OK(symlink(".", "dot"));
	OK(lstat("dot/", &st));
	CHECK(S_ISDIR(st.st_mode));
}

TEST(errors)
{
	struct stat st;

	close(make_file("f", "x"));
	CHECK_ERR(stat("none", &st), ENOENT);
	CHECK_ERR(stat("", &st), ENOENT);
	CHECK_ERR(stat("f/x", &st), ENOTDIR);
	CHECK_ERR(stat("f/", &st), ENOTDIR);
	CHECK_ERR(stat(BAD_ADDRESS, &st), EFAULT);
	CHECK_ERR(syscall(SYS_stat, "f", BAD_ADDRESS), EFAULT);
	CHECK_ERR(syscall(SYS_fstat, 999, &st), EBADF);
	CHECK_ERR(syscall(SYS_fstat, 0x7fffffff, &st), EBADF);
}

TEST(devices)
{
	struct stat st;

	OK(stat("/dev/null", &st));
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(major(st.st_rdev), 1);
	CHECK_EQ(minor(st.st_rdev), 3);
	OK(stat("/dev/zero", &st));
	CHECK_EQ(minor(st.st_rdev), 5);
}

TEST(pipes)
{
	struct stat st;
	int p[2];

	OK(pipe(p));
	OK(fstat(p[0], &st));
	CHECK(S_ISFIFO(st.st_mode));
}

TEST(at_a_folder)
{
	struct stat st;
	int d;

	mkdir("dir", 0755);
	close(make_file("dir/f", "abc"));
	d = OK(open("dir", O_RDONLY | O_DIRECTORY));
	OK(fstatat(d, "f", &st, 0));
	CHECK_EQ(st.st_size, 3);
	OK(symlinkat("f", d, "l"));
	OK(fstatat(d, "l", &st, AT_SYMLINK_NOFOLLOW));
	CHECK(S_ISLNK(st.st_mode));
	OK(syscall(SYS_newfstatat, d, "", &st, AT_EMPTY_PATH));
	CHECK(S_ISDIR(st.st_mode));
	CHECK_ERR(syscall(SYS_newfstatat, d, "", &st, 0), ENOENT);
	CHECK_ERR(syscall(SYS_newfstatat, 999, "f", &st, 0), EBADF);
	CHECK_ERR(syscall(SYS_newfstatat, d, "f", &st, 0x80000000), EINVAL);
	/* An absolute path needs no folder. */
	OK(syscall(SYS_newfstatat, 999, "/", &st, 0));
	close(d);
	d = OK(open("dir/f", O_RDONLY));
	CHECK_ERR(fstatat(d, "f", &st, 0), ENOTDIR);
	close(d);
}

TEST(blocks_tell_holes)
{
	struct stat st;
	int fd = make_file("hole", "");

	OK(ftruncate(fd, 1 << 20));
	OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 1 << 20);
	CHECK(st.st_blocks < 100);
	close(fd);
}
