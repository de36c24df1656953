/*
 * init: the first process.
 *
 * It mounts the kernel's file systems, then does what it is here for, which the
 * kernel's command line decides:
 *
 *	guest-run=NONCE		runs one command on the second serial line for
 *				tools/guest-run and powers off (guest.c)
 *	anything else		keeps the services of /etc/services.tab running
 *				(service.c) until it is told to stop
 *
 * All the while it reaps: its own children and every orphan of the machine.
 * It is told to stop by a signal, as busybox's applets send them: SIGUSR1 from
 * halt, SIGUSR2 from poweroff, SIGTERM from reboot. Then it ends every process
 * (TERM, a grace of two seconds, KILL), writes all data back, unmounts, and
 * asks the kernel for it.
 *
 * One loop, one wait: every signal is blocked and taken by sigtimedwait(), so
 * that no handler runs and nothing can be missed between a test and a sleep.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/init/init.h"

#define TERM_GRACE_NS	(2 * NS_PER_S)
#define KILL_GRACE_NS	(2 * NS_PER_S)
#define TMPFS_MAGIC	0x01021994	/* see statfs(2) */
#define RAMFS_MAGIC	0x858458f6

static const char *const environment[] = {
	"PATH=/bin:/sbin", "HOME=/root", "TERM=linux", "SHELL=/bin/sh",
	"USER=root", "LOGNAME=root", NULL
};

static sigset_t handled;	/* what the main loop waits for */

long long
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

