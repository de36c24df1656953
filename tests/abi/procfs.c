/*
 * /proc: what ps, top, free, mount and dmesg read; see proc(5)
 */
#include <dirent.h>
#include "tests/abi/abi.h"

static char text[65536];

/* The whole file, as a string. */
static char *
contents(const char *path)
{
	int fd = OK(open(path, O_RDONLY));
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	CHECK(n == 0);
	text[len] = '\0';
	close(fd);
	return text;
}

/* The number behind name in the text, as in "MemFree:  123 kB". */
static long
number(const char *where, const char *name)
{
	char *p = strstr(where, name);

	CHECK(p != NULL);
	return atol(p + strlen(name));
}

TEST(self)
{
	char buf[64], want[32];
	int n = OK(readlink("/proc/self", buf, sizeof(buf) - 1));

	buf[n] = '\0';
	CHECK_EQ(atoi(buf), getpid());
	snprintf(want, sizeof(want), "/proc/%d/stat", getpid());
	CHECK_EQ(atoi(contents(want)), getpid());
	CHECK_ERR(open("/proc/99999999/stat", O_RDONLY), ENOENT);
}

TEST(stat_line)
{
	int pid, ppid, pgrp, session;
	char name[64], state;

	CHECK_EQ(sscanf(contents("/proc/self/stat"), "%d (%63[^)]) %c %d %d %d",
	    &pid, name, &state, &ppid, &pgrp, &session), 6);
	CHECK_EQ(pid, getpid());
	CHECK(strcmp(name, "procfs") == 0);
	CHECK_EQ(state, 'R');
	CHECK_EQ(ppid, getppid());
	CHECK_EQ(pgrp, getpgrp());
	CHECK_EQ(session, getsid(0));
	int fields = 1;
	for (char *p = text; *p != '\0'; p++)
		fields += *p == ' ';
	CHECK(fields >= 44);
}

TEST(status)
{
	contents("/proc/self/status");
	CHECK_EQ(number(text, "\nPid:"), getpid());
	CHECK_EQ(number(text, "\nPPid:"), getppid());
	CHECK_EQ(number(text, "\nUid:"), getuid());
	CHECK_EQ(number(text, "\nThreads:"), 1);
	CHECK(number(text, "\nVmRSS:") > 0);
	CHECK(number(text, "\nVmSize:") > 0);
	CHECK(strncmp(text, "Name:\tprocfs\n", 13) == 0);
}

TEST(cmdline_and_environ)
{
	int fd = OK(open("/proc/self/cmdline", O_RDONLY));
	ssize_t n = OK(read(fd, text, sizeof(text)));

	CHECK(n > 1 && text[n - 1] == '\0');
	CHECK(strstr(text, "procfs") != NULL);
	close(fd);
}

TEST(exe_and_cwd)
{
	char a[PATH_MAX], b[PATH_MAX];
	int n;

	n = OK(readlink("/proc/self/cwd", a, sizeof(a) - 1));
	a[n] = '\0';
	CHECK(getcwd(b, sizeof(b)) != NULL);
	CHECK(strcmp(a, b) == 0);
	n = OK(readlink("/proc/self/exe", a, sizeof(a) - 1));
	a[n] = '\0';
	CHECK(strstr(a, "/procfs") != NULL);
	OK(access("/proc/self/exe", X_OK));
}

TEST(descriptors)
{
	char path[64], buf[PATH_MAX];
	int fd = make_file("f", "abc"), n, copy;
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = OK(readlink(path, buf, sizeof(buf) - 1));
	buf[n] = '\0';
	CHECK(strcmp(strrchr(buf, '/'), "/f") == 0);
	copy = OK(open(path, O_RDONLY));
	CHECK_EQ(read(copy, buf, 8), 3);
	close(copy);
	d = opendir("/proc/self/fd");
	CHECK(d != NULL);
	n = 0;
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.' && atoi(e->d_name) == fd;
	CHECK_EQ(n, 1);
	closedir(d);
	close(fd);
}

TEST(maps)
{
	char line[64];
	char *p = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);

	CHECK(p != MAP_FAILED);
	/* A neighbour of another kind, so that the two stay apart. */
	OK(mprotect(p + PAGE, PAGE, PROT_NONE));
	snprintf(line, sizeof(line), "%lx-%lx ---p", (long)(p + PAGE),
	    (long)(p + 2 * PAGE));
	CHECK(strstr(contents("/proc/self/maps"), line) != NULL);
	CHECK(strstr(text, "[stack]") != NULL);
	CHECK(strstr(text, "procfs\n") != NULL);
	OK(munmap(p, 3 * PAGE));
}

