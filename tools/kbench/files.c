/* Names, inodes and file contents. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/kbench/kbench.h"

#define FILE_BYTES	(64L << 20)
#define FILE_PAGES	(FILE_BYTES / PAGE_BYTES)
#define DIR_FILES	100

static int fd;

static void
make_empty(const char *name)
{
	int f;

	NEED(f = open(name, O_CREAT | O_WRONLY, 0644), name);
	close(f);
}

static void
small_setup(long n, int arg)
{
	(void)n;
	(void)arg;
	fill_file("small", 1024);
}

static void
open_run(long n)
{
	int f;

	while (n--) {
		NEED(f = open(path, O_RDONLY), path);
		close(f);
	}
}

static void
deep_setup(long n, int arg)
{
	int i, len = snprintf(path, sizeof path, "%s", bench_dir);

	(void)n;
	(void)arg;
	for (i = 0; i < 4; i++) {
		len += snprintf(path + len, sizeof path - len, "/d%d", i);
		mkdir(path, 0755);
	}
	snprintf(path + len, sizeof path - len, "/leaf");
	make_empty(path);
}

static void
stat_run(long n)
{
	struct stat st;

	while (n--)
		NEED(stat(path, &st), path);
}

static void
fstat_setup(long n, int arg)
{
	small_setup(n, arg);
	NEED(fd = open(path, O_RDWR), path);
}

static void
fstat_run(long n)
{
	struct stat st;

	while (n--)
		NEED(fstat(fd, &st), "fstat");
}

static void
create_setup(long n, int arg)
{
	(void)n;
	(void)arg;
	unlink(in_dir("tmpfile"));
}

static void
create_run(long n)
{
	int f;

	while (n--) {
		NEED(f = open(path, O_CREAT | O_EXCL | O_WRONLY, 0644), path);
		close(f);
		NEED(unlink(path), "unlink");
	}
}

static void
append_setup(long n, int arg)
{
	(void)n;
	(void)arg;
	unlink(in_dir("log"));
	NEED(fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0644),
	    path);
}

static void
append_run(long n)
{
	while (n--)
		if (write(fd, big, 4096) != 4096)
			skip("write");
}

static void
fsync_run(long n)
{
	while (n--) {
		if (write(fd, big, 4096) != 4096)
			skip("write");
		NEED(fsync(fd), "fsync");
	}
}

static void
append_end(void)
{
	close(fd);
	unlink(in_dir("log"));
}

static void
read_setup(long n, int arg)
{
	(void)n;
	(void)arg;
	fill_file("big", FILE_BYTES);
	NEED(fd = open(path, O_RDONLY), path);
	while (read(fd, big, sizeof big) > 0)
		;
	lseek(fd, 0, SEEK_SET);
}

static void
read64k_run(long n)
{
	long k;

	while (n--) {
		NEED(k = read(fd, big, sizeof big), "read");
		if (k == 0) {
			lseek(fd, 0, SEEK_SET);
			n++;
		}
	}
}

static void
pread4k_run(long n)
{
	while (n--)
		NEED(pread(fd, big, 4096,
		    (n * 7919 % FILE_PAGES) * PAGE_BYTES), "pread");
}

static void
readdir_setup(long n, int arg)
{
	char name[320];
	int i;

	(void)n;
	(void)arg;
	mkdir(in_dir("many"), 0755);
	for (i = 0; i < DIR_FILES; i++) {
		snprintf(name, sizeof name, "%s/f%d", path, i);
		make_empty(name);
	}
}

static void
readdir_run(long n)
{
	DIR *d;

	while (n--) {
		d = opendir(path);
		if (!d)
			skip(path);
		while (readdir(d))
			;
		closedir(d);
	}
}

const struct test file_tests[] = {
	{ "open_close", 20000, small_setup, open_run, NULL, 0, 0 },
	{ "stat_depth5", 50000, deep_setup, stat_run, NULL, 0, 0 },
	{ "fstat", 100000, fstat_setup, fstat_run, NULL, 0, 0 },
	{ "create_unlink", 2000, create_setup, create_run, NULL, 0, 0 },
	{ "append_4k", 4000, append_setup, append_run, append_end, 0, 0 },
	{ "append_4k_fsync", 200, append_setup, fsync_run, append_end, 0, 0 },
	{ "read_64k_cached", 2048, read_setup, read64k_run, NULL, 0, 0 },
	{ "pread_4k_cached", 20000, read_setup, pread4k_run, NULL, 0, 0 },
	{ "readdir_100", 1000, readdir_setup, readdir_run, NULL, 0, 0 },
	{ NULL, 0, NULL, NULL, NULL, 0, 0 },
};
