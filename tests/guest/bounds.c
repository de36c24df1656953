/*
 * Ordinary calls with free memory at exactly their bounds, and one frame less.
 *
 * /proc/sys/vm/unpromised_frames (kernel/vm/hold.c) leaves N frames to who
 * comes. With N = the call's bound the call must be admitted at once; with one
 * frame less it must wait at its entry, and complete when reclaim has found the
 * hidden frames. It never fails. /proc/reserve says who has waited.
 *
 * All memory of this program is there before it begins (mlockall), so that a
 * call makes no faults beside its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
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

#define PAGE		4096ul
#define DIR		"/tmp/bounds"
#define LONG		"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" \
	"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn" \
	"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
#define NPOLL		300

static int knob, table, failed;
static char text[128 << 10];
static char data[16 * PAGE];
static struct pollfd pfds[NPOLL];
static int fd = -1, fds[2] = { -1, -1 };
static char *area;
static char **own_argv;

static void
stop(const char *what)
{
	printf("FAIL %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
hold(long n)
{
	char s[24];
	int len = sprintf(s, "%ld", n);

	if (pwrite(knob, s, len, 0) != len)
		stop("unpromised_frames");
}

static void
load_table(void)
{
	size_t n = 0;
	ssize_t got;

	while ((got = pread(table, text + n, sizeof(text) - 1 - n, n)) > 0)
		n += got;
	text[n] = '\0';
}

/* The row's bound and waits; in all_waits those of all rows but the knob's. */
static long all_waits;

static long
row(const char *name, long *waits)
{
	char *s, *next, got[64];
	long bound = -1, b, peak, w;

	load_table();
	all_waits = 0;
	s = strstr(text, "\ncall ");
	for (s = s != NULL ? strchr(s + 1, '\n') : NULL; s != NULL; s = next) {
		next = strchr(s + 1, '\n');
		if (sscanf(s + 1, "%63s %ld %ld %ld", got, &b, &peak, &w) != 4)
			continue;
		if (strncmp(got, "procfs.", 7) != 0)
			all_waits += w;
		if (strcmp(got, name) == 0) {
			bound = b;
			*waits = w;
		}
	}
	if (bound < 0)
		stop(name);
	return bound;
}

/* ---- the calls; each returns a negative number if it failed ---- */

#define CALL(name, expr) \
	static long call_##name(void) { return (expr); }

CALL(open, fd = syscall(SYS_open, DIR "/new", O_CREAT | O_RDWR, 0600))
CALL(openat, fd = syscall(SYS_openat, AT_FDCWD, DIR "/file", O_RDONLY))
CALL(mkdir, syscall(SYS_mkdir, DIR "/new", 0700))
CALL(symlink, syscall(SYS_symlink, LONG, DIR "/new"))
CALL(mknod, syscall(SYS_mknod, DIR "/new", S_IFIFO | 0600, 0))
CALL(link, syscall(SYS_link, DIR "/file", DIR "/" LONG))
CALL(rename, syscall(SYS_rename, DIR "/file", DIR "/sub/" LONG))
CALL(unlink, syscall(SYS_unlink, DIR "/file"))
CALL(rmdir, syscall(SYS_rmdir, DIR "/sub"))
CALL(chmod, syscall(SYS_chmod, DIR "/file", 0640))
CALL(chdir, syscall(SYS_chdir, DIR))
CALL(readlink, syscall(SYS_readlink, DIR "/link", data, 100))
CALL(getcwd, syscall(SYS_getcwd, data, 100))
CALL(access, syscall(SYS_access, DIR "/file", R_OK))
CALL(truncate, syscall(SYS_truncate, DIR "/file", 10000))
CALL(stat, stat(DIR "/" LONG "/../file", (struct stat *)data) == 0 ||
	    errno == ENOENT ? 0 : -1)
