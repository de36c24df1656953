/*
 * Terminals, as the controlling terminal of a new session.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "user/init/init.h"

#define TTY_MAJOR	4	/* Linux's devices.txt */
#define TTYS_MINOR	64

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

/*
 * /dev/console stands for another terminal, which is the better one to use:
 * Linux knows no job control through /dev/console itself. Returns fd, or a
 * descriptor of that other terminal.
 */
static int
terminal_behind(int fd)
{
	char path[32];
	unsigned int dev;
	int other;

	if (ioctl(fd, TIOCGDEV, &dev) != 0 || major(dev) != TTY_MAJOR)
		return fd;
	if (minor(dev) >= TTYS_MINOR)
		snprintf(path, sizeof(path), "/dev/ttyS%d",
		    minor(dev) - TTYS_MINOR);
	else
		snprintf(path, sizeof(path), "/dev/tty%d", minor(dev));
	other = open(path, O_RDWR | O_NOCTTY);
	if (other < 0)
		return fd;
	close(fd);
	return other;
}

int
terminal_take(const char *path, enum terminal_mode mode)
{
	int fd;

	setsid();
	fd = open(path, O_RDWR | O_NOCTTY);
	if (fd < 0)
		return -1;
	fd = terminal_behind(fd);
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
