/*
 * survive SECONDS KILLS ATTACK: let an unprivileged user run the attack for so
 * long, then end what is left of it, and look whether the machine is as it was:
 *
 *	- this program was never kept waiting for longer than MAX_WAIT_MS
 *	- at least KILLS decisions to kill were made; each victim's memory was
 *	  back within BACK_MS (what /proc/reserve says)
 *	- free memory is back to where it was, but TOLERANCE_KB
 *	- a shell and a pipeline run
 *
 * Prints "ok" or "not ok" for each.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOBODY		1000
#define BACK_MS		2000
#define MAX_WAIT_MS	8000
#define SETTLE_MS	5000
#define TOLERANCE_KB	1024
#define SHOWN_KILLS	8	/* /proc/reserve lists so many */

static int failed;
static const char *attack;

static void
check(int good, const char *format, long value)
{
	char text[128];

	snprintf(text, sizeof(text), format, value);
	printf("%s %s: %s\n", good ? "ok" : "not ok", attack, text);
	fflush(stdout);
	failed |= !good;
}

static long
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
nap(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) != 0)
		continue;
}

/* A file of /proc as text, in a buffer of ours. */
static const char *
slurp(const char *path)
{
	static char text[65536];
	int fd = open(path, O_RDONLY);
	ssize_t n, len = 0;

	while (fd >= 0 && len < (ssize_t)sizeof(text) - 1 &&
	    (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	if (fd >= 0)
		close(fd);
	text[len] = '\0';
	return text;
}

/* The number after word in a file. */
static long
number_in(const char *path, const char *word)
{
	const char *at = strstr(slurp(path), word);

	return at == NULL ? 0 : strtol(at + strlen(word), NULL, 10);
}

/* Free memory, and what caches would give back at once. */
static long
free_kb(void)
{
	return number_in("/proc/meminfo", "MemFree:") +
	    number_in("/proc/meminfo", "SReclaimable:");
}

static long
kills(void)
{
	return number_in("/proc/reserve", "\nkills");
}

/* The longest time in ms that one of the newest n victims took; -1: one of
 * them is not done yet. */
static long
slowest_victim(long n)
{
	const char *line = strstr(slurp("/proc/reserve"), "killed, newest");
	long slowest = 0;

	for (int skip = 0; line != NULL && skip < 2; skip++)
		line = strchr(line + 1, '\n');
	for (long i = 0; line != NULL && i < n && i < SHOWN_KILLS; i++) {
		char back[32] = "";

		if (sscanf(line, "%*d %*s %*d %*d %31s", back) != 1)
			break;
		if (strcmp(back, "-") == 0)
			return -1;
		if (atol(back) > slowest)
			slowest = atol(back);
		line = strchr(line + 1, '\n');
	}
	return slowest;
}

/* Unprivileged, but no limit on processes: memory has to be the limit. */
static pid_t
start_attack(const char *how)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	setpgid(0, 0);
	setrlimit(RLIMIT_NPROC, &none);
	if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
		_exit(3);
	execl("/tests/bin/attack", "attack", how, (char *)NULL);
	_exit(4);
}

/* Watch for so long; the longest that we ourselves were kept waiting. */
static long
watch(long until)
{
	long longest = 0;

	while (now_ms() < until) {
		long before = now_ms(), took;

		nap(50);
		(void)slurp("/proc/uptime");
		took = now_ms() - before - 50;
		if (took > longest)
			longest = took;
	}
	return longest;
}

/* Folders may be nested deeper than a path can say. */
static void
remove_files(void)
{
	long depth = 0;

	if (chdir("/tmp/attack") == 0) {
		while (chdir("d") == 0)
			depth++;
		while (depth-- > 0 && chdir("..") == 0)
			rmdir("d");
	}
	(void)!chdir("/");
	(void)!system("rm -rf /tmp/attack");
}

/* End the attackers: all that the user still has. */
static void
end_attack(pid_t leader)
{
	long deadline = now_ms() + SETTLE_MS * 2;

	for (;;) {
		kill(-leader, SIGKILL);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
		if (kill(-leader, 0) != 0 && errno == ESRCH)
			break;
		if (now_ms() > deadline) {
			check(0, "the attackers do not die", 0);
			break;
		}
		nap(20);
	}
	remove_files();
}

static void
check_shell(void)
{
	long before = now_ms();
	int status = system("test \"$(echo alive | tr a-z A-Z)\" = ALIVE");

	check(status == 0, "the shell answers after %ld ms", now_ms() - before);
}

static void
check_memory(long before)
{
	long deadline = now_ms() + SETTLE_MS, missing;

	do {
		missing = before - free_kb();
		if (missing <= TOLERANCE_KB)
			break;
		nap(50);
	} while (now_ms() < deadline);
	check(missing <= TOLERANCE_KB, "memory is back but for %ld kB",
	    missing < 0 ? 0 : missing);
}

int
main(int argc, char **argv)
{
	long seconds = argc > 3 ? atol(argv[1]) : 0;
	long wanted = argc > 3 ? atol(argv[2]) : 0;
	long free_before, kills_before, longest, n, slowest;
	pid_t leader;

	if (argc != 4)
		return 2;
	attack = argv[3];
	nap(300);
	free_before = free_kb();
	kills_before = kills();
	leader = start_attack(attack);
	longest = watch(now_ms() + seconds * 1000);
	end_attack(leader);
	nap(100);

	n = kills() - kills_before;
	check(n >= wanted, "%ld killed", n);
	check(longest <= MAX_WAIT_MS, "others waited %ld ms at most", longest);
	for (int i = 0; i < 20 && slowest_victim(n) < 0; i++)
		nap(100);
	slowest = slowest_victim(n);
	if (n > 0)
		check(slowest >= 0 && slowest <= BACK_MS,
		    "a victim's memory is back after %ld ms", slowest);
	check_memory(free_before);
	check_shell();
	return failed;
}