CALL(pipe, syscall(SYS_pipe2, fds, 0))
CALL(eventfd, fd = syscall(SYS_eventfd2, 0, 0))
CALL(dup, fd = syscall(SYS_dup, 0))
CALL(dupfd, fd = fcntl(0, F_DUPFD, 700))
CALL(flock, syscall(SYS_flock, fd, 2))
CALL(write, write(fd, data, 2 * PAGE) == (long)(2 * PAGE) ? 0 : -1)
CALL(pipe_byte, write(fds[1], data, 1))
CALL(pipe_full, write(fds[1], data, 16 * PAGE))
CALL(proc_read, pread(fd, data, 100, 0))
CALL(mmap, mmap(area + PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS |
	    MAP_FIXED, -1, 0) == MAP_FAILED ? -1 : 0)
CALL(munmap, munmap(area + PAGE, PAGE))
CALL(mprotect, mprotect(area + PAGE, PAGE, PROT_READ))
CALL(madvise, madvise(area + PAGE, PAGE, MADV_DONTFORK))
CALL(mremap, mremap(area, PAGE, 9 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED ?
	    -1 : 0)
CALL(brk, syscall(SYS_brk, syscall(SYS_brk, 0) + PAGE) > 0 ? 0 : -1)
CALL(touch, (area[PAGE] = 1) - 1)
CALL(signal, kill(getpid(), SIGRTMIN + 1))
CALL(timer, syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, data))
CALL(groups, syscall(SYS_setgroups, 0, NULL))

static long
ended_well(pid_t pid)
{
	int status = -1;

	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ?
	    0 : -1;
}

static long
call_fork(void)
{
	pid_t pid = syscall(SYS_fork);

	if (pid == 0)
		syscall(SYS_exit_group, 0);
	return ended_well(pid);
}

static long
call_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(0);
	return ended_well(pid);
}

/* Called where the frames are already counted: in the child it makes. */
static long exec_frames;

static long
call_exec(void)
{
	char *argv[] = { own_argv[0], "nothing", NULL };
	pid_t pid = fork();

	if (pid == 0) {
		hold(-1);			/* our pages are ours now */
		memset(data, 1, PAGE);
		hold(exec_frames);
		execv(argv[0], argv);
		_exit(1);
	}
	return ended_well(pid);
}

static long
call_poll(void)
{
	return poll(pfds, NPOLL, 0);
}

/* ---- before and after ---- */

static void
forget(int *f)
{
	if (*f >= 0)
		close(*f);
	*f = -1;
}

static void
tidy(void)
{
	sigset_t rt;
	struct timespec none = { 0, 0 };

	forget(&fd);
	forget(&fds[0]);
	forget(&fds[1]);
	(void)chdir("/");
	(void)rmdir(DIR "/new");
	(void)unlink(DIR "/new");
	(void)unlink(DIR "/" LONG);
	(void)unlink(DIR "/sub/" LONG);
	sigemptyset(&rt);
	sigaddset(&rt, SIGRTMIN + 1);
	while (sigtimedwait(&rt, NULL, &none) > 0)
		;
	(void)mkdir(DIR "/sub", 0700);
	(void)close(open(DIR "/file", O_CREAT | O_RDWR, 0600));
	/* Several VMAs' worth, untouched, in a place of its own. */
	area = mmap(area, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
	    MAP_ANONYMOUS | (area != NULL ? MAP_FIXED : 0), -1, 0);
	if (area == MAP_FAILED)
		stop("mmap");
}

static void
before_file(void)
{
	fd = open(DIR "/file", O_RDWR | O_TRUNC);
}

static void
before_pipe(void)
{
	if (pipe(fds) != 0)
		stop("pipe");
}

static void
before_proc(void)
{
	fd = open("/proc/uptime", O_RDONLY);
}

