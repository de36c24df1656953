/*
 * execve(2)
 *
 * This program executes itself: with "--" as its first argument it does what
 * the second one says.
 */
#include <pthread.h>
#include <sys/auxv.h>
#include "tests/abi/abi.h"

#define SELF	"/proc/self/exe"

static void
second_life(int argc, char **argv, char **envp)
{
	if (strcmp(argv[2], "count") == 0)
		_exit(argc);
	if (strcmp(argv[2], "env") == 0)
		_exit(envp[0] != NULL && strcmp(envp[0], "A=1") == 0 &&
		    envp[1] == NULL ? 0 : 1);
	if (strcmp(argv[2], "closed") == 0)
		_exit(fcntl(atoi(argv[3]), F_GETFD) == -1 && errno == EBADF &&
		    fcntl(atoi(argv[4]), F_GETFD) == 0 ? 0 : 1);
	if (strcmp(argv[2], "signals") == 0) {
		struct sigaction a, b;
		sigset_t set;

		sigaction(SIGUSR1, NULL, &a);
		sigaction(SIGUSR2, NULL, &b);
		sigprocmask(SIG_BLOCK, NULL, &set);
		_exit(a.sa_handler == SIG_DFL && b.sa_handler == SIG_IGN &&
		    sigismember(&set, SIGHUP) == 1 ? 0 : 1);
	}
	if (strcmp(argv[2], "pid") == 0)
		_exit(getpid() == atoi(argv[3]) &&
		    syscall(SYS_gettid) == getpid() ? 0 : 1);
	if (strcmp(argv[2], "sum") == 0) {
		unsigned long sum = 0;

		for (int i = 3; i < argc; i++)
			sum += strlen(argv[i]);
		_exit(sum == 100000 ? 0 : 1);
	}
	if (strcmp(argv[2], "auxv") == 0)
		_exit(getauxval(AT_PAGESZ) == PAGE &&
		    getauxval(AT_ENTRY) != 0 && getauxval(AT_PHDR) != 0 &&
		    getauxval(AT_RANDOM) != 0 && getauxval(AT_UID) == getuid()
		    ? 0 : 1);
	_exit(99);
}

__attribute__((constructor))
static void
register_second_life(void)
{
	abi_second_life = second_life;
}

/* Execute ourselves in a child; its status must be want. */
#define RUN_SELF(want, ...) do {					\
	pid_t pid_ = OK(fork());					\
	if (pid_ == 0) {						\
		execl(SELF, "self", "--", __VA_ARGS__, (char *)NULL);	\
		_exit(98);						\
	}								\
	CHECK_EXITS(pid_, want);					\
} while (0)

TEST(arguments)
{
	RUN_SELF(3, "count");
	RUN_SELF(6, "count", "", "x", "y");
}

TEST(environment)
{
	char *argv[] = { "self", "--", "env", NULL };
	char *envp[] = { "A=1", NULL };
	pid_t pid = OK(fork());

	if (pid == 0) {
		execve(SELF, argv, envp);
		_exit(98);
	}
	CHECK_EXITS(pid, 0);
}

TEST(auxiliary_vector)
{
	RUN_SELF(0, "auxv");
}

TEST(close_on_exec)
{
	char a[16], b[16];
	int keep = OK(open("/dev/null", O_RDONLY));
	int lose = OK(open("/dev/null", O_RDONLY | O_CLOEXEC));

	snprintf(a, sizeof(a), "%d", lose);
	snprintf(b, sizeof(b), "%d", keep);
	RUN_SELF(0, "closed", a, b);
	close(keep);
	close(lose);
}

static void
on_signal(int sig)
{
	(void)sig;
}

TEST(signals)
{
	sigset_t set, old;

	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	OK(sigprocmask(SIG_BLOCK, &set, &old));
	RUN_SELF(0, "signals");
	OK(sigprocmask(SIG_SETMASK, &old, NULL));
}

TEST(same_process)
{
	char pid_text[16];
	pid_t pid = OK(fork());

	if (pid == 0) {
		snprintf(pid_text, sizeof(pid_text), "%d", getpid());
		execl(SELF, "self", "--", "pid", pid_text, (char *)NULL);
		_exit(98);
	}
	CHECK_EXITS(pid, 0);
}

