/*
 * Does what a script says to a file system, and marks each step on the disk:
 * work SCRIPT MARKS.
 *
 * A line of the script is one operation, as tests/crash/model.py has them.
 * After operation N a sector with the number N is written to MARKS, a partition
 * of the same disk, past all caches: so the log of the disk's writes says what
 * had been done when. Contents come from a seed, in records of 32 bytes that
 * each name their place, so that a block in the wrong place shows.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MARK_BYTES	4096
#define RECORD		32
#define WORDS_MAX	6
#define HELD_MAX	16
#define RACE_US		500

static int marks;
static int held[HELD_MAX], nheld;
static unsigned line_no;

static _Noreturn void
die(const char *what, const char *which)
{
	printf("FAIL line %u: %s %s: %s\n", line_no, what, which,
	    strerror(errno));
	exit(1);
}

static void
must(int rc, const char *what, const char *which)
{
	if (rc < 0)
		die(what, which);
}

static void
put_bytes(const char *path, int flags, off_t off, size_t len, unsigned seed)
{
	char *buf = malloc(len + 2 * RECORD);
	off_t start = off / RECORD * RECORD;
	int fd = open(path, O_WRONLY | flags);
	size_t n = 0;

	must(fd, "open", path);
	for (; start + (off_t)n < off + (off_t)len; n += RECORD)
		(void)snprintf(buf + n, RECORD + 1, "%08x:%020llu:%02x",
		    seed, (unsigned long long)(start + (off_t)n), seed & 255);
	errno = 0;
	if (pwrite(fd, buf + (off - start), len, off) != (ssize_t)len)
		die("write", path);
	must(close(fd), "close", path);
	free(buf);
}

static void
sync_file(const char *path, int data_only)
{
	int fd = open(path, O_RDONLY);

	must(fd, "open", path);
	must(data_only ? fdatasync(fd) : fsync(fd), "fsync", path);
	must(close(fd), "close", path);
}

static void
allocate(const char *path, int mode, off_t off, off_t len)
{
	int fd = open(path, O_WRONLY);

	must(fd, "open", path);
	must(fallocate(fd, mode, off, len), "fallocate", path);
	must(close(fd), "close", path);
}

static off_t
size_of(const char *path)
{
	struct stat st;

	must(stat(path, &st), "stat", path);
	return st.st_size;
}

static void
create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	must(fd, "create", path);
	must(close(fd), "close", path);
}

static void
do_create(const char *path, const long *v)
{
	(void)v;
	create(path);
}

static void
do_append(const char *path, const long *v)
{
	put_bytes(path, 0, size_of(path), (size_t)v[0], (unsigned)v[1]);
}

static void
do_write(const char *path, const long *v)
{
	put_bytes(path, 0, v[0], (size_t)v[1], (unsigned)v[2]);
}

static void
do_truncate(const char *path, const long *v)
{
	must(truncate(path, v[0]), "truncate", path);
}

static void
do_allocate(const char *path, const long *v)
{
	allocate(path, 0, v[0], v[1]);
}

static void
do_allocate_keep(const char *path, const long *v)
{
	allocate(path, FALLOC_FL_KEEP_SIZE, v[0], v[1]);
}

static void
do_punch(const char *path, const long *v)
{
	allocate(path, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, v[0], v[1]);
}

static void
do_zero(const char *path, const long *v)
{
	allocate(path, FALLOC_FL_ZERO_RANGE, v[0], v[1]);
}

static void
do_unlink(const char *path, const long *v)
{
	(void)v;
	must(unlink(path), "unlink", path);
}

static void
do_mkdir(const char *path, const long *v)
{
	(void)v;
	must(mkdir(path, 0755), "mkdir", path);
}

static void
do_rmdir(const char *path, const long *v)
{
	(void)v;
	must(rmdir(path), "rmdir", path);
}

static void
do_fsync(const char *path, const long *v)
{
	(void)v;
	sync_file(path, 0);
}

static void
do_fdatasync(const char *path, const long *v)
{
	(void)v;
	sync_file(path, 1);
}

static void
do_sync(const char *path, const long *v)
{
	(void)path;
	(void)v;
	sync();
}

/* Keep it open: when its names are gone it is an orphan. */
static void
do_hold(const char *path, const long *v)
{
	(void)v;
	errno = EMFILE;
	must(nheld < HELD_MAX ? 0 : -1, "hold", path);
	held[nheld] = open(path, O_RDONLY);
	must(held[nheld++], "open", path);
}

