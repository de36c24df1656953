/*
 * A file against a model of it: fsx FILE OPERATIONS [SEED [drop]].
 *
 * Reads, writes, maps, truncates, punches, zeroes, allocates, syncs and reopens
 * one file at random places, with lengths that like the edges of pages and
 * blocks, and keeps in memory what the file must hold. Each read, and the whole
 * file now and then, is compared. What a file system lacks (EOPNOTSUPP) is left
 * out. Two seeds give two histories, one seed always the same. With "drop",
 * root has the whole machine's caches dropped at times.
 *
 * The idea: Apple's and LSC's file system exerciser (fsx), 1991.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define SIZE_MAX_BYTES	(640u << 10)
#define LEN_MAX		(96u << 10)
#define PAGE		4096u
#define HISTORY		40u
#define WHOLE_EVERY	1000u

static const char *path;
static int fd = -1;
static unsigned char model[SIZE_MAX_BYTES + PAGE], got[SIZE_MAX_BYTES + PAGE];
static uint32_t size;			/* the file's, bytes */
static uint64_t state, done;
static bool drops;

/* What was done last, for who must find out why. */
static struct {
	const char	*what;
	uint64_t	n;
	uint32_t	from, to, size;
} history[HISTORY];

static uint32_t
draw(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 20) % below);
}

static _Noreturn void
die(const char *why)
{
	int error = errno;

	for (uint64_t k = 0; k < HISTORY; k++) {
		uint64_t at = (done + 1 + k) % HISTORY;

		if (history[at].what != NULL)
			printf("  %7llu %-10s [%#x, %#x) of %#x\n",
			    (unsigned long long)history[at].n,
			    history[at].what, history[at].from, history[at].to,
			    history[at].size);
	}
	printf("FAIL %s: operation %llu: %s (%s)\n", path,
	    (unsigned long long)done, why, strerror(error));
	exit(1);
}

static void
compare(uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		if (got[i] == model[i])
			continue;
		printf("byte %#x (page %u, offset %#x): %#x, not %#x\n", i,
		    i / PAGE, i % PAGE, got[i], model[i]);
		die("the content differs");
	}
}

/* A range: near an edge more often than not. */
static void
draw_range(uint32_t limit, uint32_t *from, uint32_t *to)
{
	uint32_t len = 1 + draw(draw(3) == 0 ? 64 : LEN_MAX);

	*from = draw(limit);
	switch (draw(6)) {
	case 0:
		*from &= ~(PAGE - 1);
		break;
	case 1:
		*from |= PAGE - 1;
		break;
	case 2:
		*from &= ~1023u;
		len = (len + 1023) & ~1023u;
		break;
	case 3:
		*from &= ~(PAGE - 1);
		len = (len + PAGE - 1) & ~(PAGE - 1);
		break;
	}
	if (*from >= limit)
		*from = limit - 1;
	*to = len > limit - *from ? limit : *from + len;
}

static void
fill_model(uint32_t from, uint32_t to)
{
	unsigned char seed = (unsigned char)(1 + draw(250));

	if (from > size)
		memset(model + size, 0, from - size);
	for (uint32_t i = from; i < to; i++)
		model[i] = (unsigned char)(seed + i * 7 + i / PAGE);
	if (to > size)
		size = to;
}

static void
do_write(uint32_t from, uint32_t to)
{
	struct iovec v[2];
	uint32_t cut = draw(to - from + 1);

	fill_model(from, to);
	v[0] = (struct iovec){ model + from, cut };
	v[1] = (struct iovec){ model + from + cut, to - from - cut };
	errno = 0;
	if (draw(4) == 0 ? pwritev(fd, v, 2, from) != (ssize_t)(to - from) :
	    pwrite(fd, model + from, to - from, from) != (ssize_t)(to - from))
		die("a write is short");
}

static void
do_read(uint32_t from, uint32_t to)
{
	ssize_t want = from >= size ? 0 : to > size ? size - from : to - from;

	memset(got + from, 0xee, to - from);
	errno = 0;
	if (pread(fd, got + from, to - from, from) != want)
		die("a read has another length");
	compare(from, from + (uint32_t)want);
}

static void
do_mapped(uint32_t from, uint32_t to, bool write)
{
	uint32_t start = from & ~(PAGE - 1), end;
	unsigned char *map;

	if (from >= size)
		return;
	if (to > size)
		to = size;
	end = (to + PAGE - 1) & ~(PAGE - 1);
	map = mmap(NULL, end - start, PROT_READ | (write ? PROT_WRITE : 0),
	    draw(4) != 0 || write ? MAP_SHARED : MAP_PRIVATE, fd, start);
	if (map == MAP_FAILED)
		die("mmap");
	if (write) {
		fill_model(from, to);
		memcpy(map + (from - start), model + from, to - from);
		if (draw(4) == 0 && msync(map, end - start, MS_SYNC) != 0)
			die("msync");
	} else {
		memcpy(got + from, map + (from - start), to - from);
		compare(from, to);
		/* Behind the end of the file a page reads as zeros. */
		for (uint32_t i = size; to == size && i < end; i++)
			if (map[i - start] != 0)
				die("bytes behind the end are not zero");
	}
	if (munmap(map, end - start) != 0)
		die("munmap");
}