#define C(n, r, c)	.name = n, .row = r, .call = c
static const struct {
	const char	*name, *row;
	long		(*call)(void);
	void		(*before)(void);
	long		need;		/* frames, where not the row's bound */
	long		more;		/* for renewals after frames went */
} cases[] = {
	{ C("open, a new file", "sys_open", call_open) },
	{ C("openat", "sys_openat", call_openat) },
	{ C("mkdir", "sys_mkdir", call_mkdir) },
	{ C("symlink", "sys_symlink", call_symlink) },
	{ C("mknod, a FIFO", "sys_mknod", call_mknod) },
	{ C("link", "sys_link", call_link) },
	{ C("rename across directories", "sys_rename", call_rename) },
	{ C("unlink", "sys_unlink", call_unlink) },
	{ C("rmdir", "sys_rmdir", call_rmdir) },
	{ C("chmod", "sys_chmod", call_chmod) },
	{ C("chdir", "sys_chdir", call_chdir) },
	{ C("readlink", "sys_readlink", call_readlink) },
	{ C("getcwd", "sys_getcwd", call_getcwd) },
	{ C("access", "sys_access", call_access) },
	{ C("truncate", "sys_truncate", call_truncate) },
	{ C("stat of a long name", "path_look", call_stat) },
	{ C("pipe2", "sys_pipe2", call_pipe) },
	{ C("eventfd2", "sys_eventfd2", call_eventfd) },
	{ C("dup", "sys_dup", call_dup) },
	{ C("fcntl F_DUPFD", "sys_fcntl", call_dupfd) },
	{ C("flock", "sys_flock", call_flock), .before = before_file },
	{ C("write to tmpfs", "tmpfs.write", call_write),
	    .before = before_file },
	{ C("write of a byte to a pipe", "pipe_write", call_pipe_byte),
	    .before = before_pipe, .need = 1 },
	{ C("write of 64 KiB to a pipe", "pipe_write", call_pipe_full),
	    .before = before_pipe, .need = 16 },
	{ C("read of a /proc file", "procfs.read", call_proc_read),
	    .before = before_proc },
	{ C("mmap over a part", "sys_mmap", call_mmap) },
	{ C("munmap of a part", "sys_munmap", call_munmap) },
	{ C("mprotect of a part", "sys_mprotect", call_mprotect) },
	{ C("madvise of a part", "sys_madvise", call_madvise) },
	{ C("mremap", "sys_mremap", call_mremap) },
	{ C("brk", "sys_brk", call_brk) },
	{ C("touching a page", "fault", call_touch) },
	{ C("kill, real-time signal", "sigqueue", call_signal) },
	{ C("timer_create", "sys_timer_create", call_timer) },
	{ C("setgroups", "sys_setgroups", call_groups) },
	{ C("fork", "sys_fork", call_fork), .more = 200 },
	{ C("vfork", "sys_vfork", call_vfork), .more = 100 },
	{ C("execve", "sys_execve", call_exec), .more = 300 },
};
#define NCASES	(sizeof(cases) / sizeof(cases[0]))

static void
result(int ok, const char *name, const char *what, long a, long b)
{
	if (ok) {
		printf("ok %s%s\n", name, what);
		return;
	}
	printf("FAIL %s%s: result %ld (%s), waits %ld\n", name, what, a,
	    a < 0 ? strerror(errno) : "", b);
	failed = 1;
}

/* The call with n frames to be had; how often its row has waited. */
static long
run(unsigned i, long n, long *rc)
{
	long before, after;

	tidy();
	if (cases[i].before != NULL)
		cases[i].before();
	(void)row(cases[i].row, &before);
	exec_frames = n;
	if (cases[i].call != call_exec)
		hold(n);
	*rc = cases[i].call();
	hold(-1);
	(void)row(cases[i].row, &after);
	return after - before;
}

static void
try_case(unsigned i)
{
	long waits, rc, bound = row(cases[i].row, &waits);

	if (cases[i].need != 0)
		bound = cases[i].need;
	waits = run(i, bound + cases[i].more, &rc);
	result(rc >= 0 && waits == 0, cases[i].name, " at its bound", rc,
	    waits);
	if (bound == 0)
		return;
	waits = run(i, bound - 1, &rc);
	result(rc >= 0 && waits >= 1, cases[i].name, ", one less", rc, waits);
}

