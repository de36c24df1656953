/*
 * One command for tools/guest-run, on the second serial line.
 *
 * tools/guest-run adds these files to the root file system:
 *
 *	/run/guest-run/command	the words of the command, each ended by a NUL
 *	/run/guest-run/stdin	its standard input; without it, the line is
 *	/run/guest-run/terminal	if there: a person sits at the other end
 *
 * When the line is set up it says "NONCE\n"; then it carries the command's
 * output exactly, then the trailer "\nNONCE STATUS\n", STATUS being what a
 * shell would say. Only after the first line may the other end send.
 *
 * The session's leader is not the command but its parent: when a leader ends,
 * the kernel hangs the line up, and what it has not sent yet is lost. So the
 * leader outlives the command, drains the line and writes the trailer.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "user/init/init.h"

#define LINE		"/dev/ttyS1"
#define COMMAND		"/run/guest-run/command"
#define STDIN		"/run/guest-run/stdin"
#define TERMINAL	"/run/guest-run/terminal"
#define MAX_WORDS	1024

static pid_t guest_pid;

/* Read the command's words into argv; exits if there are none. */
static void
read_command(char *argv[MAX_WORDS])
{
	struct stat st;
	char *text;
	int argc = 0;
	int fd = open(COMMAND, O_RDONLY);

	if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0) {
		say("%s: no command", COMMAND);
		_exit(125);
	}
	text = calloc(1, st.st_size + 1);
	if (text == NULL || read(fd, text, st.st_size) != st.st_size) {
		say("%s: cannot read", COMMAND);
		_exit(125);
	}
	close(fd);
	for (char *p = text; p < text + st.st_size; p += strlen(p) + 1)
		if (argc < MAX_WORDS - 1)
			argv[argc++] = p;
	argv[argc] = NULL;
}

/* In the command's process: a group of its own, in the foreground. */
static void
run_command(void)
{
	char *argv[MAX_WORDS];
	int fd;

	setpgid(0, 0);
	tcsetpgrp(1, getpid());
	child_setup();
	read_command(argv);
	fd = open(STDIN, O_RDONLY);
	if (fd >= 0) {
		dup2(fd, 0);
		close(fd);
	}
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static int
shell_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
	    WEXITSTATUS(status);
}

/* The session's leader: run the command, write the trailer. */
static void
lead(const char *nonce)
{
	int interactive = access(TERMINAL, F_OK) == 0;
	int fd, status = 0;
	pid_t pid;

	child_setup();
	fd = terminal_take(LINE,
	    interactive ? TERMINAL_SANE : TERMINAL_EXACT);
	if (fd < 0) {
		say("%s: %s", LINE, strerror(errno));
		_exit(125);
	}
	terminal_stdio(fd);
	signal(SIGTTOU, SIG_IGN);	/* it leads, but is in the background */
	dprintf(1, "%s\n", nonce);
	pid = fork();
	if (pid == 0)
		run_command();
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	tcsetpgrp(1, getpgrp());
	dprintf(1, "\n%s %d\n", nonce, pid < 0 ? 125 : shell_status(status));
	tcdrain(1);
	_exit(0);
}

void
guest_start(const char *nonce)
{
	guest_pid = fork();
	if (guest_pid == 0)
		lead(nonce);
	if (guest_pid < 0)
		say("guest-run: fork: %s", strerror(errno));
}

void
guest_died(pid_t pid)
{
	if (pid == guest_pid)
		guest_pid = -1;
}

/* Was there a command, and has it ended? */
int
guest_done(void)
{
	return guest_pid < 0;
}
