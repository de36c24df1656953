/* A process's whole life: fork, exec, spawn, exit, wait. */
#define _GNU_SOURCE
#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/kbench/kbench.h"

extern char **environ;

static void
fork_run(long n)
{
	pid_t p;

	while (n--) {
		p = fork();
		if (p == 0)
			_exit(0);
		NEED(p, "fork");
		NEED(waitpid(p, NULL, 0), "waitpid");
	}
}

static void
exec_run(long n)
{
	char *argv[] = { (char *)self_path, "--exit", NULL };
	pid_t p;
	int status;

	while (n--) {
		p = fork();
		if (p == 0) {
			execve(self_path, argv, environ);
			_exit(127);
		}
		NEED(p, "fork");
		NEED(waitpid(p, &status, 0), "waitpid");
		if (status) {
			errno = ENOEXEC;
			skip(self_path);
		}
	}
}

static void
spawn_run(long n)
{
	char *argv[] = { (char *)self_path, "--exit", NULL };
	pid_t p;

	while (n--) {
		errno = posix_spawn(&p, self_path, NULL, NULL, argv, environ);
		if (errno)
			skip("posix_spawn");
		NEED(waitpid(p, NULL, 0), "waitpid");
	}
}

const struct test process_tests[] = {
	{ "fork_exit_wait", 1000, NULL, fork_run, NULL, 0, 0 },
	{ "fork_exec_exit_wait", 500, NULL, exec_run, NULL, 0, 0 },
	{ "spawn_exit_wait", 500, NULL, spawn_run, NULL, 0, 0 },
	{ NULL, 0, NULL, NULL, NULL, 0, 0 },
};