static void
do_release(const char *path, const long *v)
{
	(void)v;
	while (nheld > 0)
		must(close(held[--nheld]), "close", path);
}

/* The root changes, and that is made durable, again and again. */
static void *
race(void *arg)
{
	int fd = open(".", O_RDONLY | O_DIRECTORY);

	(void)arg;
	must(fd, "open", ".");
	for (;;) {
		must(fchmod(fd, 0755), "chmod", ".");
		must(fsync(fd), "fsync", ".");
		(void)usleep(RACE_US);
	}
	return NULL;
}

/* From here on commits come at any time, not only when the script asks. */
static void
do_race(const char *path, const long *v)
{
	pthread_t t;

	(void)v;
	errno = pthread_create(&t, NULL, race, NULL);
	must(errno == 0 ? 0 : -1, "thread", path);
}

/* A verb, a path, numbers. */
static const struct {
	const char	*verb;
	void		(*run)(const char *path, const long *v);
} verbs[] = {
	{ "create", do_create },	{ "append", do_append },
	{ "write", do_write },		{ "truncate", do_truncate },
	{ "allocate", do_allocate },	{ "allocate_keep", do_allocate_keep },
	{ "punch", do_punch },		{ "zero", do_zero },
	{ "unlink", do_unlink },	{ "mkdir", do_mkdir },
	{ "rmdir", do_rmdir },		{ "fsync", do_fsync },
	{ "fdatasync", do_fdatasync },	{ "sync", do_sync },
	{ "hold", do_hold },		{ "release", do_release },
	{ "race", do_race },
};

/* A verb and two names. */
static int
run_pair(const char *verb, const char *a, const char *b)
{
	if (strcmp(verb, "rename") == 0)
		return rename(a, b);
	if (strcmp(verb, "exchange") == 0)
		return (int)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2);
	if (strcmp(verb, "link") == 0)
		return link(a, b);
	if (strcmp(verb, "symlink") == 0)
		return symlink(b, a);
	errno = EINVAL;
	return -1;
}

/* w[0] is the verb; n words in all. */
static void
run(char **w, int n)
{
	long v[3] = { 0, 0, 0 };

	for (size_t k = 0; k < sizeof(verbs) / sizeof(verbs[0]); k++) {
		if (strcmp(w[0], verbs[k].verb) != 0)
			continue;
		for (int i = 2; i < n && i < 5; i++)
			v[i - 2] = strtol(w[i], NULL, 0);
		verbs[k].run(n > 1 ? w[1] : "", v);
		return;
	}
	must(n == 3 ? run_pair(w[0], w[1], w[2]) : -1, w[0], n > 1 ? w[1] : "");
}

static void
mark(unsigned n)
{
	static char sector[MARK_BYTES] __attribute__((aligned(MARK_BYTES)));

	(void)snprintf(sector, sizeof(sector), "mark %u\n", n);
	errno = 0;
	if (pwrite(marks, sector, sizeof(sector), 0) != MARK_BYTES)
		die("mark", "");
}

int
main(int argc, char **argv)
{
	char line[1024], *w[WORDS_MAX + 1], *save;
	FILE *script;
	int n;

	if (argc != 3) {
		fprintf(stderr, "usage: work SCRIPT MARKS\n");
		return 2;
	}
	script = fopen(argv[1], "re");
	if (script == NULL)
		die("open", argv[1]);
	marks = open(argv[2], O_WRONLY | O_DIRECT | O_CLOEXEC);
	must(marks, "open", argv[2]);
	mark(0);
	while (fgets(line, sizeof(line), script) != NULL) {
		line_no++;
		n = 0;
		for (char *s = strtok_r(line, " \n", &save);
		    s != NULL && n < WORDS_MAX;
		    s = strtok_r(NULL, " \n", &save))
			w[n++] = s;
		if (n > 0)
			run(w, n);
		mark(line_no);
	}
	printf("ok %u operations\n", line_no);
	return 0;
}
