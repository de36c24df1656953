/*
 * Terminals, as the controlling terminal of a new session.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "user/init/init.h"

static const cc_t sane_chars[NCCS] = {
	[VINTR] = 'C' & 31, [VQUIT] = '\\' & 31, [VERASE] = 127,
	[VKILL] = 'U' & 31, [VEOF] = 'D' & 31, [VMIN] = 1,
	[VSTART] = 'Q' & 31, [VSTOP] = 'S' & 31, [VSUSP] = 'Z' & 31,
	[VREPRINT] = 'R' & 31, [VWERASE] = 'W' & 31, [VLNEXT] = 'V' & 31,
};

/* A zero is _POSIX_VDISABLE: only these two characters mean anything. */
static const cc_t exact_chars[NCCS] = {
	[VEOF] = 'D' & 31, [VLNEXT] = 'V' & 31, [VMIN] = 1,
};

static void
terminal_set(int fd, enum terminal_mode mode)
{
	struct termios t;

	if (tcgetattr(fd, &t) != 0)
		return;
	t.c_cflag &= ~(CSIZE | PARENB | CSTOPB);
	t.c_cflag |= CS8 | CREAD | CLOCAL;
	if (mode == TERMINAL_SANE) {
		t.c_iflag = ICRNL | IXON | IUTF8;
		t.c_oflag = OPOST | ONLCR;
		t.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL |
		    ECHOKE | IEXTEN;
		memcpy(t.c_cc, sane_chars, sizeof(t.c_cc));
	} else {
		t.c_iflag = 0;
		t.c_oflag = 0;
		t.c_lflag = ICANON | IEXTEN;
		memcpy(t.c_cc, exact_chars, sizeof(t.c_cc));
	}
	tcsetattr(fd, TCSANOW, &t);
}

int
terminal_take(const char *path, enum terminal_mode mode)
{
	int fd;

	setsid();
	fd = open(path, O_RDWR | O_NOCTTY);
	if (fd < 0)
		return -1;
	ioctl(fd, TIOCSCTTY, 1);	/* 1: take it from who has it */
	terminal_set(fd, mode);
	/* Whoever changes the foreground group later must not stop on it. */
	signal(SIGTTOU, SIG_IGN);
	tcsetpgrp(fd, getpgrp());
	signal(SIGTTOU, SIG_DFL);
	return fd;
}

void
terminal_stdio(int fd)
{
	for (int i = 0; i < 3; i++)
		if (fd != i)
			dup2(fd, i);
	if (fd > 2)
		close(fd);
}