/* poll() of many: the bound is linear in their number. */
static void
try_poll(void)
{
	long before, after, n, rc = 0;

	for (n = 0; n < NPOLL; n++)
		pfds[n] = (struct pollfd){ .fd = -1, .events = POLLIN };
	for (n = 1; n < 40; n++) {
		(void)row("poll", &before);
		hold(n);
		rc = call_poll();
		hold(-1);
		(void)row("poll", &after);
		if (rc < 0 || after == before)
			break;
	}
	result(rc == 0 && n > 1 && n < 40, "poll of 300",
	    ", its bound found from below", rc, n);
}

/* ---- calls that take nothing, with no frame to be had ---- */

static void
try_nothing(void)
{
	struct timespec ms = { 0, 1000000 };
	long waits, before;
	int word = 1, ok = 1;

	tidy();
	before_pipe();
	fd = open(DIR "/file", O_RDWR);
	if (write(fd, data, 100) != 100 || write(fds[1], data, 1) != 1)
		stop("write");
	(void)row("sys_open", &waits);
	before = all_waits;
	hold(0);
	ok &= getpid() > 0;
	ok &= syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0) == 0;
	ok &= syscall(SYS_futex, &word, FUTEX_WAIT, 1, &ms, NULL, 0) == -1;
	ok &= pread(fd, data, 100, 0) == 100;
	ok &= read(fds[0], data, 1) == 1;
	ok &= write(fds[1], data, 1) == 1;	/* a spare page */
	ok &= lseek(fd, 0, SEEK_SET) == 0;
	ok &= stat(DIR "/file", (struct stat *)data) == 0;
	ok &= fstat(fd, (struct stat *)data) == 0;
	ok &= nanosleep(&ms, NULL) == 0;
	ok &= clock_gettime(CLOCK_MONOTONIC, &ms) == 0;
	ok &= poll(pfds, 3, 1) == 0;
	ok &= kill(getpid(), SIGURG) == 0;
	ok &= sched_yield() == 0;
	ok &= waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD;
	(void)umask(022);
	ok &= fsync(fd) == 0;
	ok &= write(1, "", 0) == 0;
	ok &= fchmod(fd, 0600) == 0;
	ok &= close(fds[0]) == 0 && close(fds[1]) == 0;
	fds[0] = fds[1] = -1;
	hold(-1);
	(void)row("sys_open", &waits);
	result(ok && all_waits == before, "calls that take nothing",
	    " without a frame", ok ? 0 : -1, all_waits - before);
}

static long
number(const char *after)
{
	char *s = strstr(text, after);

	return s == NULL ? -1 : atol(s + strlen(after));
}

int
main(int argc, char **argv)
{
	long held, off, kills;
	sigset_t rt;

	if (argc > 1 && strcmp(argv[1], "nothing") == 0)
		return 0;
	own_argv = argv;
	setvbuf(stdout, NULL, _IONBF, 0);
	knob = open("/proc/sys/vm/unpromised_frames", O_RDWR);
	table = open("/proc/reserve", O_RDONLY);
	if (knob < 0 || table < 0)
		stop("open");
	sigemptyset(&rt);
	sigaddset(&rt, SIGRTMIN + 1);
	sigprocmask(SIG_BLOCK, &rt, NULL);
	(void)mkdir(DIR, 0700);
	if (symlink("file", DIR "/link") != 0)
		stop("symlink");
	if (mlockall(MCL_CURRENT) != 0)
		stop("mlockall");
	memset(data, 'x', sizeof(data));
	memset(text, ' ', sizeof(text));
	load_table();
	kills = number("\nkills ");
	for (unsigned i = 0; i < NCASES; i++)
		try_case(i);
	try_poll();
	try_nothing();
	tidy();
	load_table();
	result(number("\nkills ") == kills, "nobody was killed", "", 0, 0);
	memset(data, 0, 64);
	if (pread(knob, data, 63, 0) <= 0 ||
	    sscanf(data, "%ld %ld", &held, &off) != 2)
		stop("read");
	result(held == -1 && off == 0, "every frame is counted", "", off,
	    held);
	return failed;
}
