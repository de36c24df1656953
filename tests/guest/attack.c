/*
 * attack HOW: use up one thing without end, as a careless or an evil program
 * would. It ends by being killed, or says "limit" and stays when a policy
 * stopped it, so that what it holds is held.
 *
 * `survive` runs it as an unprivileged user, and looks whether the machine is
 * as it was afterwards; exhaustion.sh has the list of runs. There is an attack
 * for each way to make the kernel take memory:
 *
 *	the user's own		memory, heap; shared: outlives its maker
 *	many processes		fork; forkhog, exec: each takes memory, too
 *	the kernel's		threads, maps, split, fds, events, pipes,
 *				signals: small objects, up to each limit of
 *				a process and then in the next one
 *	the kernel's, by one	onesplit, onepipes: the death of that one
 *				process must bring back as much as it took
 *	files in memory		inodes, dirs, file: no death brings it back
 *
 * Those of the user's own memory do not end at a limit: they take what the
 * death of a victim has freed, too. `wait` only waits: exec's children run it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHUNK		(256u << 10)
#define CHILDREN	200
#define DIR_NAME	"/tmp/attack"

static void
nap(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

static void
stay(void)
{
	static const char word[] = "limit\n";

	(void)!write(1, word, sizeof(word) - 1);
	for (;;)
		pause();
}

/* Take and touch memory; at the limit keep trying. */
static void
hog(size_t chunk)
{
	for (;;) {
		char *p = mmap(NULL, chunk, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED) {
			nap(10);
			continue;
		}
		memset(p, 0x5a, chunk);
	}
}

static void
attack_memory(void)
{
	hog(CHUNK);
}

/* The same through brk(2). */
static void
attack_heap(void)
{
	char *end = (char *)syscall(SYS_brk, 0);

	for (;;) {
		char *more = end + CHUNK;

		if ((char *)syscall(SYS_brk, more) != more) {
			nap(10);
			continue;
		}
		memset(end, 1, CHUNK);
		end = more;
	}
}

static void
attack_fork(void)
{
	for (;;)
		if (fork() < 0)
			nap(5);
}

/* Every child takes memory too. */
static void
attack_forkhog(void)
{
	for (;;) {
		pid_t pid = fork();

		if (pid < 0) {
			nap(5);
		} else if (pid == 0) {
			char *p = malloc(CHUNK);

			if (p != NULL)
				memset(p, 1, CHUNK);
		}
	}
}

static void
attack_threads_wait(void)
{
	for (;;)
		pause();
}

static void *
thread_main(void *arg)
{
	attack_threads_wait();
	return arg;
}

static void
attack_threads(void)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	for (int failures = 0; failures < 100;) {
		if (pthread_create(&t, &attr, thread_main, NULL) != 0) {
			failures++;
			nap(10);
		}
	}
	stay();
}

/* Mappings of one page each that do not merge, until there is no more of
 * something; then forks, whose children must copy them. */
static void
attack_maps(void)
{
	for (int i = 0;; i++) {
		char *p = mmap(NULL, 4096, i & 1 ? PROT_READ :
		    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);

		if (p == MAP_FAILED)
			break;
		if (!(i & 1))
			*p = 1;
	}
	attack_fork();
}

