/*
 * What init's files share. See init.c for how they work together.
 */
#pragma once

#include <sys/types.h>

#define NS_PER_S	1000000000LL

/* init.c */
long long now_ns(void);			/* CLOCK_MONOTONIC */
void	say(const char *format, ...)	/* one line to the console */
	    __attribute__((format(printf, 1, 2)));
void	child_setup(void);		/* in a new child: default signals */

/* terminal.c */

/* How bytes pass through a terminal. */
enum terminal_mode {
	TERMINAL_SANE,		/* for people: echo, editing, signals */
	TERMINAL_EXACT,		/* for programs: ^V quotes, ^D ends, no more */
};

/*
 * Open the terminal path in mode, for a new session that it controls and whose
 * leader the caller becomes. Returns the descriptor or -1.
 */
int	terminal_take(const char *path, enum terminal_mode mode);

/* Make fd the standard input, output and error. */
void	terminal_stdio(int fd);

/* service.c */
void	services_read(const char *path);
void	services_boot(void);		/* run each "boot" entry to its end */
void	services_start(void);		/* start the others */
void	services_restart(void);		/* start what is due again */
void	services_stop(void);		/* start nothing any more */
long long services_due(void);		/* when the next is due; 0: none */
void	service_died(pid_t pid, int status);

/* guest.c */
void	guest_start(const char *nonce);
void	guest_died(pid_t pid);
int	guest_done(void);
