/*
 * Services: /etc/services.tab, one a line,
 *
 *	NAME  WHEN  RESTART  COMMAND [ARGUMENT...]
 *
 * WHEN is "boot" (run to its end before the next line), "run" (started after
 * those, left alone) or the path of the terminal that is to control it.
 * RESTART is "once", "failure" (start again unless it exited with 0) or
 * "always". A command that begins with "-" is told that it is a login shell.
 * Words are separated by blanks; '#' starts a comment line.
 *
 * What dies within QUICK_NS of its start is started again only after a pause,
 * which doubles each time up to PAUSE_MAX_NS: a broken service costs little.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/init/init.h"

#define MAX_SERVICES	32
#define MAX_WORDS	32
#define QUICK_NS	(2 * NS_PER_S)
#define PAUSE_MIN_NS	(NS_PER_S / 2)
#define PAUSE_MAX_NS	(60 * NS_PER_S)

enum restart { RESTART_ONCE, RESTART_FAILURE, RESTART_ALWAYS };

static const char *const restart_names[] = { "once", "failure", "always" };

struct service {
	char		*name;
	char		*when;
	enum restart	restart;
	char		*argv[MAX_WORDS];	/* NULL at the end */
	pid_t		pid;			/* 0: not running */
	long long	started_ns;
	long long	due_ns;			/* start again then; 0: never */
	long long	pause_ns;		/* the next pause */
};

static struct service services[MAX_SERVICES];
static int nservices;
static int stopping;

static int
parse_restart(const char *word)
{
	for (int i = 0; i < 3; i++)
		if (word != NULL && strcmp(word, restart_names[i]) == 0)
			return i;
	return -1;
}

/* Fill s from a line, which it keeps. Returns 0 if the line makes no sense. */
static int
parse_line(struct service *s, char *line)
{
	int restart, argc = 0;

	s->name = strtok(line, " \t\n");
	s->when = strtok(NULL, " \t\n");
	restart = parse_restart(strtok(NULL, " \t\n"));
	while (argc < MAX_WORDS - 1 &&
	    (s->argv[argc] = strtok(NULL, " \t\n")) != NULL)
		argc++;
	s->argv[argc] = NULL;
	s->restart = restart;
	s->pause_ns = PAUSE_MIN_NS;
	return restart >= 0 && argc > 0;
}

void
services_read(const char *path)
{
	char line[512];
	FILE *f = fopen(path, "r");

	if (f == NULL) {
		say("%s: %s", path, strerror(errno));
		return;
	}
	while (nservices < MAX_SERVICES && fgets(line, sizeof(line), f)) {
		if (line[strspn(line, " \t\n")] == '\0' || line[0] == '#')
			continue;
		if (parse_line(&services[nservices], strdup(line)))
			nservices++;
		else
			say("%s: cannot read: %s", path, line);
	}
	fclose(f);
}

static void
service_exec(struct service *s)
{
	char *path = s->argv[0];
	int fd;

	child_setup();
	if (s->when[0] == '/') {
		fd = terminal_take(s->when, TERMINAL_SANE);
		if (fd < 0) {
			say("%s: %s: %s", s->name, s->when, strerror(errno));
			_exit(126);
		}
		terminal_stdio(fd);
		(void)!chdir("/root");
	} else {
		setsid();
	}
	if (path[0] == '-')
		path++;
	execvp(path, s->argv);
	say("%s: %s: %s", s->name, path, strerror(errno));
	_exit(127);
}

static void
service_start(struct service *s)
{
	s->due_ns = 0;
	s->started_ns = now_ns();
	s->pid = fork();
	if (s->pid == 0)
		service_exec(s);
	if (s->pid < 0) {
		say("%s: fork: %s", s->name, strerror(errno));
		s->pid = 0;
		s->due_ns = now_ns() + PAUSE_MAX_NS;
	}
}

static int
is_boot(const struct service *s)
{
	return strcmp(s->when, "boot") == 0;
}

void
services_boot(void)
{
	int status;

	for (struct service *s = services; s < services + nservices; s++) {
		if (!is_boot(s))
			continue;
		service_start(s);
		if (s->pid == 0)
			continue;
		while (waitpid(s->pid, &status, 0) < 0 && errno == EINTR)
			continue;
		s->pid = 0;
		if (status != 0)
			say("%s: ended with status %#x", s->name, status);
	}
}

void
services_start(void)
{
	for (struct service *s = services; s < services + nservices; s++)
		if (!is_boot(s))
			service_start(s);
}

void
service_died(pid_t pid, int status)
{
	struct service *s = services;

	guest_died(pid);
	while (s < services + nservices && s->pid != pid)
		s++;
	if (s == services + nservices)
		return;		/* an orphan */
	s->pid = 0;
	if (stopping || s->restart == RESTART_ONCE ||
	    (s->restart == RESTART_FAILURE && status == 0))
		return;
	if (now_ns() - s->started_ns >= QUICK_NS) {
		s->pause_ns = PAUSE_MIN_NS;
		s->due_ns = now_ns();
		return;
	}
	s->due_ns = now_ns() + s->pause_ns;
	if (status != 0)
		say("%s: ended with status %#x, again in %lld ms", s->name,
		    status, s->pause_ns / 1000000);
	s->pause_ns *= 2;
	if (s->pause_ns > PAUSE_MAX_NS)
		s->pause_ns = PAUSE_MAX_NS;
}

long long
services_due(void)
{
	long long due = 0;

	for (struct service *s = services; s < services + nservices; s++)
		if (s->due_ns != 0 && (due == 0 || s->due_ns < due))
			due = s->due_ns;
	return due;
}

void
services_restart(void)
{
	for (struct service *s = services; s < services + nservices; s++)
		if (!stopping && s->due_ns != 0 && s->due_ns <= now_ns())
			service_start(s);
}

void
services_stop(void)
{
	stopping = 1;
}
