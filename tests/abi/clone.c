/*
 * clone(2), threads as musl makes them, set_tid_address(2), gettid(2)
 */
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include "tests/abi/abi.h"

static void *
return_tid(void *arg)
{
	(void)arg;
	CHECK_EQ(getpid(), abi_pid);
	return (void *)syscall(SYS_gettid);
}

TEST(threads_share_the_process)
{
	pthread_t t[20];
	void *tid[20];

	for (int i = 0; i < 20; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, return_tid, NULL), 0);
	for (int i = 0; i < 20; i++) {
		CHECK_EQ(pthread_join(t[i], &tid[i]), 0);
		CHECK((long)tid[i] > 0 && (long)tid[i] != abi_pid);
		for (int j = 0; j < i; j++)
			CHECK(tid[i] != tid[j] || i - j > 1);
	}
	CHECK_EQ(syscall(SYS_gettid), getpid());
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long counter;

static void *
count(void *arg)
{
	for (int i = 0; i < 20000; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	return arg;
}

TEST(mutex_holds)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, count, NULL), 0);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	CHECK_EQ(counter, 80000);
}

static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int turn;

static void *
ping(void *arg)
{
	long me = (long)arg;

	for (int i = 0; i < 500; i++) {
		pthread_mutex_lock(&mutex);
		while (turn != me)
			pthread_cond_wait(&cond, &mutex);
		turn = !me;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

TEST(condition_variables)
{
	pthread_t t[2];

	for (long i = 0; i < 2; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, ping, (void *)i), 0);
	for (int i = 0; i < 2; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
}

static __thread int local = 5;

static void *
change_local(void *arg)
{
	CHECK_EQ(local, 5);
	local = (int)(long)arg;
	sched_yield();
	CHECK_EQ(local, (int)(long)arg);
	return NULL;
}

TEST(thread_local_storage)
{
	pthread_t t[4];

	for (long i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, change_local,
		    (void *)(i + 10)), 0);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	CHECK_EQ(local, 5);
}

static void *
open_a_file(void *arg)
{
	(void)arg;
	return (void *)(long)open("/dev/null", O_RDONLY);
}

TEST(threads_share_descriptors)
{
	pthread_t t;
	void *fd;
	char c;

	CHECK_EQ(pthread_create(&t, NULL, open_a_file, NULL), 0);
	CHECK_EQ(pthread_join(t, &fd), 0);
	CHECK_EQ(read((long)fd, &c, 1), 0);
	close((long)fd);
}

static void *
sleep_long(void *arg)
{
	sleep(100);
	return arg;
}

TEST(exit_group_ends_all_threads)
{
	pid_t pid = OK(fork());

	if (pid == 0) {
		pthread_t t;

		for (int i = 0; i < 5; i++)
			pthread_create(&t, NULL, sleep_long, NULL);
		_exit(3);
	}
	CHECK_EXITS(pid, 3);
}

static void *
exit_all(void *arg)
{
	sleep_ms(20);
	_exit((int)(long)arg);
}

TEST(exit_group_from_another_thread)
{
	pid_t pid = OK(fork());

	if (pid == 0) {
		pthread_t t;

		pthread_create(&t, NULL, exit_all, (void *)9L);
		sleep(100);
	}
	CHECK_EXITS(pid, 9);
}

static void *
outlive(void *arg)
{
	sleep_ms(50);
	syscall(SYS_exit, 6);
	return arg;
}

TEST(the_first_thread_may_leave_first)
{
	long long start = now_ns();
	pid_t pid = OK(fork());

	if (pid == 0) {
		pthread_t t;

		pthread_create(&t, NULL, outlive, NULL);
		syscall(SYS_exit, 4);
	}
	/*
	 * The process ends with its last thread. Its status is the leader's in
	 * older Linux, the last thread's in newer.
	 */
	int status = wait_status(pid);
	CHECK(WIFEXITED(status));
	CHECK(WEXITSTATUS(status) == 4 || WEXITSTATUS(status) == 6);
	CHECK(now_ns() - start >= 50 * MS);
}

TEST(a_fault_in_one_kills_all)
{
	pid_t pid = OK(fork());

	if (pid == 0) {
		pthread_t t;

		pthread_create(&t, NULL, sleep_long, NULL);
		*(volatile int *)BAD_ADDRESS = 1;
	}
	CHECK_KILLED(pid, SIGSEGV);
}

TEST(kill_reaches_a_thread)
{
	pid_t pid = OK(fork());

	if (pid == 0) {
		pthread_t t;

		pthread_create(&t, NULL, sleep_long, NULL);
		sleep(100);
	}
	sleep_ms(20);
	OK(kill(pid, SIGTERM));
	CHECK_KILLED(pid, SIGTERM);
}

static char stack[65536] __attribute__((aligned(16)));
static volatile int tid_word;

static int
child(void *arg)
{
	return *(int *)arg;
}

TEST(clone_with_a_stack)
{
	int seven = 7;
	pid_t pid = OK(clone(child, stack + sizeof(stack), SIGCHLD, &seven));

	CHECK_EXITS(pid, 7);
}

TEST(clone_sets_the_words)
{
	int one = 0, ptid = 0;
	pid_t pid = OK(clone(child, stack + sizeof(stack), SIGCHLD |
	    CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID |
	    CLONE_VM, &one, &ptid, NULL, &tid_word));

	CHECK_EQ(ptid, pid);
	CHECK_EXITS(pid, 0);
	CHECK_EQ(tid_word, 0);
}

TEST(errors)
{
	CHECK_ERR(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0), EINVAL);
	CHECK_ERR(syscall(SYS_clone, CLONE_THREAD | CLONE_SIGHAND, 0, 0, 0, 0),
	    EINVAL);
	CHECK_ERR(syscall(SYS_clone, CLONE_FS | CLONE_NEWNS, 0, 0, 0, 0),
	    EINVAL);
}

TEST(set_tid_address_returns_the_tid)
{
	IN_CHILD(CHECK_EQ(syscall(SYS_set_tid_address, &tid_word),
	    syscall(SYS_gettid)));
}

TEST(other_exit_signal)
{
	int zero = 0, status;
	pid_t pid = OK(clone(child, stack + sizeof(stack), 0, &zero));

	/* No exit signal: only __WALL or __WCLONE finds it. */
	CHECK_ERR(waitpid(pid, &status, 0), ECHILD);
	CHECK_EQ(waitpid(pid, &status, __WALL), pid);
}
