/*
 * Files on a disk: throughput, random reads, many names, many who sync.
 *
 * These tests ask for a mount of its own at bench_dir: reads that are to reach
 * the disk need cold caches, so the file system is unmounted and mounted again,
 * which every kernel understands. One operation is one MiB, one read, one file,
 * or one write with its fsync. Nothing that a set-up wrote is left to be
 * written during the run: it ends with sync() or with that mount.
 *
 * The tests of fsync also print
 *
 *	FLUSHES n OF fsyncs
 *
 * what the disk was asked for during a run, by the kernel's own account.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/kbench/kbench.h"

#define MIB		(1L << 20)
#define DATA_BYTES	(1024 * MIB)
#define DATA_PAGES	(DATA_BYTES / PAGE_BYTES)
#define STRIDE		104729L		/* odd: visits each page once */
#define MAX_THREADS	64
#define CPUS		2

static int		nthreads, ndirs, fd;
static long		total;		/* operations of all threads */
static void		(*body)(long from, long to, int id);
static pthread_barrier_t gate;
static char		device[100];	/* what is mounted at bench_dir */
static unsigned long	flushes_before;

/* Find the mount at bench_dir; the type of its file system. */
static const char *
mount_find(void)
{
	static char type[32];
	char line[500], where[300];
	FILE *f = fopen("/proc/mounts", "r");

	errno = ENOTBLK;
	while (f && fgets(line, sizeof line, f)) {
		if (sscanf(line, "%99s %299s %31s", device, where, type) == 3 &&
		    strcmp(where, bench_dir) == 0 && device[0] == '/') {
			fclose(f);
			return type;
		}
	}
	skip(bench_dir);
}

/* Forget all that the kernel remembers of the disk. */
static void
caches_drop(void)
{
	const char *type = mount_find();

	NEED(umount2(bench_dir, 0), "umount");
	NEED(mount(device, bench_dir, type, 0, NULL), "mount");
}

/* The flushes that the disk has finished: the 16th figure of its line. */
static unsigned long
flushes_now(void)
{
	char line[500], name[40];
	unsigned long flushes;
	FILE *f = fopen("/proc/diskstats", "r");

	errno = ENOENT;
	(void)mount_find();
	while (f && fgets(line, sizeof line, f)) {
		if (sscanf(line, "%*d %*d %39s %*d %*d %*d %*d %*d %*d %*d "
		    "%*d %*d %*d %*d %*d %*d %*d %*d %lu", name,
		    &flushes) == 2 && strcmp(name, device + 5) == 0) {
			fclose(f);
			return flushes;
		}
	}
	skip("flushes in /proc/diskstats");
}

static void *
thread_main(void *x)
{
	long id = (long)x;

	pin((int)(id % CPUS));
	pthread_barrier_wait(&gate);
	body(total * id / nthreads, total * (id + 1) / nthreads, (int)id);
	return NULL;
}

static void
threads_run(long n)
{
	pthread_t t[MAX_THREADS];
	long i;

	total = n;
	pthread_barrier_init(&gate, NULL, (unsigned)nthreads);
	for (i = 1; i < nthreads; i++) {
		errno = pthread_create(&t[i], NULL, thread_main, (void *)i);
		if (errno)
			skip("pthread_create");
	}
	thread_main(NULL);
	for (i = 1; i < nthreads; i++)
		pthread_join(t[i], NULL);
}

static void
write_setup(long n, int arg)
{
	(void)n;
	(void)arg;
	(void)mount_find();
	unlink(in_dir("data"));
	sync();
	NEED(fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0644), path);
}

static void
write_run(long n)
{
	for (n *= MIB / (long)sizeof big; n > 0; n--)
		if (write(fd, big, sizeof big) != (long)sizeof big)
			skip("write");
	NEED(fsync(fd), "fsync");
}

static void
fd_end(void)
{
	close(fd);
}

static void
read_setup(long n, int arg)
{
	(void)n;
	(void)arg;
	fill_file("data", DATA_BYTES);
	caches_drop();
	NEED(fd = open(path, O_RDONLY), path);
}

static void
read_run(long n)
{
	for (n *= MIB / (long)sizeof big; n > 0; n--)
		if (read(fd, big, sizeof big) != (long)sizeof big)
			skip("read");
}