void
say(const char *format, ...)
{
	char line[256];
	va_list ap;
	int len;

	len = snprintf(line, sizeof(line), "init: ");
	va_start(ap, format);
	len += vsnprintf(line + len, sizeof(line) - len - 1, format, ap);
	va_end(ap);
	if (len > (int)sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	(void)!write(2, line, len);	/* no console: nobody to tell */
}

/* Undo in a child what init did to itself: signals, and the environment. */
void
child_setup(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
}

/* Is path a file system of its own already? */
static int
is_mount_point(const char *path)
{
	struct stat root, there;

	return stat("/", &root) == 0 && stat(path, &there) == 0 &&
	    root.st_dev != there.st_dev;
}

static int
mount_one(const char *type, const char *path, unsigned long flags,
    const char *options)
{
	if (is_mount_point(path))
		return 0;
	mkdir(path, 0755);
	return mount(type, path, type, flags, options);
}

/*
 * The file systems that the kernel makes. Where the root itself is in memory
 * /tmp and /run are plain folders of it: a second tmpfs would only hide what
 * the image put there.
 */
static void
mount_all(void)
{
	struct statfs root;

	if (mount_one("proc", "/proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL))
		say("mount /proc: %s", strerror(errno));
	if (mount_one("devfs", "/dev", MS_NOSUID | MS_NOEXEC, NULL) &&
	    mount_one("devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, NULL))
		say("mount /dev: %s", strerror(errno));
	/* Optional: a kernel may have no pseudo-terminals. */
	mkdir("/dev/pts", 0755);
	mount_one("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=620");

	if (statfs("/", &root) == 0 && root.f_type != TMPFS_MAGIC &&
	    root.f_type != RAMFS_MAGIC) {
		if (mount_one("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, NULL))
			say("mount /tmp: %s", strerror(errno));
		if (mount_one("tmpfs", "/run", MS_NOSUID | MS_NODEV, NULL))
			say("mount /run: %s", strerror(errno));
	}
	chmod("/tmp", 01777);
}

/* Standard input and output, before the first word to anybody. */
static void
open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

static void
set_hostname(void)
{
	char name[64] = "hardtack";
	FILE *f = fopen("/etc/hostname", "r");

	if (f != NULL) {
		if (fscanf(f, "%63s", name) != 1)
			strcpy(name, "hardtack");
		fclose(f);
	}
	sethostname(name, strlen(name));
}

/* Copy the value of the word key=VALUE of the kernel's command line. */
static int
cmdline_value(const char *key, char *value, size_t size)
{
	char line[4096];
	FILE *f = fopen("/proc/cmdline", "r");
	size_t keylen = strlen(key);

	if (f == NULL || fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	if (f != NULL)
		fclose(f);
	for (char *w = strtok(line, " \n"); w != NULL; w = strtok(NULL, " \n"))
		if (strncmp(w, key, keylen) == 0 && w[keylen] == '=') {
			snprintf(value, size, "%s", w + keylen + 1);
			return 1;
		}
	return 0;
}

/* Reap all that are dead; tell the services. Returns 0 if none is left. */
static int
reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		service_died(pid, status);
	return pid == 0;
}

/* Wait for a handled signal, until deadline (in ns, 0: for ever); 0 if none. */
static int
wait_signal(long long deadline)
{
	struct timespec ts;
	long long left;
	int sig;

	if (deadline == 0)
		return sigwaitinfo(&handled, NULL);
	left = deadline - now_ns();
	if (left < 0)
		left = 0;
	ts.tv_sec = left / NS_PER_S;
	ts.tv_nsec = left % NS_PER_S;
	sig = sigtimedwait(&handled, NULL, &ts);
	return sig > 0 ? sig : 0;
}

/* Send sig to everybody and wait until all are gone, at most grace_ns. */
static int
end_all(int sig, long long grace_ns)
{
	long long deadline = now_ns() + grace_ns;

	kill(-1, sig);
	while (reap()) {
		if (now_ns() >= deadline)
			return 0;
		wait_signal(deadline);
	}
	return 1;
}

/* Unmount all but the root, the newest first. */
static void
unmount_all(void)
{
	char line[512], path[64][128];
	FILE *f = fopen("/proc/mounts", "r");
	int n = 0;

	if (f == NULL)
		return;
	while (n < 64 && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*s %127s", path[n]) == 1)
			n++;
	fclose(f);
	while (n-- > 0)
		if (strcmp(path[n], "/") != 0)
			umount2(path[n], 0);	/* busy: the sync must do */
	mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL);
}

/* End everything; how is what reboot(2) wants. */
static void
stop(int how)
{
	services_stop();
	if (!end_all(SIGTERM, TERM_GRACE_NS) &&
	    !end_all(SIGKILL, KILL_GRACE_NS))
		say("some processes do not die");
	sync();
	unmount_all();
	reboot(how);
	say("reboot: %s", strerror(errno));
	for (;;)
		pause();
}

/* What each signal asks for: busybox's conventions. */
static int
stop_kind(int sig)
{
	switch (sig) {
	case SIGUSR1:
		return RB_HALT_SYSTEM;
	case SIGUSR2:
		return RB_POWER_OFF;
	case SIGTERM:
	case SIGINT:		/* Ctrl-Alt-Delete */
		return RB_AUTOBOOT;
	}
	return 0;
}

static void
ignore(int sig)
{
	(void)sig;	/* a handler, so that a blocked signal stays pending */
}

int
main(void)
{
	static const int signals[] = {
		SIGCHLD, SIGUSR1, SIGUSR2, SIGTERM, SIGINT
	};
	char nonce[64];

	sigemptyset(&handled);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		signal(signals[i], ignore);
		sigaddset(&handled, signals[i]);
	}
	sigprocmask(SIG_BLOCK, &handled, NULL);
	for (size_t i = 0; environment[i] != NULL; i++)
		putenv((char *)environment[i]);

	mount_all();
	open_console();
	reboot(RB_DISABLE_CAD);
	set_hostname();
	umask(022);

	services_read("/etc/services.tab");
	services_boot();
	if (cmdline_value("guest-run", nonce, sizeof(nonce)))
		guest_start(nonce);
	else
		services_start();

	for (;;) {
		int how = stop_kind(wait_signal(services_due()));

		if (how != 0)
			stop(how);
		reap();
		services_restart();
		if (guest_done())
			stop(RB_POWER_OFF);
	}
}
