/*
 * mount(2), umount2(2), in a mount namespace of its own where there are any
 */
#include <sched.h>
#include <sys/mount.h>
#include "tests/abi/abi.h"

static int private_mounts;

/* Make sure that no mount of ours is seen outside. */
static void
prepare(void)
{
	if (!is_root())
		SKIP("needs root");
	if (private_mounts)
		return;
	if (unshare(CLONE_NEWNS) == 0)
		OK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	else if (errno != ENOSYS && errno != EINVAL)
		SKIP("no mount namespace to be had");
	private_mounts = 1;
}

TEST(covers_and_uncovers)
{
	struct stat before, after;

	prepare();
	OK(mkdir("m", 0755));
	close(make_file("m/below", "x"));
	OK(stat("m", &before));
	OK(mount("none", "m", "tmpfs", 0, NULL));
	OK(stat("m", &after));
	CHECK(before.st_dev != after.st_dev);
	CHECK_ERR(access("m/below", F_OK), ENOENT);
	close(make_file("m/above", "x"));
	OK(umount2("m", 0));
	OK(access("m/below", F_OK));
	CHECK_ERR(access("m/above", F_OK), ENOENT);
}

TEST(dot_dot_crosses)
{
	struct stat a, b;

	prepare();
	OK(mkdir("n", 0755));
	OK(mount("none", "n", "tmpfs", 0, NULL));
	OK(stat(".", &a));
	OK(stat("n/..", &b));
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(a.st_dev, b.st_dev);
	OK(umount("n"));
}

TEST(busy)
{
	int fd;

	prepare();
	mkdir("b", 0755);
	OK(mount("none", "b", "tmpfs", 0, NULL));
	fd = make_file("b/f", "x");
	CHECK_ERR(umount("b"), EBUSY);
	CHECK_ERR(rmdir("b"), EBUSY);
	CHECK_ERR(rename("b", "c"), EBUSY);
	close(fd);
	OK(umount("b"));
	OK(rmdir("b"));
}

TEST(lazily)
{
	int fd;
	char c;

	prepare();
	mkdir("l", 0755);
	OK(mount("none", "l", "tmpfs", 0, NULL));
	fd = make_file("l/f", "x");
	OK(umount2("l", MNT_DETACH));
	CHECK_ERR(access("l/f", F_OK), ENOENT);
	CHECK_EQ(read(fd, &c, 1), 1);
	close(fd);
}

TEST(read_only)
{
	prepare();
	mkdir("r", 0755);
	OK(mount("none", "r", "tmpfs", 0, NULL));
	close(make_file("r/f", "x"));
	OK(mount("none", "r", "tmpfs", MS_REMOUNT | MS_RDONLY, NULL));
	CHECK_ERR(open("r/f", O_WRONLY), EROFS);
	CHECK_ERR(open("r/g", O_WRONLY | O_CREAT, 0600), EROFS);
	CHECK_ERR(mkdir("r/d", 0755), EROFS);
	CHECK_ERR(unlink("r/f"), EROFS);
	CHECK_ERR(access("r/f", W_OK), EROFS);
	CHECK_ERR(chmod("r/f", 0600), EROFS);
	close(OK(open("r/f", O_RDONLY)));
	OK(umount("r"));
}

TEST(across_is_another_device)
{
	prepare();
	mkdir("x", 0755);
	close(make_file("here", "x"));
	OK(mount("none", "x", "tmpfs", 0, NULL));
	CHECK_ERR(rename("here", "x/there"), EXDEV);
	CHECK_ERR(link("here", "x/there"), EXDEV);
	OK(umount("x"));
}

TEST(size_limit)
{
	static char buf[65536];
	int fd, n = 0;
	ssize_t got;

	prepare();
	mkdir("s", 0755);
	OK(mount("none", "s", "tmpfs", 0, "size=1m"));
	fd = make_file("s/f", "");
	while ((got = write(fd, buf, sizeof(buf))) > 0 && n < 32 << 20)
		n += got;
	CHECK_EQ(n, 1 << 20);
	CHECK_ERR(write(fd, buf, 1), ENOSPC);
	OK(ftruncate(fd, 0));
	OK(lseek(fd, 0, SEEK_SET));
	CHECK_EQ(write(fd, buf, sizeof(buf)), sizeof(buf));
	close(fd);
	OK(umount("s"));
}

TEST(errors)
{
	prepare();
	mkdir("e", 0755);
	close(make_file("f", "x"));
	CHECK_ERR(mount("none", "e", "nosuchfs", 0, NULL), ENODEV);
	CHECK_ERR(mount("none", "none", "tmpfs", 0, NULL), ENOENT);
	CHECK_ERR(mount("none", "f", "tmpfs", 0, NULL), ENOTDIR);
	CHECK_ERR(umount("e"), EINVAL);
	CHECK_ERR(umount("none"), ENOENT);
	CHECK_ERR(umount2("e", 0x1000), EINVAL);
	IN_CHILD({
		OK(setuid(1000));
		CHECK_ERR(mount("none", "e", "tmpfs", 0, NULL), EPERM);
		CHECK_ERR(umount("/proc"), EPERM);
	});
}
