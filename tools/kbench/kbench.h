/*
 * What the files of kbench share: the description of a test, and the few
 * helpers that every group of tests uses.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define PAGE_BYTES	4096L

/*
 * The marks that bracket a measured run: a multi-byte no-op whose
 * displacement says "KB" and a tag. It means nothing to any kernel or CPU;
 * the counting plugin takes a snapshot when it executes.
 */
#define MARK_BEGIN()	\
	__asm__ volatile("nopl 0x4b420001(%%rax)" ::: "memory")
#define MARK_END()	\
	__asm__ volatile("nopl 0x4b420002(%%rax)" ::: "memory")
#define MARK_TEST()	\
	__asm__ volatile("nopl 0x4b420003(%%rax)" ::: "memory")

/* The set-up is sized for n and used up by the run: no warm-up before it. */
#define ONCE		1

struct test {
	const char	*name;		/* NULL ends a table */
	long		n;		/* iterations for `kbench -n 0` */
	void		(*setup)(long n, int arg);
	void		(*run)(long n);
	void		(*end)(void);
	int		arg;		/* a CPU or a number of threads */
	int		flags;
};

extern const struct test call_tests[], pingpong_tests[], thread_tests[];
extern const struct test process_tests[], memory_tests[], file_tests[];
extern const struct test wait_tests[], scale_tests[], disk_tests[];

extern const char	*bench_dir;	/* where files are made */
extern const char	*self_path;	/* this program, for exec */
extern char		path[300];	/* the file of the test at hand */
extern char		big[65536];

/* Say that the kernel lacks `what` (errno tells why) and end this test. */
_Noreturn void	skip(const char *what);
#define NEED(e, what)	do { if ((long)(e) < 0) skip(what); } while (0)

/* Run on this CPU from now on, if the kernel can do that. */
void	pin(int cpu);

/* Name a file in bench_dir; the answer is `path`. */
const char	*in_dir(const char *name);

/* Make sure that the file exists with that many bytes. Sets `path`. */
void	fill_file(const char *name, long bytes);

/* Fork; the child is killed and reaped when the test ends. */
pid_t	helper_fork(void);
void	helpers_kill(void);

/* Shared by the files that need a connected pair over the loopback. */
void	loopback_pair(int *client, int *server);

/* Shared by memory.c and scale.c: map, touch and unmap 64 pages at a time. */
void	mmap_touch_munmap_64(long n);

/* Give back what the last ONCE set-up mapped. */
void	memory_drop(void);
