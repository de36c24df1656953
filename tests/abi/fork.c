/*
 * fork(2)
 */
#include <pthread.h>
#include "tests/abi/abi.h"

static int global = 1;

TEST(two_processes)
{
	pid_t me = getpid(), pid = OK(fork());

	if (pid == 0) {
		CHECK(getpid() != me);
		CHECK_EQ(getppid(), me);
		_exit(7);
	}
	CHECK(pid > 1 && pid != me);
	CHECK_EXITS(pid, 7);
}

TEST(memory_is_copied)
{
	char *big = malloc(1 << 20);
	volatile int local = 1;

	memset(big, 1, 1 << 20);
	IN_CHILD({
		global = 2;
		local = 2;
		memset(big, 2, 1 << 20);
	});
	CHECK_EQ(global, 1);
	CHECK_EQ(local, 1);
	for (int i = 0; i < 1 << 20; i += 4096)
		CHECK_EQ(big[i], 1);
	/* And the other way round. */
	int p[2];
	char c;
	OK(pipe(p));
	pid_t pid = OK(fork());
	if (pid == 0) {
		CHECK_EQ(read(p[0], &c, 1), 1);
		CHECK_EQ(big[5000], 1);
		_exit(0);
	}
	memset(big, 3, 1 << 20);
	CHECK_EQ(write(p[1], "x", 1), 1);
	CHECK_EXITS(pid, 0);
	free(big);
	close(p[0]);
	close(p[1]);
}

/*
 * Pages far apart, so that each needs page tables of its own, between holes
 * without access; and side by side with others of other protection.
 */
#define WIDE		60
#define WIDE_STEP	((1UL << 30) + (2UL << 20))

static char *
map_wide(void)
{
	char *p = mmap(NULL, WIDE * WIDE_STEP, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(p != MAP_FAILED);
	for (int i = 0; i < WIDE; i++) {
		char *at = p + i * WIDE_STEP;

		OK(mprotect(at, 3 * PAGE, PROT_READ | PROT_WRITE));
		at[0] = at[PAGE] = at[2 * PAGE] = i + 1;
		OK(mprotect(at + PAGE, PAGE, PROT_READ));
	}
	return p;
}

/* at is one of its places; the page in the middle may be in use. */
static int
is_wide(const char *at, int i)
{
	return at[0] == i + 1 && at[2 * PAGE] == i + 1;
}

TEST(memory_is_far_apart)
{
	char *p = map_wide();

	IN_CHILD({
		for (int i = 0; i < WIDE; i++) {
			char *at = p + i * WIDE_STEP;

			CHECK(is_wide(at, i));
			CHECK_EQ(at[PAGE], i + 1);
			at[0] = at[2 * PAGE] = 0;
		}
	});
	for (int i = 0; i < WIDE; i++)
		CHECK(is_wide(p + i * WIDE_STEP, i));
	OK(munmap(p, WIDE * WIDE_STEP));
}

TEST(memory_in_many_tables)
{
	size_t len = 400UL << 20, step = 2UL << 20;
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(p != MAP_FAILED);
	for (size_t i = 0; i < len; i += step)
		p[i] = 1 + i / step % 100;
	IN_CHILD({
		for (size_t i = 0; i < len; i += step) {
			CHECK_EQ(p[i], (char)(1 + i / step % 100));
			p[i] = 0;
			CHECK_EQ(p[i + PAGE], 0);
		}
	});
	for (size_t i = 0; i < len; i += step)
		CHECK_EQ(p[i], (char)(1 + i / step % 100));
	OK(munmap(p, len));
}

static volatile int wide_ends;

/* Map and unmap the pages in the middle, on and on. */
static void *
change_wide(void *arg)
{
	for (unsigned i = 0; !wide_ends; i++) {
		char *at = (char *)arg + i % WIDE * WIDE_STEP + PAGE;

		if (i % 3 == 0)
			munmap(at, PAGE);
		else
			mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			    MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	}
	return NULL;
}

TEST(memory_changes_meanwhile)
{
	char *p = map_wide();
	pthread_t t;

	wide_ends = 0;
	CHECK_EQ(pthread_create(&t, NULL, change_wide, p), 0);
	for (int n = 0; n < 20; n++)
		IN_CHILD({
			for (int i = 0; i < WIDE; i++)
				CHECK(is_wide(p + i * WIDE_STEP, i));
		});
	wide_ends = 1;
	CHECK_EQ(pthread_join(t, NULL), 0);
	OK(munmap(p, WIDE * WIDE_STEP));
}

TEST(descriptors_are_shared_files)
{
	int fd = make_file("f", "abcdef");
	char c;

	IN_CHILD({
		CHECK_EQ(read(fd, &c, 1), 1);
		close(fd);
	});
	CHECK_EQ(read(fd, &c, 1), 1);
	CHECK_EQ(c, 'b');
	close(fd);
}

static volatile int got;

static void
on_signal(int sig)
{
	got = sig;
}

TEST(signals)
{
	sigset_t set, pending;

	signal(SIGUSR1, on_signal);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	OK(sigprocmask(SIG_BLOCK, &set, NULL));
	OK(raise(SIGUSR1));
	IN_CHILD({
		/* The mask is inherited, what is pending not. */
		OK(sigpending(&pending));
		CHECK(!sigismember(&pending, SIGUSR1));
		OK(raise(SIGUSR1));
		CHECK_EQ(got, 0);
		OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
		CHECK_EQ(got, SIGUSR1);
	});
	CHECK_EQ(got, 0);
	OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
	CHECK_EQ(got, SIGUSR1);
}

TEST(timers_are_not_inherited)
{
	alarm(100);
	IN_CHILD(CHECK_EQ(alarm(0), 0));
	CHECK(alarm(0) > 90);
}

TEST(floating_point_goes_along)
{
	volatile double x = 1.5;
	pid_t pid;

	double y = x * 3;
	pid = OK(fork());
	if (pid == 0)
		_exit(y * 2 == 9.0 ? 0 : 1);
	CHECK_EXITS(pid, 0);
	CHECK(y * 2 == 9.0);
}

TEST(many_at_once)
{
	pid_t pid[50];

	for (int i = 0; i < 50; i++) {
		pid[i] = OK(fork());
		if (pid[i] == 0)
			_exit(i);
	}
	for (int i = 49; i >= 0; i--)
		CHECK_EXITS(pid[i], i);
}

TEST(chain)
{
	/* Each makes the next and waits for it. */
	pid_t pid = OK(fork());
	int depth = 0;

	while (pid == 0 && ++depth < 20)
		pid = OK(fork());
	if (depth < 20)
		CHECK_EXITS(pid, 0);
	if (getpid() != abi_pid)
		_exit(0);
}
