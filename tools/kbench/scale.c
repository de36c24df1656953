/*
 * Scaling: the same work in each of T threads or processes, each on a CPU of
 * its own. One operation is one iteration in every one of them, so perfect
 * scaling keeps ns/op constant up to the number of CPUs, and instructions
 * per operation are T times those of one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/kbench/kbench.h"

#define MAX_THREADS	64

static int nthreads;
static long each;			/* iterations in each thread */
static pthread_barrier_t gate;
static void (*body)(long n, int id);

static void
null_body(long n, int id)
{
	(void)id;
	while (n--)
		syscall(SYS_getppid);
}

static void
open_body(long n, int id)
{
	char name[320];
	int f;

	snprintf(name, sizeof name, "%s/s%d/file", bench_dir, id);
	while (n--) {
		NEED(f = open(name, O_RDONLY), name);
		close(f);
	}
}

static void
fault_body(long n, int id)
{
	(void)id;
	mmap_touch_munmap_64(n);
}

static void
null_setup(long n, int arg)
{
	(void)n;
	nthreads = arg;
	body = null_body;
}

static void
open_setup(long n, int arg)
{
	char name[310], file[320];
	int i, f;

	(void)n;
	nthreads = arg;
	body = open_body;
	for (i = 0; i < arg; i++) {
		snprintf(name, sizeof name, "%s/s%d", bench_dir, i);
		mkdir(name, 0755);
		snprintf(file, sizeof file, "%s/file", name);
		NEED(f = open(file, O_CREAT | O_WRONLY, 0644), file);
		close(f);
	}
}

static void
fault_setup(long n, int arg)
{
	(void)n;
	nthreads = arg;
	body = fault_body;
}

static void *
thread_main(void *x)
{
	int id = (int)(long)x;

	pin(id);
	pthread_barrier_wait(&gate);
	body(each, id);
	return NULL;
}

static void
threads_run(long n)
{
	pthread_t t[MAX_THREADS];
	long i;

	each = n;
	pthread_barrier_init(&gate, NULL, nthreads);
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
procs_run(long n)
{
	pid_t p[MAX_THREADS];
	int i;

	for (i = 0; i < nthreads; i++) {
		p[i] = fork();
		if (p[i] == 0) {
			pin(i);
			body(n, i);
			_exit(0);
		}
		NEED(p[i], "fork");
	}
	for (i = 0; i < nthreads; i++)
		waitpid(p[i], NULL, 0);
}

#define ROWS(NAME, N, SETUP, RUN)				\
	{ "scale_" NAME "1", N, SETUP, RUN, NULL, 1, 0 },	\
	{ "scale_" NAME "2", N, SETUP, RUN, NULL, 2, 0 },	\
	{ "scale_" NAME "4", N, SETUP, RUN, NULL, 4, 0 }

const struct test scale_tests[] = {
	ROWS("null_t", 100000, null_setup, threads_run),
	ROWS("open_t", 10000, open_setup, threads_run),
	ROWS("fault_threads_t", 16000, fault_setup, threads_run),
	ROWS("fault_procs_t", 16000, fault_setup, procs_run),
	{ NULL, 0, NULL, NULL, NULL, 0, 0 },
};