static void
do_map_read(uint32_t from, uint32_t to)
{
	do_mapped(from, to, false);
}

static void
do_map_write(uint32_t from, uint32_t to)
{
	do_mapped(from, to, true);
}

static void
do_truncate(uint32_t from, uint32_t to)
{
	(void)to;
	if (ftruncate(fd, from) != 0)
		die("ftruncate");
	if (from > size)
		memset(model + size, 0, from - size);
	size = from;
}

static void
set_zero(uint32_t from, uint32_t to, bool grows)
{
	if (grows && to > size) {
		memset(model + size, 0, to - size);
		size = to;
	}
	if (to > size)
		to = size;
	if (from < to)
		memset(model + from, 0, to - from);
}

/* False: the file system has no such thing. */
static bool
allocate(int mode, uint32_t from, uint32_t to)
{
	if (fallocate(fd, mode, from, to - from) == 0)
		return true;
	if (errno != EOPNOTSUPP)
		die("fallocate");
	return false;
}

static void
do_punch(uint32_t from, uint32_t to)
{
	if (allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to))
		set_zero(from, to, false);
}

static void
do_zero(uint32_t from, uint32_t to)
{
	bool keep = draw(2);

	if (allocate(FALLOC_FL_ZERO_RANGE | (keep ? FALLOC_FL_KEEP_SIZE : 0),
	    from, to))
		set_zero(from, to, !keep);
}

static void
do_allocate(uint32_t from, uint32_t to)
{
	bool keep = draw(2);

	if (!allocate(keep ? FALLOC_FL_KEEP_SIZE : 0, from, to))
		return;
	if (!keep && to > size) {
		memset(model + size, 0, to - size);
		size = to;
	}
}

static void
do_sync(uint32_t from, uint32_t to)
{
	if (draw(2) ? fsync(fd) : fdatasync(fd))
		die("fsync");
	(void)from;
	(void)to;
}

/* Pages that are not in memory any more are read again. */
static void
do_forget(uint32_t from, uint32_t to)
{
	int drop;

	(void)posix_fadvise(fd, from, to - from, POSIX_FADV_DONTNEED);
	if (!drops)
		return;
	drop = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	if (drop < 0 || write(drop, "1\n", 2) != 2 || close(drop) != 0)
		die("drop_caches");
}

static void
do_reopen(uint32_t from, uint32_t to)
{
	struct stat st;

	(void)from;
	(void)to;
	if (fd >= 0 && close(fd) != 0)
		die("close");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || fstat(fd, &st) != 0)
		die("open");
	if (st.st_size != size)
		die("the size differs");
}

static const struct {
	const char	*name;
	void		(*run)(uint32_t from, uint32_t to);
	uint32_t	weight;
} operations[] = {
	{ "write", do_write, 30 },	{ "read", do_read, 30 },
	{ "mapread", do_map_read, 12 },	{ "mapwrite", do_map_write, 12 },
	{ "truncate", do_truncate, 6 },	{ "punch", do_punch, 5 },
	{ "zero", do_zero, 4 },		{ "allocate", do_allocate, 4 },
	{ "forget", do_forget, 2 },	{ "sync", do_sync, 1 },
	{ "reopen", do_reopen, 1 },
};
#define NOPERATIONS	(sizeof(operations) / sizeof(operations[0]))

static void
turn(void)
{
	uint32_t all = 0, pick, from, to, i;

	for (i = 0; i < NOPERATIONS; i++)
		all += operations[i].weight;
	pick = draw(all);
	for (i = 0; pick >= operations[i].weight; i++)
		pick -= operations[i].weight;
	draw_range(SIZE_MAX_BYTES, &from, &to);
	history[done % HISTORY].what = operations[i].name;
	history[done % HISTORY].n = done;
	history[done % HISTORY].from = from;
	history[done % HISTORY].to = to;
	history[done % HISTORY].size = size;
	errno = 0;
	operations[i].run(from, to);
}

int
main(int argc, char **argv)
{
	uint64_t count, seed;

	if (argc < 3) {
		fprintf(stderr, "usage: fsx FILE OPERATIONS [SEED [drop]]\n");
		return 2;
	}
	path = argv[1];
	count = strtoull(argv[2], NULL, 0);
	seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
	drops = argc > 4 && strcmp(argv[4], "drop") == 0;
	state = seed * 0x9e3779b97f4a7c15ull + 1;
	(void)unlink(path);
	do_reopen(0, 0);
	for (done = 0; done < count; done++) {
		turn();
		if (done % WHOLE_EVERY == WHOLE_EVERY - 1 && size > 0)
			do_read(0, size);
	}
	do_reopen(0, 0);
	if (size > 0)
		do_read(0, size);
	close(fd);
	unlink(path);
	printf("ok %s: %llu operations of seed %llu\n", path,
	    (unsigned long long)count, (unsigned long long)seed);
	return 0;
}
