/*
 * Run test programs one after the other, each in an empty folder and a process
 * group of its own, and say how each ended:
 *
 *	abirun [-t SECONDS] PROGRAM...
 *
 *	== PROGRAM
 *	(what it prints)
 *	== PROGRAM exit STATUS MILLISECONDS	or: killed SIGNAL, or: timeout
 *
 * The same binary runs the same programs on Linux and in the guest. Exits with
 * 0 unless it could not do its work: the reader of the lines judges.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Wait for pid until the deadline; returns 0 if it is still running. */
static int
wait_until(pid_t pid, long long deadline_ms, int *status)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (;;) {
		long long left = deadline_ms - now_ms();
		struct timespec ts;

		if (waitpid(pid, status, WNOHANG) == pid)
			return 1;
		if (left <= 0)
			return 0;
		if (left > 200)
			left = 200;
		ts.tv_sec = 0;
		ts.tv_nsec = left * 1000000;
		sigtimedwait(&set, NULL, &ts);
	}
}

static void
exec_test(const char *program)
{
	sigset_t none;
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC);

	setpgid(0, 0);
	signal(SIGTTOU, SIG_IGN);
	tcsetpgrp(tty, getpid());	/* fails where there is no terminal */
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execl(program, program, (char *)NULL);
	printf("FAIL exec: %s: %s\n", program, strerror(errno));
	fflush(stdout);
	_exit(127);
}

static void
run_one(const char *program, int seconds)
{
	const char *name = strrchr(program, '/');
	char folder[] = "/tmp/abi.XXXXXX";
	long long start = now_ms();
	int status = 0, ended;
	pid_t pid;

	name = name != NULL ? name + 1 : program;
	printf("== %s\n", name);
	if (mkdtemp(folder) == NULL || chmod(folder, 0755) != 0 ||
	    chdir(folder) != 0) {
		printf("== %s error: %s: %s\n", name, folder, strerror(errno));
		exit(1);
	}
	pid = fork();
	if (pid == 0)
		exec_test(program);
	setpgid(pid, pid);
	ended = wait_until(pid, start + seconds * 1000LL, &status);
	kill(-pid, SIGKILL);
	if (!ended) {
		kill(pid, SIGKILL);
		ended = wait_until(pid, now_ms() + 2000, &status);
		printf("== %s timeout%s\n", name, ended ? "" : ", immortal");
	} else if (WIFSIGNALED(status)) {
		printf("== %s killed %d\n", name, WTERMSIG(status));
	} else {
		printf("== %s exit %d %lld\n", name, WEXITSTATUS(status),
		    now_ms() - start);
	}
	if (chdir("/") == 0)
		nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int
main(int argc, char **argv)
{
	sigset_t set;
	int seconds = 20;

	if (argc > 2 && strcmp(argv[1], "-t") == 0) {
		seconds = atoi(argv[2]);
		argc -= 2;
		argv += 2;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		/* The tests run in other folders. */
		char *program = realpath(argv[i], NULL);

		if (program != NULL)
			argv[i] = program;
	}
	for (int i = 1; i < argc; i++)
		run_one(argv[i], seconds);
	return 0;
}
