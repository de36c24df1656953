/*
 * The first process of a benchmark guest, the same on both kernels.
 *
 * It mounts /proc (and /dev where the kernel has a device file system of its
 * own), then runs kbench once for each line of /bench.plan:
 *
 *	TEST N REPS TIMEOUT_SECONDS
 *
 * Each run is a process group that is killed at its deadline, so a test that
 * hangs costs its time and one line. Around each run the lock counters of
 * /proc/lockstat, where there are any, are printed. What goes to the console
 * is for tools/bench to read:
 *
 *	BENCH-BEGIN, TEST name, kbench's own lines, TIMEOUT name,
 *	LOCK before|after CLASS ACQUISITIONS CONTENDED, BENCH-END
 *
 * A line "symbols" in the plan sends /proc/kallsyms to the emulator's debug
 * port, which is the quickest way out of a kernel without drivers. A line "disk
 * DEVICE" mounts an ext4 file system where kbench makes its files; if that
 * fails, "DISK no: WHY" is printed and the plan ends, so that no figure of a
 * disk is one of memory. Linux gets its drivers from /bench-modules first.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PLAN		"/bench.plan"
#define KBENCH		"/bench-kbench"
#define MODULES		"/bench-modules"
#define DISK_MOUNT	"/bench"	/* kbench's own default */
#define DISK_TRIES	1000		/* with DISK_PAUSE_NS between them */
#define DISK_PAUSE_NS	10000000
#define DEBUG_PORT	0xe9		/* QEMU's isa-debugcon */

static void
console_open(void)
{
	int fd = open("/dev/console", O_RDWR);

	if (fd < 0)
		return;
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
}

/* The loopback comes up by itself in some kernels only; see netdevice(7). */
static void
loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo" };
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	if (s < 0)
		return;
	r.ifr_flags = IFF_UP;
	(void)ioctl(s, SIOCSIFFLAGS, &r);
	close(s);
}

static void
lockstat_print(const char *when)
{
	FILE *f = fopen("/proc/lockstat", "r");
	char line[200], class[100];
	unsigned long acquired, contended;

	if (!f)
		return;
	while (fgets(line, sizeof line, f))
		if (sscanf(line, "%99s %lu %lu", class, &acquired,
		    &contended) == 3)
			printf("LOCK %s %s %lu %lu\n", when, class, acquired,
			    contended);
	fclose(f);
}

static void
test_exec(const char *name, const char *n, const char *reps)
{
	setpgid(0, 0);
	execl(KBENCH, KBENCH, "-n", n, "-r", reps, name, (char *)NULL);
	printf("%s skip exec:%s\n", name, strerror(errno));
	fflush(stdout);
	_exit(127);
}

/*
 * A process that sleeps until the deadline and then kills the test. It costs
 * the measured time nothing, which a parent that looks every moment would.
 */
static pid_t
watchdog_start(pid_t child, const char *name, long timeout_s)
{
	struct timespec left = { timeout_s, 0 };
	pid_t p = fork();

	if (p != 0)
		return p;
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
	printf("TIMEOUT %s\n", name);
	fflush(stdout);
	kill(-child, SIGKILL);
	kill(child, SIGKILL);
	_exit(0);
}

/* Wait for the child; reap what else falls to process 1 meanwhile. */
static void
test_wait(pid_t child, const char *name, long timeout_s)
{
	pid_t dog = watchdog_start(child, name, timeout_s), p;

	do
		p = waitpid(-1, NULL, 0);
	while (p != child && (p > 0 || errno == EINTR));
	kill(-child, SIGKILL);
	if (dog > 0) {
		kill(dog, SIGKILL);
		waitpid(dog, NULL, 0);
	}
}

static void
test_run(const char *name, const char *n, const char *reps, long timeout_s)
{
	pid_t p;

	printf("TEST %s\n", name);
	lockstat_print("before");
	fflush(stdout);
	p = fork();
	if (p == 0)
		test_exec(name, n, reps);
	if (p < 0)
		printf("%s skip fork:%s\n", name, strerror(errno));
	else
		test_wait(p, name, timeout_s);
	lockstat_print("after");
	fflush(stdout);
}

static void
symbols_send(void)
{
	static char buf[65536];
	const char *p;
	long len;
	int fd = open("/proc/kallsyms", O_RDONLY);

	if (fd < 0 || iopl(3) < 0) {
		printf("SYMBOLS no\n");
		return;
	}
	while ((len = read(fd, buf, sizeof buf)) > 0) {
		p = buf;
		__asm__ volatile("rep outsb" : "+S"(p), "+c"(len)
		    : "d"(DEBUG_PORT) : "memory");
	}
	close(fd);
	printf("SYMBOLS yes\n");
}

/* The modules' names begin with their place in the order of loading. */
static void
modules_load(void)
{
	struct dirent **found;
	char name[300];
	int fd, i, n = scandir(MODULES, &found, NULL, alphasort);

	for (i = 0; i < n; i++) {
		snprintf(name, sizeof name, MODULES "/%s", found[i]->d_name);
		if (found[i]->d_name[0] == '.')
			continue;
		fd = open(name, O_RDONLY);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0) < 0)
			printf("MODULE %s: %s\n", name, strerror(errno));
		close(fd);
	}
}

/* Mount the disk as soon as it is there: drivers look for it on their own. */
static int
disk_mount(const char *device)
{
	struct timespec pause = { 0, DISK_PAUSE_NS };
	int tries;

	modules_load();
	mkdir(DISK_MOUNT, 0755);
	for (tries = 0; access(device, F_OK) < 0 && tries < DISK_TRIES; tries++)
		nanosleep(&pause, NULL);
	if (mount(device, DISK_MOUNT, "ext4", 0, NULL) == 0) {
		printf("DISK yes\n");
		return 0;
	}
	printf("DISK no: %s\n", strerror(errno));
	return -1;
}

static void
plan_run(FILE *plan)
{
	char line[200], name[64], n[24], reps[24];
	long timeout_s;

	while (fgets(line, sizeof line, plan)) {
		if (strcmp(line, "symbols\n") == 0)
			symbols_send();
		else if (sscanf(line, "disk %63s", name) == 1) {
			if (disk_mount(name) < 0)
				return;
		} else if (sscanf(line, "%63s %23s %23s %ld", name, n, reps,
		    &timeout_s) == 4)
			test_run(name, n, reps, timeout_s);
	}
}

int
main(void)
{
	FILE *plan;

	mkdir("/proc", 0755);
	mkdir("/dev", 0755);
	(void)mount("proc", "/proc", "proc", 0, NULL);
	(void)mount("dev", "/dev", "devtmpfs", 0, NULL);
	console_open();
	loopback_up();
	signal(SIGINT, SIG_IGN);
	setenv("PATH", "/bin:/sbin", 1);
	printf("BENCH-BEGIN\n");
	plan = fopen(PLAN, "r");
	if (plan)
		plan_run(plan);
	else
		printf("no %s: %s\n", PLAN, strerror(errno));
	printf("BENCH-END\n");
	fflush(stdout);
	sync();
	(void)reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
