/*
 * futex(2)
 */
#include <linux/futex.h>
#include "tests/abi/abi.h"

static int *word;

static long
futex(int *uaddr, int op, int val, const void *timeout, int *uaddr2, int val3)
{
	return syscall(SYS_futex, uaddr, op, val, timeout, uaddr2, val3);
}

static void
prepare(void)
{
	if (word == NULL)
		word = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(word != MAP_FAILED);
	memset(word, 0, PAGE);
}

TEST(does_not_wait_for_another_value)
{
	prepare();
	CHECK_ERR(futex(word, FUTEX_WAIT, 1, NULL, NULL, 0), EAGAIN);
	CHECK_EQ(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
}

TEST(wakes_between_processes)
{
	pid_t pid[3];
	int woken = 0;

	prepare();
	for (int i = 0; i < 3; i++) {
		pid[i] = OK(fork());
		if (pid[i] == 0) {
			OK(futex(word, FUTEX_WAIT, 0, NULL, NULL, 0));
			_exit(0);
		}
	}
	sleep_ms(100);
	*word = 1;
	woken = OK(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0));
	CHECK_EQ(woken, 1);
	while (woken < 3)
		woken += OK(futex(word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0));
	for (int i = 0; i < 3; i++)
		CHECK_EXITS(pid[i], 0);
	CHECK_EQ(woken, 3);
}

TEST(times_out)
{
	struct timespec ts = { 0, 30000000 };
	long long start = now_ns();

	prepare();
	CHECK_ERR(futex(word, FUTEX_WAIT, 0, &ts, NULL, 0), ETIMEDOUT);
	CHECK(now_ns() - start >= 30 * MS);
	CHECK_ERR(futex(word, FUTEX_WAIT_PRIVATE, 0, &ts, NULL, 0), ETIMEDOUT);
	/* With a bitset the timeout is a moment. */
	clock_gettime(CLOCK_MONOTONIC, &ts);
	CHECK_ERR(futex(word, FUTEX_WAIT_BITSET, 0, &ts, NULL, -1), ETIMEDOUT);
	clock_gettime(CLOCK_REALTIME, &ts);
	CHECK_ERR(futex(word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &ts,
	    NULL, -1), ETIMEDOUT);
}

static void
on_signal(int sig)
{
	(void)sig;
}

TEST(interrupted)
{
	struct itimerval it = { .it_value = { 0, 30000 } };
	struct sigaction sa = { .sa_handler = on_signal };
	struct timespec ts = { 5, 0 };

	prepare();
	OK(sigaction(SIGALRM, &sa, NULL));
	OK(setitimer(ITIMER_REAL, &it, NULL));
	CHECK_ERR(futex(word, FUTEX_WAIT, 0, &ts, NULL, 0), EINTR);
}

TEST(bitsets_choose)
{
	pid_t pid[2];

	prepare();
	for (int i = 0; i < 2; i++) {
		pid[i] = OK(fork());
		if (pid[i] == 0) {
			OK(futex(word, FUTEX_WAIT_BITSET, 0, NULL, NULL,
			    1 << i));
			_exit(0);
		}
	}
	sleep_ms(100);
	CHECK_EQ(futex(word, FUTEX_WAKE_BITSET, 10, NULL, NULL, 4), 0);
	CHECK_EQ(futex(word, FUTEX_WAKE_BITSET, 10, NULL, NULL, 2), 1);
	CHECK_EXITS(pid[1], 0);
	CHECK_EQ(futex(word, FUTEX_WAKE, 10, NULL, NULL, 0), 1);
	CHECK_EXITS(pid[0], 0);
}

TEST(requeues)
{
	pid_t pid[3];

	prepare();
	for (int i = 0; i < 3; i++) {
		pid[i] = OK(fork());
		if (pid[i] == 0) {
			OK(futex(word, FUTEX_WAIT, 0, NULL, NULL, 0));
			_exit(0);
		}
	}
	sleep_ms(100);
	CHECK_ERR(futex(word, FUTEX_CMP_REQUEUE, 1, (void *)10, word + 1, 7),
	    EAGAIN);
	/* One woken, two moved; Linux counts both. */
	CHECK_EQ(futex(word, FUTEX_CMP_REQUEUE, 1, (void *)10, word + 1, 0), 3);
	CHECK_EQ(futex(word, FUTEX_WAKE, 10, NULL, NULL, 0), 0);
	CHECK_EQ(futex(word + 1, FUTEX_WAKE, 10, NULL, NULL, 0), 2);
	for (int i = 0; i < 3; i++)
		CHECK_EXITS(pid[i], 0);
}

TEST(errors)
{
	struct timespec bad = { 0, 1000000000 };

	prepare();
	CHECK_ERR(futex((int *)((char *)word + 1), FUTEX_WAIT, 0, NULL, NULL,
	    0), EINVAL);
	CHECK_ERR(futex(BAD_ADDRESS, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
	CHECK_ERR(futex((int *)0xffff800000000000UL, FUTEX_WAIT, 0, NULL, NULL,
	    0), EFAULT);
	CHECK_ERR(futex(word, FUTEX_WAIT, 0, &bad, NULL, 0), EINVAL);
	CHECK_ERR(futex(word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0), EINVAL);
	CHECK_ERR(futex(word, 99, 0, NULL, NULL, 0), ENOSYS);
}

TEST(private_words_of_two_processes_differ)
{
	static int mine;
	struct timespec ts = { 0, 100000000 };
	pid_t pid = OK(fork());

	if (pid == 0) {
		CHECK_ERR(futex(&mine, FUTEX_WAIT_PRIVATE, 0, &ts, NULL, 0),
		    ETIMEDOUT);
		_exit(0);
	}
	sleep_ms(30);
	CHECK_EQ(futex(&mine, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 0);
	CHECK_EXITS(pid, 0);
}
