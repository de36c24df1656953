/*
 * Fill a file system, and see that what it took it has:
 *
 *	full fill FOLDER UID PROCESSES	write files until there is no space
 *	full check FOLDER		read all of them: "found BYTES"
 *	full again FOLDER		write over what there is
 *	full inodes FOLDER		make files until there are no inodes
 *	full free FOLDER		"free BYTES available BYTES inodes N"
 *
 * A write that was accepted has its place: fsync after the disk is full must
 * succeed, however late blocks are chosen. "accepted BYTES" is what that came
 * to. Contents follow from a file's name: each 8 bytes are its tag and their
 * place.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_BYTES	(1L << 20)
#define PIECE		49152
#define OVER_BYTES	65536
#define INODES_MAX	100000

static char buf[PIECE + 16];
static int failed;

static void
fail(const char *what, const char *which)
{
	printf("FAIL %s %s: %s\n", what, which, strerror(errno));
	fflush(stdout);
	failed = 1;
}

static _Noreturn void
die(const char *what, const char *which)
{
	fail(what, which);
	_exit(1);
}

/* The bytes [at, at + n) of a file, in buf; n is PIECE at most. */
static const char *
contents(uint32_t tag, off_t at, size_t n)
{
	off_t start = at / 8 * 8;
	uint32_t word[2] = { tag, 0 };

	for (size_t k = 0; start + (off_t)k < at + (off_t)n; k += 8) {
		word[1] = (uint32_t)(start + (off_t)k);
		memcpy(buf + k, word, sizeof(word));
	}
	return buf + (at - start);
}

static uint32_t
tag_of(const char *name)
{
	uint32_t tag = 5381;

	while (*name != 0)
		tag = tag * 33 + (unsigned char)*name++;
	return tag;
}

/* Write until the file is whole or there is no space; the bytes it took. */
static off_t
write_file(const char *name, int *is_full)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
	off_t done = 0;
	ssize_t n;

	if (fd < 0) {
		if (errno != ENOSPC)
			die("create", name);
		*is_full = 1;
		return 0;
	}
	while (done < FILE_BYTES && !*is_full) {
		n = write(fd, contents(tag_of(name), done, PIECE), PIECE);
		if (n > 0)
			done += n;
		else if (n < 0 && errno == ENOSPC)
			*is_full = 1;
		else
			die("write", name);
	}
	if (fsync(fd) < 0)
		fail("fsync after all was accepted", name);
	close(fd);
	return done;
}

static void
fill_one(int self, off_t *accepted)
{
	char name[40];
	int is_full = 0;

	for (int i = 0; !is_full; i++) {
		(void)snprintf(name, sizeof(name), "f%d.%d", self, i);
		*accepted += write_file(name, &is_full);
	}
	_exit(failed);
}

static void
fill(unsigned uid, int processes)
{
	off_t *accepted = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0), all = 0;
	int status;

	if (setgid(uid) < 0 || setuid(uid) < 0)
		die("setuid", "");
	for (int k = 0; k < processes; k++) {
		pid_t child = fork();

		if (child < 0)
			die("fork", "");
		if (child == 0)
			fill_one(k, &accepted[k]);
	}
	while (wait(&status) > 0)
		failed |= status != 0;
	for (int k = 0; k < processes; k++)
		all += accepted[k];
	printf("accepted %lld\n", (long long)all);
}

static off_t
check_file(const char *name)
{
	static char got[PIECE];
	int fd = open(name, O_RDONLY);
	off_t done = 0;
	ssize_t n;

	if (fd < 0)
		die("open", name);
	while ((n = read(fd, got, PIECE)) > 0) {
		errno = 0;
		if (memcmp(got, contents(tag_of(name), done, (size_t)n),
		    (size_t)n) != 0)
			die("contents", name);
		done += n;
	}
	if (n < 0)
		die("read", name);
	close(fd);
	return done;
}

static void
check(void)
{
	DIR *d = opendir(".");
	struct dirent *e;
	off_t all = 0;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] == 'f')
			all += check_file(e->d_name);
	printf("found %lld\n", (long long)all);
}

/* Blocks that a file has need no more space to be written again. */
static void
again(void)
{
	int fd = open("f0.0", O_WRONLY);

	for (off_t at = 0; at < OVER_BYTES; at += 4096)
		if (pwrite(fd, contents(tag_of("f0.0"), at, 4096), 4096, at) !=
		    4096)
			die("write over", "f0.0");
	if (fsync(fd) < 0)
		die("fsync", "f0.0");
	printf("written again\n");
}

static void
inodes(void)
{
	char name[40];
	int i, fd;

	for (i = 0; i < INODES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "i%d", i);
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (fd < 0)
			break;
		close(fd);
	}
	if (i == 0 || i == INODES_MAX || errno != ENOSPC)
		die("inodes", name);
	if (unlink("i0") < 0 || mkdir("again", 0755) < 0)
		die("an inode is free again", "");
	printf("inodes %d\n", i);
}

static void
show_free(void)
{
	struct statvfs s;

	if (statvfs(".", &s) < 0)
		die("statvfs", "");
	printf("free %llu available %llu inodes %llu\n",
	    (unsigned long long)s.f_bfree * s.f_frsize,
	    (unsigned long long)s.f_bavail * s.f_frsize,
	    (unsigned long long)s.f_ffree);
}

int
main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";

	if (argc > 2 && chdir(argv[2]) < 0)
		die("chdir", argv[2]);
	if (strcmp(verb, "fill") == 0 && argc == 5)
		fill((unsigned)atoi(argv[3]), atoi(argv[4]));
	else if (strcmp(verb, "check") == 0)
		check();
	else if (strcmp(verb, "again") == 0)
		again();
	else if (strcmp(verb, "inodes") == 0)
		inodes();
	else if (strcmp(verb, "free") == 0)
		show_free();
	else
		return 2;
	return failed;
}
