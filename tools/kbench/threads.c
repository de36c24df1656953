/* Futex wake and wait between two threads; a thread's whole life. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/kbench/kbench.h"

/* musl has no <linux/futex.h>; the numbers are the ABI's, see futex(2). */
#define FUTEX_WAIT_PRIVATE	128
#define FUTEX_WAKE_PRIVATE	129

enum { MINE, THEIRS, STOP };

static volatile int turn;
static int peer_cpu;
static pthread_t peer;

static void
turn_wake(void)
{
	syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void
turn_wait(int while_it_is)
{
	syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, while_it_is, NULL,
	    NULL, 0);
}

static void *
peer_main(void *x)
{
	pin(peer_cpu);
	for (;;) {
		while (turn == MINE)
			turn_wait(MINE);
		if (turn == STOP)
			return x;
		turn = MINE;
		turn_wake();
	}
}

static void
futex_setup(long n, int cpu)
{
	(void)n;
	pin(0);
	turn = MINE;
	peer_cpu = cpu;
	if ((errno = pthread_create(&peer, NULL, peer_main, NULL)))
		skip("pthread_create");
}

static void
futex_run(long n)
{
	while (n--) {
		turn = THEIRS;
		turn_wake();
		while (turn == THEIRS)
			turn_wait(THEIRS);
	}
}

static void
futex_end(void)
{
	turn = STOP;
	turn_wake();
	pthread_join(peer, NULL);
}

static void *
nothing(void *x)
{
	return x;
}

static void
thread_run(long n)
{
	pthread_t t;

	while (n--) {
		if ((errno = pthread_create(&t, NULL, nothing, NULL)))
			skip("pthread_create");
		pthread_join(t, NULL);
	}
}

const struct test thread_tests[] = {
	{ "futex_pingpong_same_cpu", 10000, futex_setup, futex_run, futex_end,
	    0, 0 },
	{ "futex_pingpong_diff_cpu", 5000, futex_setup, futex_run, futex_end,
	    1, 0 },
	{ "pthread_create_join", 3000, NULL, thread_run, NULL, 0, 0 },
	{ NULL, 0, NULL, NULL, NULL, 0, 0 },
};
