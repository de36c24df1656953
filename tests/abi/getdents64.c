/*
 * getdents64(2)
 */
#include <dirent.h>
#include "tests/abi/abi.h"

struct entry {
	uint64_t	ino;
	int64_t		off;
	uint16_t	reclen;
	uint8_t		type;
	char		name[];
};

TEST(lists_each_once)
{
	char name[16], seen[200] = { 0 };
	int dots = 0;
	struct dirent *e;
	DIR *d;

	OK(mkdir("d", 0755));
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "d/f%d", i);
		close(OK(open(name, O_CREAT | O_WRONLY, 0600)));
	}
	d = opendir("d");
	CHECK(d != NULL);
	while ((e = readdir(d)) != NULL) {
		int i;

		if (e->d_name[0] == '.') {
			CHECK_EQ(e->d_type, DT_DIR);
			dots++;
			continue;
		}
		CHECK_EQ(sscanf(e->d_name, "f%d", &i), 1);
		CHECK(i >= 0 && i < 200 && !seen[i]);
		seen[i] = 1;
		CHECK(e->d_type == DT_REG || e->d_type == DT_UNKNOWN);
		CHECK(e->d_ino != 0);
	}
	CHECK_EQ(dots, 2);
	for (int i = 0; i < 200; i++)
		CHECK(seen[i]);
	closedir(d);
}

TEST(small_buffers)
{
	_Alignas(8) char buf[64];
	int fd, n, count = 0;

	OK(mkdir("e", 0755));
	close(make_file("e/one", ""));
	close(make_file("e/two", ""));
	fd = OK(open("e", O_RDONLY));
	CHECK_ERR(syscall(SYS_getdents64, fd, buf, 8), EINVAL);
	while ((n = OK(syscall(SYS_getdents64, fd, buf, 32))) > 0) {
		struct entry *e = (struct entry *)buf;

		CHECK_EQ(e->reclen % 8, 0);
		CHECK_EQ(e->reclen, n);
		count++;
	}
	CHECK_EQ(count, 4);
	CHECK_EQ(syscall(SYS_getdents64, fd, buf, sizeof(buf)), 0);
	close(fd);
}

/* Pages of the buffer that nobody touched yet are no reason to stop. */
TEST(fills_fresh_pages)
{
	char name[16], *buf;
	int fd, n, count = 0;

	OK(mkdir("p", 0755));
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "p/f%d", i);
		close(make_file(name, ""));
	}
	buf = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(buf != MAP_FAILED);
	fd = OK(open("p", O_RDONLY));
	n = OK(syscall(SYS_getdents64, fd, buf, 65536));
	for (int at = 0; at < n; count++)
		at += ((struct entry *)(buf + at))->reclen;
	CHECK_EQ(count, 302);
	CHECK_EQ(syscall(SYS_getdents64, fd, buf, 65536), 0);
	close(fd);
	munmap(buf, 65536);
}

TEST(rewinds_and_seeks)
{
	DIR *d;
	struct dirent *e;
	char third[256];
	long at;

	OK(mkdir("s", 0755));
	close(make_file("s/one", ""));
	close(make_file("s/two", ""));
	close(make_file("s/three", ""));
	d = opendir("s");
	readdir(d);
	readdir(d);
	at = telldir(d);
	e = readdir(d);
	CHECK(e != NULL);
	strcpy(third, e->d_name);
	readdir(d);
	seekdir(d, at);
	e = readdir(d);
	CHECK(e != NULL && strcmp(e->d_name, third) == 0);
	rewinddir(d);
	int n = 0;
	while (readdir(d) != NULL)
		n++;
	CHECK_EQ(n, 5);
	closedir(d);
}

TEST(removal_on_the_way)
{
	char name[300];
	struct dirent *e;
	int n = 0;
	DIR *d;

	OK(mkdir("r", 0755));
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "r/f%d", i);
		close(OK(open(name, O_CREAT | O_WRONLY, 0600)));
	}
	d = opendir("r");
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] == 'f') {
			snprintf(name, sizeof(name), "r/%s", e->d_name);
			OK(unlink(name));
			n++;
		}
	closedir(d);
	CHECK_EQ(n, 500);
	OK(rmdir("r"));
}

TEST(errors)
{
	char buf[256];
	int fd = make_file("f", "");

	CHECK_ERR(syscall(SYS_getdents64, fd, buf, 256), ENOTDIR);
	CHECK_ERR(syscall(SYS_getdents64, 999, buf, 256), EBADF);
	close(fd);
	fd = OK(open(".", O_RDONLY));
	CHECK_ERR(syscall(SYS_getdents64, fd, BAD_ADDRESS, 256), EFAULT);
	close(fd);
}

TEST(of_a_removed_folder)
{
	char buf[256];
	int fd;

	OK(mkdir("gone", 0755));
	fd = OK(open("gone", O_RDONLY));
	OK(rmdir("gone"));
	CHECK_ERR(syscall(SYS_getdents64, fd, buf, 256), ENOENT);
	close(fd);
}