/* One large mapping cut into single pages. */
static void
attack_split(void)
{
	char *p = mmap(NULL, 1ul << 30, PROT_NONE, MAP_PRIVATE |
	    MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		stay();
	for (size_t at = 0; at < 1ul << 30; at += 8192)
		if (mprotect(p + at, 4096, PROT_READ) != 0)
			break;
	for (int i = 0; i < CHILDREN; i++)
		if (fork() == 0)
			attack_threads_wait();
	stay();
}

/* The same memory in one process: its death must be worth as much. */
static void
attack_onesplit(void)
{
	for (;;) {
		char *p = mmap(NULL, 64 << 20, PROT_NONE, MAP_PRIVATE |
		    MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (p == MAP_FAILED)
			stay();
		for (size_t at = 0; at < 64 << 20; at += 8192)
			if (mprotect(p + at, 4096, PROT_READ) != 0)
				stay();
	}
}

/* Run take() in this process and many children, each until it is refused. */
static void
crowd(int (*take)(void))
{
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		if (pid > 0)
			continue;
		while (take() == 0)
			continue;
		if (pid == 0)
			attack_threads_wait();
	}
	stay();
}

static int
take_fd(void)
{
	return open("/dev/null", O_RDONLY) < 0;
}

static int
take_event(void)
{
	return eventfd(0, 0) < 0;
}

static int
take_pipe(void)
{
	static char page[4096];
	int fd[2];

	if (pipe2(fd, O_NONBLOCK) != 0)
		return 1;
	while (write(fd[1], page, sizeof(page)) > 0)
		continue;
	return 0;
}

static void attack_fds(void) { crowd(take_fd); }
static void attack_events(void) { crowd(take_event); }
static void attack_pipes(void) { crowd(take_pipe); }

static void
attack_onepipes(void)
{
	while (take_pipe() == 0)
		continue;
	stay();
}

static void
attack_inodes(void)
{
	char name[64];

	mkdir(DIR_NAME, 0755);
	for (int i = 0;; i++) {
		int fd;

		snprintf(name, sizeof(name), DIR_NAME "/a-file-of-%d", i);
		fd = open(name, O_CREAT | O_WRONLY, 0644);
		if (fd < 0)
			break;
		(void)!write(fd, name, sizeof(name));
		close(fd);
	}
	stay();
}

static void
attack_dirs(void)
{
	mkdir(DIR_NAME, 0755);
	if (chdir(DIR_NAME) != 0)
		stay();
	while (mkdir("d", 0755) == 0 && chdir("d") == 0)
		continue;
	stay();
}

static void
attack_file(void)
{
	static char block[65536];
	int fd;

	mkdir(DIR_NAME, 0755);
	fd = open(DIR_NAME "/big", O_CREAT | O_WRONLY, 0644);
	while (fd >= 0 && write(fd, block, sizeof(block)) > 0)
		continue;
	stay();
}

/* Memory that outlives its maker, if it were not limited. */
static void
attack_shared(void)
{
	for (int i = 0; i < CHILDREN; i++) {
		if (fork() != 0)
			continue;
		for (;;) {
			char *p = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

			if (p == MAP_FAILED)
				nap(10);
			else
				memset(p, 1, CHUNK);
		}
	}
	stay();
}

static void
attack_signals(void)
{
	union sigval v = { 0 };
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();

		if (pid > 0)
			continue;
		while (sigqueue(getpid(), SIGRTMIN + 3, v) == 0)
			continue;
		if (pid == 0)
			attack_threads_wait();
	}
	stay();
}

/* Programs with as large arguments as there may be. */
static void
attack_exec(void)
{
	static char text[100 << 10];
	char *argv[] = { "attack", "wait", text, text, text, text, NULL };

	memset(text, 'x', sizeof(text) - 1);
	for (;;) {
		pid_t pid = fork();

		if (pid < 0)
			nap(5);
		if (pid == 0) {
			execv("/tests/bin/attack", argv);
			_exit(1);
		}
	}
}

static const struct {
	const char *name;
	void (*run)(void);
} attacks[] = {
	{ "memory", attack_memory }, { "heap", attack_heap },
	{ "fork", attack_fork }, { "forkhog", attack_forkhog },
	{ "threads", attack_threads }, { "maps", attack_maps },
	{ "split", attack_split }, { "fds", attack_fds },
	{ "events", attack_events }, { "pipes", attack_pipes },
	{ "inodes", attack_inodes }, { "dirs", attack_dirs },
	{ "file", attack_file }, { "shared", attack_shared },
	{ "signals", attack_signals }, { "exec", attack_exec },
	{ "onesplit", attack_onesplit }, { "onepipes", attack_onepipes },
	{ "wait", attack_threads_wait },
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		if (argc > 1 && strcmp(argv[1], attacks[i].name) == 0)
			attacks[i].run();
	fprintf(stderr, "attack: what?\n");
	return 2;
}
