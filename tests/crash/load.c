/*
 * Load for a power cut: load FOLDER SEED PROCESSES [FIRST].
 *
 * Each process does the steps of one role in a folder of its own, for ever, and
 * says "ack PROCESS STEP" when fsync has made durable all that it did up to
 * there. What the steps are follows from the seed alone, so whoever has the
 * disk afterwards knows what must be on it, and in which order names came and
 * went: tests/crash/promise.py has the same roles. A change here is one there.
 *
 * Contents are records of 32 bytes that name their file and their place, so
 * that a block that is lost, old or another file's shows.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RECORD		32
#define PIECE		9000		/* bytes of one write, at most */
#define SLOTS		8
#define LOG_STEPS	40
#define WINDOW		64
#define MOVED		16

static uint64_t seed;
static unsigned self;

static _Noreturn void
die(const char *what, const char *which)
{
	printf("FAIL %u: %s %s: %s\n", self, what, which, strerror(errno));
	fflush(stdout);
	_exit(1);
}

static void
must(int rc, const char *what, const char *which)
{
	if (rc < 0)
		die(what, which);
}

/* Splitmix64: what it makes of x looks random. */
static uint64_t
mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* Number `which` of the choices in a step. */
static uint64_t
pick(uint64_t step, unsigned which)
{
	return mix(mix(mix(seed) + self) + step * 16 + which);
}

/* One write(2), so that lines of several processes do not mix. */
static void
ack(uint64_t step)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "ack %u %llu\n", self,
	    (unsigned long long)step);

	must(write(STDOUT_FILENO, line, (size_t)n) == n ? 0 : -1, "say", "");
}

/* Append the bytes [from, to) of the contents that the tag names. */
static void
put(int fd, uint64_t tag, uint64_t from, uint64_t to)
{
	static char buf[PIECE + 2 * RECORD + 1];
	uint64_t start, end, n;

	while (from < to) {
		end = to - from > PIECE ? from + PIECE : to;
		start = from / RECORD * RECORD;
		for (n = 0; start + n < end; n += RECORD)
			(void)snprintf(buf + n, RECORD + 1, "%016llx:%014llu\n",
			    (unsigned long long)tag,
			    (unsigned long long)(start + n));
		errno = 0;
		if (write(fd, buf + (from - start), end - from) !=
		    (ssize_t)(end - from))
			die("write", "");
		from = end;
	}
}

static int
create(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0644);

	must(fd, "create", name);
	return fd;
}

static void
sync_folder(const char *name)
{
	int fd = open(name, O_RDONLY | O_DIRECTORY);

	must(fd, "open", name);
	must(fsync(fd), "fsync", name);
	must(close(fd), "close", name);
}

static const char *
name_of(const char *prefix, uint64_t number)
{
	static char names[4][40];
	static unsigned turn;
	char *out = names[turn++ % 4];

	(void)snprintf(out, sizeof(names[0]), "%s%llu", prefix,
	    (unsigned long long)number);
	return out;
}

/* A file is written beside the old one and takes its place. */
static void
step_replace(uint64_t i)
{
	const char *temp = name_of("t", i);
	int fd = create(temp);

	put(fd, pick(i, 1), 0, pick(i, 0) % 200000);
	must(fsync(fd), "fsync", temp);
	must(close(fd), "close", temp);
	must(rename(temp, name_of("s", i % SLOTS)), "rename", temp);
	sync_folder(".");
	ack(i);
}

/* A log is appended to; a new one now and then, and the oldest goes. */
static void
step_append(uint64_t i)
{
	static uint64_t size;
	static int fd = -1;
	uint64_t n = i / LOG_STEPS, more = pick(i, 0) % 12000 + 1;

	if (i % LOG_STEPS == 0) {
		if (fd >= 0)
			must(close(fd), "close", "log");
		fd = create(name_of("log", n));
		size = 0;
		if (n >= 2)
			must(unlink(name_of("log", n - 2)), "unlink", "log");
		sync_folder(".");
	}
	put(fd, pick(n, 1), size, size + more);
	size += more;
	must(i % 3 ? fdatasync(fd) : fsync(fd), "fsync", "log");
	ack(i);
}

/* Many small files come and go; few are synced one by one. */
static void
step_window(uint64_t i)
{
	const char *name = name_of("c", i);
	int fd = create(name);

	put(fd, pick(i, 1), 0, pick(i, 0) % 3000);
	if (i % 4 == 0)
		must(fsync(fd), "fsync", name);
	must(close(fd), "close", name);
	if (i >= WINDOW)
		must(unlink(name_of("c", i - WINDOW)), "unlink", "c");
	if (i % 8 == 7) {
		sync_folder(".");
		ack(i);
	}
}

/* A file goes from one folder to the next by link and rename. */
static void
step_move(uint64_t i)
{
	const char *x = name_of("x/m", i), *y = name_of("y/m", i);
	int fd = create(x);

	put(fd, pick(i, 1), 0, pick(i, 0) % 5000);
	must(fsync(fd), "fsync", x);
	must(close(fd), "close", x);
	must(link(x, y), "link", x);
	must(unlink(x), "unlink", x);
	must(rename(y, name_of("z/m", i)), "rename", y);
	must(symlink(name_of("m", i), name_of("z/l", i)), "symlink", y);
	if (i >= MOVED) {
		must(unlink(name_of("z/m", i - MOVED)), "unlink", "m");
		must(unlink(name_of("z/l", i - MOVED)), "unlink", "l");
	}
	sync_folder("z");
	ack(i);
}

static void (*const roles[])(uint64_t) = {
	step_replace, step_append, step_window, step_move,
};

static void
folders_make(const char *folder, unsigned first, unsigned end)
{
	char name[300];

	must(mkdir(folder, 0755), "mkdir", folder);
	must(chdir(folder), "chdir", folder);
	for (unsigned k = first; k < end; k++) {
		for (const char *sub = "/xyz"; *sub != 0; sub++) {
			(void)snprintf(name, sizeof(name), "p%u%s%c", k,
			    *sub == '/' ? "" : "/", *sub);
			must(mkdir(name, 0755), "mkdir", name);
		}
	}
	sync();
}

int
main(int argc, char **argv)
{
	unsigned processes = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
	unsigned first = argc > 4 ? (unsigned)atoi(argv[4]) : 0;

	if (processes == 0) {
		fprintf(stderr, "usage: load FOLDER SEED PROCESSES [FIRST]\n");
		return 2;
	}
	seed = strtoull(argv[2], NULL, 0);
	folders_make(argv[1], first, first + processes);
	printf("ready %u\n", first);
	fflush(stdout);
	for (self = first; self < first + processes; self++) {
		pid_t child = fork();

		must(child, "fork", "");
		if (child != 0)
			continue;
		must(chdir(name_of("p", self)), "chdir", "");
		for (uint64_t i = 0; ; i++)
			roles[self % 4](i);
	}
	while (wait(NULL) > 0)
		;
	printf("gone %u\n", first);
	return 1;
}