TEST(memory)
{
	long total, free;

	contents("/proc/meminfo");
	total = number(text, "MemTotal:");
	free = number(text, "MemFree:");
	CHECK(total > 16384 && free > 0 && free < total);
	CHECK(number(text, "MemAvailable:") > 0);
	number(text, "Buffers:");
	number(text, "Cached:");
	number(text, "SwapTotal:");
}

TEST(machine)
{
	int cpus = 0;
	double a, b;

	contents("/proc/stat");
	CHECK(strncmp(text, "cpu ", 4) == 0);
	CHECK(strstr(text, "\ncpu0 ") != NULL);
	CHECK(number(text, "\nbtime ") > 1600000000);
	CHECK(number(text, "\nctxt ") > 0);
	CHECK(number(text, "\nprocesses ") > 0);
	CHECK_EQ(sscanf(contents("/proc/uptime"), "%lf %lf", &a, &b), 2);
	CHECK(a > 0);
	CHECK_EQ(sscanf(contents("/proc/loadavg"), "%lf %lf", &a, &b), 2);
	CHECK(strstr(text, "/") != NULL);
	contents("/proc/cpuinfo");
	for (char *p = text; (p = strstr(p, "processor")) != NULL; p++)
		cpus++;
	CHECK_EQ(cpus, sysconf(_SC_NPROCESSORS_ONLN));
	CHECK(contents("/proc/version")[0] != '\0');
	CHECK(contents("/proc/cmdline")[0] != '\0');
}

TEST(mounts)
{
	CHECK(strstr(contents("/proc/mounts"), " /proc proc ") != NULL);
	CHECK(strstr(text, " / ") != NULL);
	CHECK(strstr(contents("/proc/filesystems"), "tmpfs") != NULL);
}

TEST(lists_processes)
{
	pid_t pid = OK(fork());
	struct dirent *e;
	int found = 0, me = 0;
	DIR *d;

	if (pid == 0)
		for (;;)
			pause();
	d = opendir("/proc");
	CHECK(d != NULL);
	while ((e = readdir(d)) != NULL) {
		found += atoi(e->d_name) == pid;
		me += atoi(e->d_name) == getpid();
	}
	closedir(d);
	CHECK_EQ(found, 1);
	CHECK_EQ(me, 1);
	OK(kill(pid, SIGKILL));
	CHECK_KILLED(pid, SIGKILL);
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d", pid);
	CHECK_ERR(access(path, F_OK), ENOENT);
}

TEST(a_zombie)
{
	char path[32], state = 0;
	pid_t pid = OK(fork());

	if (pid == 0)
		_exit(0);
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (int i = 0; i < 100 && state != 'Z'; i++) {
		CHECK_EQ(sscanf(contents(path), "%*d (%*[^)]) %c", &state), 1);
		sleep_ms(10);
	}
	CHECK_EQ(state, 'Z');
	CHECK_EXITS(pid, 0);
}

TEST(threads)
{
	struct dirent *e;
	int n = 0;
	DIR *d = opendir("/proc/self/task");

	CHECK(d != NULL);
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	closedir(d);
	CHECK_EQ(n, 1);
}

TEST(of_other_users)
{
	pid_t me = getpid();
	char path[64];

	if (!is_root())
		SKIP("needs root");
	IN_CHILD({
		OK(setuid(1000));
		snprintf(path, sizeof(path), "/proc/%d/stat", me);
		close(OK(open(path, O_RDONLY)));
		snprintf(path, sizeof(path), "/proc/%d/fd", me);
		CHECK_ERR(open(path, O_RDONLY), EACCES);
		snprintf(path, sizeof(path), "/proc/%d/exe", me);
		char buf[64];
		CHECK_ERR(readlink(path, buf, 64), EACCES);
	});
}

TEST(read_only)
{
	CHECK_ERR(open("/proc/new", O_CREAT | O_WRONLY, 0600), ENOENT);
	CHECK(mkdir("/proc/new", 0700) == -1);
	CHECK(unlink("/proc/version") == -1);
}

/* A shell's "echo 1 > /proc/..." truncates: see open(2), O_TRUNC. */
TEST(truncation_at_open_means_nothing)
{
	int fd = OK(open("/proc/self/comm", O_WRONLY | O_CREAT | O_TRUNC,
	    0666));

	CHECK(write(fd, "another", 7) == 7);
	close(fd);
	CHECK(strcmp(contents("/proc/self/comm"), "another\n") == 0);
}
