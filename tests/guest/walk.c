/*
 * Uses a file system whose image may be unsound: walk FOLDER [write].
 *
 * Goes through all names below FOLDER, within limits, reads what it finds in
 * every way, and with "write" changes things too. Errors are expected and not
 * even counted: what matters is that the kernel lives, that each call returns,
 * and that the walk ends. Its line says what was seen.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define DEPTH_MAX	12
#define NAMES_MAX	1500
#define READ_MAX	(256 << 10)
#define PATH_BYTES	4096

static unsigned names, errors, bytes_read, changes;
static bool writes;
static char buf[64 << 10];

static bool
ok(long rc)
{
	errors += rc < 0;
	return rc >= 0;
}

static void
read_mapped(int fd, off_t size)
{
	volatile char *map;
	size_t len = size > READ_MAX ? READ_MAX : (size_t)size;

	/* A page that cannot be read is a SIGBUS: so only what read() got. */
	if (len == 0)
		return;
	map = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return;
	for (size_t i = 0; i < len; i += 4096)
		(void)map[i];
	(void)munmap((void *)map, len);
}

static void
read_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	off_t at = 0;
	ssize_t n = 0;

	if (!ok(fd))
		return;
	while (at < READ_MAX && (n = read(fd, buf, sizeof(buf))) > 0)
		at += n;
	bytes_read += (unsigned)at;
	if (ok(n) && ok(fstat(fd, &st))) {
		read_mapped(fd, at);
		/* The last bytes of large files, and the holes. */
		(void)ok(pread(fd, buf, sizeof(buf), st.st_size - 100));
		(void)lseek(fd, 0, SEEK_HOLE);
		(void)lseek(fd, st.st_size / 2, SEEK_DATA);
	}
	close(fd);
}

/* Changes to one file, each of which a sound kernel does or refuses. */
static void
change_file(const char *path)
{
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	changes++;
	if (ok(fd)) {
		if (ok(fstat(fd, &st)) && S_ISREG(st.st_mode)) {
			(void)ok(pwrite(fd, "changed", 7, 10));
			(void)ok(pwrite(fd, buf, 9000, st.st_size));
			(void)ok(ftruncate(fd, 5000));
			(void)ok(fallocate(fd, 0, 0, 100000));
			(void)ok(ftruncate(fd, st.st_size / 2));
			(void)ok(fsync(fd));
		}
		close(fd);
	}
	(void)ok(chmod(path, 0600));
	if (changes % 3 == 0)
		(void)ok(unlink(path));
}

static void
change_folder(const char *path)
{
	char a[PATH_BYTES], b[PATH_BYTES];
	int fd;

	changes++;
	(void)snprintf(a, sizeof(a), "%.3000s/walk-a", path);
	(void)snprintf(b, sizeof(b), "%.3000s/walk-b", path);
	(void)ok(mkdir(a, 0755));
	(void)ok(rename(a, b));
	(void)ok(rmdir(b));
	fd = open(a, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (ok(fd)) {
		(void)ok(write(fd, buf, sizeof(buf)));
		(void)ok(fdatasync(fd));
		close(fd);
	}
	(void)ok(link(a, b));
	(void)ok(unlink(a));
	(void)ok(symlink("walk-b", a));
	(void)ok(unlink(a));
	(void)ok(unlink(b));
}

static void	walk(const char *path, int depth);

static void
visit(const char *path, int depth)
{
	struct stat st;

	names++;
	if (!ok(lstat(path, &st)))
		return;
	if (S_ISLNK(st.st_mode)) {
		(void)ok(readlink(path, buf, sizeof(buf)));
	} else if (S_ISDIR(st.st_mode)) {
		if (depth < DEPTH_MAX)
			walk(path, depth + 1);
	} else if (S_ISREG(st.st_mode)) {
		read_file(path);
	}
	if (writes && !S_ISDIR(st.st_mode))
		change_file(path);
}

static void
walk(const char *path, int depth)
{
	char *child = malloc(PATH_BYTES);
	DIR *dir = opendir(path);
	struct dirent *e;

	while (dir != NULL && names < NAMES_MAX && (e = readdir(dir)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (snprintf(child, PATH_BYTES, "%s/%s", path, e->d_name) <
		    PATH_BYTES)
			visit(child, depth);
	}
	errors += dir == NULL;
	if (dir != NULL)
		closedir(dir);
	if (writes)
		change_folder(path);
	free(child);
}

int
main(int argc, char **argv)
{
	struct statfs fs;

	if (argc < 2) {
		fprintf(stderr, "usage: walk FOLDER [write]\n");
		return 2;
	}
	writes = argc > 2;
	(void)ok(statfs(argv[1], &fs));
	walk(argv[1], 0);
	sync();
	printf("%u names, %u bytes, %u changes, %u errors\n", names, bytes_read,
	    changes, errors);
	return 0;
}
