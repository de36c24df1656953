/*
 * The frame of the system call tests.
 *
 * A test program includes this file alone and consists of TEST()s, which run in
 * the order they stand in, in an empty folder of their own. Each prints
 * "ok NAME", "FAIL NAME: FILE:LINE: why" or "skip NAME: why"; the program exits
 * with 0, 1, or 77 if all was skipped. The same binary runs on Linux and on
 * Hardtack: what it expects is what the manual pages promise, and where they
 * say nothing, what Linux does.
 *
 * A failed CHECK leaves its test at once; in a forked child it exits with 99.
 */
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096UL
#define BAD_ADDRESS	((void *)8)	/* nothing is mapped there */
#define MS		1000000LL	/* in ns */
#define CHILD_FAILED	99
#define SKIPPED		77

struct abi_test {
	const char	*name;
	void		(*run)(void);
};

static struct abi_test abi_tests[128];
static int abi_ntests;
static int abi_current;
static pid_t abi_pid;		/* the test program's own process */
static jmp_buf abi_leave;

/* Called instead of the tests if the first argument is "--": see execve.c. */
static void (*abi_second_life)(int argc, char **argv, char **envp);

#define TEST(name)							\
static void name(void);							\
__attribute__((constructor))						\
static void								\
name##_register(void)							\
{									\
	abi_tests[abi_ntests++] = (struct abi_test){ #name, name };	\
}									\
static void								\
name(void)

__attribute__((noreturn, format(printf, 3, 4)))
static void
abi_fail(const char *file, int line, const char *format, ...)
{
	char text[400];
	va_list ap;
	int n;

	n = snprintf(text, 300, "FAIL %s: %s:%d: ", abi_tests[abi_current].name,
	    file, line);
	va_start(ap, format);
	n += vsnprintf(text + n, sizeof(text) - n - 1, format, ap);
	va_end(ap);
	if (n > (int)sizeof(text) - 2)
		n = sizeof(text) - 2;
	text[n++] = '\n';
	(void)!write(1, text, n);
	if (getpid() != abi_pid)
		_exit(CHILD_FAILED);
	longjmp(abi_leave, 1);
}

/* Leave the test: this machine cannot run it. */
#define SKIP(why) do {							\
	printf("skip %s: %s\n", abi_tests[abi_current].name, why);	\
	fflush(stdout);							\
	longjmp(abi_leave, 2);						\
} while (0)

#define CHECK(cond) do {						\
	errno = 0;							\
	if (!(cond))							\
		abi_fail(__FILE__, __LINE__, "%s (errno: %s)", #cond,	\
		    strerror(errno));					\
} while (0)

/* Both are integers; both are shown. */
#define CHECK_EQ(got, want) do {					\
	errno = 0;							\
	long long got_ = (long long)(got);				\
	long long want_ = (long long)(want);				\
	if (got_ != want_)						\
		abi_fail(__FILE__, __LINE__,				\
		    "%s is %lld, not %s = %lld (errno: %s)", #got,	\
		    got_, #want, want_, strerror(errno));		\
} while (0)

/* A call that works; its result is >= 0 and is the value of the expression. */
#define OK(call) ({							\
	errno = 0;							\
	long long ok_ = (long long)(call);				\
	if (ok_ < 0)							\
		abi_fail(__FILE__, __LINE__, "%s: %s", #call,		\
		    strerror(errno));					\
	ok_;								\
})

/* A call that fails with -1 and this error. */
#define CHECK_ERR(call, error) do {					\
	errno = 0;							\
	long long err_ = (long long)(call);				\
	if (err_ != -1)							\
		abi_fail(__FILE__, __LINE__, "%s gives %lld, not " #error, \
		    #call, err_);					\
	if (errno != (error))						\
		abi_fail(__FILE__, __LINE__, "%s: %s, not " #error, #call, \
		    strerror(errno));					\
} while (0)

static inline long long
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static inline void
sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) != 0 && errno == EINTR)
		continue;
}

/* Wait for pid: the status as waitpid() gives it. */
#define wait_status(pid) ({						\
	int st_ = -1;							\
	CHECK_EQ(waitpid((pid), &st_, 0), (pid));			\
	st_;								\
})

/* Wait for pid, which must exit by itself, with this status. */
#define CHECK_EXITS(pid, status) do {					\
	int ws_ = wait_status(pid);					\
	if (!WIFEXITED(ws_) || WEXITSTATUS(ws_) != (status))		\
		abi_fail(__FILE__, __LINE__,				\
		    "the child's status is %#x, not exit(%d)", ws_,	\
		    (int)(status));					\
} while (0)

/* Wait for pid, which must die of this signal. */
#define CHECK_KILLED(pid, sig) do {					\
	int ws_ = wait_status(pid);					\
	if (!WIFSIGNALED(ws_) || WTERMSIG(ws_) != (sig))		\
		abi_fail(__FILE__, __LINE__,				\
		    "the child's status is %#x, not killed by " #sig,	\
		    ws_);						\
} while (0)

/* Run the statement in a child, which must then end with exit(0). */
#define IN_CHILD(...) do {						\
	pid_t in_ = OK(fork());						\
	if (in_ == 0) {							\
		__VA_ARGS__;						\
		_exit(0);						\
	}								\
	CHECK_EXITS(in_, 0);						\
} while (0)

static inline int
is_root(void)
{
	return geteuid() == 0;
}

/* A new file with these contents, opened for reading and writing. */
static inline int
make_file(const char *name, const char *contents)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	size_t len = strlen(contents);

	if (fd < 0 || write(fd, contents, len) != (ssize_t)len ||
	    lseek(fd, 0, SEEK_SET) != 0)
		abi_fail(__FILE__, __LINE__, "cannot make %s: %s", name,
		    strerror(errno));
	return fd;
}

static inline void
sleep_until_stopped(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		abi_fail(__FILE__, __LINE__, "%d does not stop", (int)pid);
}

int
main(int argc, char **argv, char **envp)
{
	volatile int failed = 0, skipped = 0;

	if (abi_second_life != NULL && argc > 2 && strcmp(argv[1], "--") == 0)
		abi_second_life(argc, argv, envp);
	abi_pid = getpid();
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (abi_current = 0; abi_current < abi_ntests; abi_current++) {
		switch (setjmp(abi_leave)) {
		case 0:
			abi_tests[abi_current].run();
			printf("ok %s\n", abi_tests[abi_current].name);
			break;
		case 1:
			failed++;
			break;
		default:
			skipped++;
		}
	}
	if (failed)
		return 1;
	return skipped == abi_ntests ? SKIPPED : 0;
}
