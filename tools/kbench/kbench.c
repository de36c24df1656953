/*
 * kbench: small kernel microbenchmarks in one static program.
 *
 *	kbench [-d DIR] [-t MS] [-n N] [-r REPS] [-l] [TEST...]
 *
 * prints one line for each measurement
 *
 *	NAME ITERATIONS NS_PER_OP
 *	NAME skip REASON		if the kernel lacks something
 *
 * With -n N a run has exactly N iterations (0: the test's own count) after a
 * short warm-up, and stands between two marks (kbench.h), so that the QEMU
 * plugin in tools/insncount can tell how many instructions it took. Without
 * -n the count grows until a run takes MS milliseconds.
 *
 * Every test runs in a child of its own: a missing system call or a crash
 * costs one line and not the suite. What a test prepares, warms up and
 * throws away lies outside of the marks.
 *
 * The program asks nothing of a kernel but the Linux ABI; the same file runs
 * on both kernels that `make bench` compares.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/kbench/kbench.h"

#define MAX_HELPERS	64

struct options {
	long	n;			/* -1: grow until `ms` are filled */
	long	ms;
	int	reps;
};

const char	*bench_dir = "/bench", *self_path;
char		path[300], big[65536];

static const char *current;		/* name of the running test */
static pid_t helpers[MAX_HELPERS];
static int nhelpers;

static const struct test *const groups[] = {
	call_tests, pingpong_tests, thread_tests, process_tests,
	memory_tests, file_tests, wait_tests, scale_tests, disk_tests,
};

_Noreturn void
skip(const char *what)
{
	printf("%s skip %s:%s\n", current, what, strerror(errno));
	fflush(stdout);
	helpers_kill();
	_exit(3);
}

void
pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof set, &set);
}

const char *
in_dir(const char *name)
{
	snprintf(path, sizeof path, "%s/%s", bench_dir, name);
	return path;
}

void
fill_file(const char *name, long bytes)
{
	struct stat st;
	long done, k;
	int fd;

	if (stat(in_dir(name), &st) == 0 && st.st_size == bytes)
		return;
	NEED(fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644), path);
	for (done = 0; done < bytes; done += k) {
		k = bytes - done;
		if (k > (long)sizeof big)
			k = sizeof big;
		NEED(k = write(fd, big, k), "write");
	}
	close(fd);
}

pid_t
helper_fork(void)
{
	pid_t p = fork();

	NEED(p, "fork");
	if (p == 0)
		nhelpers = 0;
	else
		helpers[nhelpers++] = p;
	return p;
}

void
helpers_kill(void)
{
	while (nhelpers > 0) {
		kill(helpers[--nhelpers], SIGKILL);
		waitpid(helpers[nhelpers], NULL, 0);
	}
}

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static uint64_t
timed_run(const struct test *t, long n)
{
	uint64_t start = now_ns();

	MARK_BEGIN();
	t->run(n);
	MARK_END();
	return now_ns() - start;
}

static void
test_end(const struct test *t)
{
	if (t->end)
		t->end();
	helpers_kill();
}

static void
test_begin(const struct test *t, long n)
{
	if (t->setup)
		t->setup(n, t->arg);
	if (!(t->flags & ONCE))
		t->run(n / 10 + 1);
}

/* Measure a test that uses its set-up again and again. */
static void
measure_steady(const struct test *t, const struct options *o)
{
	long n = o->n > 0 ? o->n : o->n == 0 ? t->n : t->n / 20 + 1;
	uint64_t ns;
	int r = 0;

	test_begin(t, n);
	while (r < o->reps) {
		ns = timed_run(t, n);
		if (o->n < 0 && r == 0 && (long)(ns / 1000000) < o->ms &&
		    n < 1L << 28) {
			test_end(t);
			n = ns < 1000000 ? n * 8 :
			    (long)(n * (o->ms * 1.2e6 / ns)) + 1;
			test_begin(t, n);
			continue;
		}
		printf("%s %ld %.1f\n", current, n, (double)ns / n);
		fflush(stdout);
		r++;
	}
	test_end(t);
}

/* Measure a test whose set-up serves one run only. */
static void
measure_once(const struct test *t, const struct options *o)
{
	long n = o->n > 0 ? o->n : t->n;
	uint64_t ns;
	int r;

	for (r = 0; r < o->reps; r++) {
		test_begin(t, n);
		ns = timed_run(t, n);
		printf("%s %ld %.1f\n", current, n, (double)ns / n);
		fflush(stdout);
		test_end(t);
		memory_drop();
	}
}

static int
run_test(const struct test *t, const struct options *o)
{
	pid_t p;
	int status;

	current = t->name;
	MARK_TEST();
	p = fork();
	if (p == 0) {
		if (t->flags & ONCE)
			measure_once(t, o);
		else
			measure_steady(t, o);
		_exit(0);
	}
	if (p < 0 || waitpid(p, &status, 0) < 0) {
		printf("%s skip fork:%s\n", current, strerror(errno));
		return 1;
	}
	if (WIFSIGNALED(status))
		printf("%s skip signal:%d\n", current, WTERMSIG(status));
	fflush(stdout);
	return 0;
}

static int
is_wanted(const char *name, int argc, char **argv)
{
	int i, wanted = argc == 0;

	for (i = 0; i < argc; i++)
		wanted |= strcmp(argv[i], name) == 0;
	return wanted;
}

static int
usage(void)
{
	fputs("usage: kbench [-d DIR] [-t MS] [-n N] [-r REPS] [-l] "
	    "[TEST...]\n", stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	struct options o = { .n = -1, .ms = 200, .reps = 1 };
	const struct test *t;
	unsigned g;
	int c, list = 0, rc = 0;

	if (argc > 1 && strcmp(argv[1], "--exit") == 0)
		return 0;		/* the program that the tests exec */
	self_path = argv[0][0] == '/' ? argv[0] : "/bin/kbench";
	while ((c = getopt(argc, argv, "d:t:n:r:l")) != -1) {
		switch (c) {
		case 'd': bench_dir = optarg; break;
		case 't': o.ms = atol(optarg); break;
		case 'n': o.n = atol(optarg); break;
		case 'r': o.reps = atoi(optarg); break;
		case 'l': list = 1; break;
		default: return usage();
		}
	}
	mkdir(bench_dir, 0755);
	memset(big, 'z', sizeof big);
	signal(SIGPIPE, SIG_IGN);
	for (g = 0; g < sizeof groups / sizeof *groups; g++) {
		for (t = groups[g]; t->name; t++) {
			if (list)
				puts(t->name);
			else if (is_wanted(t->name, argc - optind,
			    argv + optind))
				rc |= run_test(t, &o);
		}
	}
	return rc;
}