static void *
exec_in_thread(void *arg)
{
	execl(SELF, "self", "--", "pid", (char *)arg, (char *)NULL);
	_exit(98);
}

static void *
sleep_long(void *arg)
{
	sleep(100);
	return arg;
}

TEST(from_a_thread)
{
	pid_t pid = OK(fork());

	if (pid == 0) {
		pthread_t t;
		char text[16];

		/* The thread takes over the process's number; others end. */
		snprintf(text, sizeof(text), "%d", getpid());
		pthread_create(&t, NULL, sleep_long, NULL);
		pthread_create(&t, NULL, exec_in_thread, text);
		sleep(100);
	}
	CHECK_EXITS(pid, 0);
}

TEST(many_arguments)
{
	static char *argv[1003 + 1];
	static char hundred[101];
	pid_t pid;

	memset(hundred, 'x', 100);
	argv[0] = "self";
	argv[1] = "--";
	argv[2] = "sum";
	for (int i = 3; i < 1003; i++)
		argv[i] = hundred;
	pid = OK(fork());
	if (pid == 0) {
		execv(SELF, argv);
		_exit(98);
	}
	CHECK_EXITS(pid, 0);
}

TEST(too_big)
{
	static char *argv[] = { "x", NULL, NULL };

	/* One string of more than 128 KiB: see execve(2). */
	argv[1] = malloc(200000);
	memset(argv[1], 'x', 199999);
	argv[1][199999] = '\0';
	CHECK_ERR(execv(SELF, argv), E2BIG);
}

static void
make_program(const char *name, const void *data, size_t len)
{
	int fd = OK(open(name, O_WRONLY | O_CREAT | O_TRUNC, 0755));

	CHECK_EQ(write(fd, data, len), len);
	close(fd);
}

TEST(errors)
{
	char *argv[] = { "x", NULL };

	close(make_file("plain", "not a program"));
	CHECK_ERR(execv("plain", argv), EACCES);
	OK(chmod("plain", 0755));
	CHECK_ERR(execv("plain", argv), ENOEXEC);
	make_program("empty", "", 0);
	CHECK_ERR(execv("empty", argv), ENOEXEC);
	make_program("short", "\177ELF", 4);
	CHECK_ERR(execv("short", argv), ENOEXEC);
	CHECK_ERR(execv("none", argv), ENOENT);
	CHECK_ERR(execv(".", argv), EACCES);
	CHECK_ERR(execv("plain/x", argv), ENOTDIR);
	CHECK_ERR(execv(BAD_ADDRESS, argv), EFAULT);
	CHECK_ERR(execv(SELF, BAD_ADDRESS), EFAULT);
	argv[0] = BAD_ADDRESS;
	CHECK_ERR(execv(SELF, argv), EFAULT);
}

TEST(scripts)
{
	pid_t pid;
	const char *text = "#!/bin/sh\nexit $1\n";

	if (access("/bin/sh", X_OK) != 0)
		SKIP("no shell");
	make_program("script", text, strlen(text));
	pid = OK(fork());
	if (pid == 0) {
		execl("./script", "script", "42", (char *)NULL);
		_exit(98);
	}
	CHECK_EXITS(pid, 42);
	make_program("nointerp", "#!/none/such\n", 13);
	CHECK_ERR(execl("./nointerp", "x", (char *)NULL), ENOENT);
}

TEST(busy_while_written)
{
	int in = OK(open(SELF, O_RDONLY));
	int out = OK(open("copy", O_WRONLY | O_CREAT, 0755));
	char buf[65536];
	ssize_t n;
	pid_t pid;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		CHECK_EQ(write(out, buf, n), n);
	close(in);
	CHECK_ERR(execl("copy", "x", (char *)NULL), ETXTBSY);
	close(out);
	pid = OK(fork());
	if (pid == 0) {
		execl("./copy", "self", "--", "count", (char *)NULL);
		_exit(98);
	}
	CHECK_EXITS(pid, 3);
}

TEST(fd_paths)
{
	int fd = OK(open(SELF, O_RDONLY | O_CLOEXEC));
	char *argv[] = { "self", "--", "count", NULL };
	pid_t pid = OK(fork());

	if (pid == 0) {
		syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
		_exit(98);
	}
	CHECK_EXITS(pid, 3);
	close(fd);
}