static void
random_body(long from, long to, int id)
{
	char page[PAGE_BYTES];
	int f;

	(void)id;
	NEED(f = open(path, O_RDONLY), path);
	for (; from < to; from++)
		if (pread(f, page, sizeof page,
		    (from * STRIDE % DATA_PAGES) * PAGE_BYTES) != PAGE_BYTES)
			skip("pread");
	close(f);
}

static void
random_setup(long n, int arg)
{
	(void)n;
	fill_file("data", DATA_BYTES);
	caches_drop();
	nthreads = arg;
	body = random_body;
}

static void
fsync_body(long from, long to, int id)
{
	char name[320];
	int f;

	snprintf(name, sizeof name, "%s/log%d", bench_dir, id);
	NEED(f = open(name, O_WRONLY | O_APPEND), name);
	for (; from < to; from++) {
		if (write(f, big, PAGE_BYTES) != PAGE_BYTES)
			skip("write");
		NEED(fsync(f), "fsync");
	}
	close(f);
}

static void
fsync_setup(long n, int arg)
{
	char name[320];
	int i, f;

	(void)n;
	nthreads = arg;
	body = fsync_body;
	for (i = 0; i < arg; i++) {
		snprintf(name, sizeof name, "%s/log%d", bench_dir, i);
		NEED(f = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0644), name);
		close(f);
	}
	sync();
	flushes_before = flushes_now();
}

static void
fsync_end(void)
{
	printf("FLUSHES %lu OF %ld\n", flushes_now() - flushes_before, total);
}

static const char *
file_name(char *out, size_t len, long i)
{
	snprintf(out, len, "%s/dir%ld/file%ld", bench_dir, i % ndirs, i);
	return out;
}

static void
create_body(long from, long to, int id)
{
	char name[320];
	int f;

	(void)id;
	for (; from < to; from++) {
		NEED(f = open(file_name(name, sizeof name, from),
		    O_CREAT | O_EXCL | O_WRONLY, 0644), name);
		close(f);
	}
}

static void
stat_body(long from, long to, int id)
{
	char name[320];
	struct stat st;

	(void)id;
	for (; from < to; from++)
		NEED(stat(file_name(name, sizeof name, from), &st), name);
}

static void
unlink_body(long from, long to, int id)
{
	char name[320];

	(void)id;
	for (; from < to; from++)
		NEED(unlink(file_name(name, sizeof name, from)), name);
}

/* arg: so many directories, with nothing in them. */
static void
create_setup(long n, int arg)
{
	char name[320];
	int i;

	(void)n;
	(void)mount_find();
	nthreads = CPUS;
	ndirs = arg;
	body = create_body;
	for (i = 0; i < arg; i++) {
		snprintf(name, sizeof name, "%s/dir%d", bench_dir, i);
		mkdir(name, 0755);
	}
	sync();
}

static void
stat_setup(long n, int arg)
{
	create_setup(n, arg);
	create_body(0, n, 0);
	sync();
	total = n;
	body = stat_body;
}

static void
unlink_setup(long n, int arg)
{
	stat_setup(n, arg);
	body = unlink_body;
}

static void
files_end(void)
{
	unlink_body(0, total, 0);
	sync();
}

const struct test disk_tests[] = {
	{ "seq_write_mib", 1024, write_setup, write_run, fd_end, 0, ONCE },
	{ "seq_read_mib", 1024, read_setup, read_run, fd_end, 0, ONCE },
	{ "random_read_qd1", 2000, random_setup, threads_run, NULL, 1, ONCE },
	{ "random_read_qd32", 4000, random_setup, threads_run, NULL, 32,
	    ONCE },
	{ "fsync_t1", 400, fsync_setup, threads_run, fsync_end, 1, ONCE },
	{ "fsync_t16", 1600, fsync_setup, threads_run, fsync_end, 16, ONCE },
	{ "create_dir1", 10000, create_setup, threads_run, files_end, 1,
	    ONCE },
	{ "stat_dir1", 10000, stat_setup, threads_run, files_end, 1, ONCE },
	{ "unlink_dir1", 10000, unlink_setup, threads_run, NULL, 1, ONCE },
	{ "create_dir8", 10000, create_setup, threads_run, files_end, 8,
	    ONCE },
	{ "stat_dir8", 10000, stat_setup, threads_run, files_end, 8, ONCE },
	{ "unlink_dir8", 10000, unlink_setup, threads_run, NULL, 8, ONCE },
	{ NULL, 0, NULL, NULL, NULL, 0, 0 },
};
