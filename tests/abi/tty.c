/*
 * Terminals, as far as a program can see from its own: termios(3),
 * ioctl_tty(2), job control. tests/host/console has the other side.
 *
 * The tests run in the foreground group of the terminal that /dev/tty is.
 */
#include <sys/ioctl.h>
#include <termios.h>
#include "tests/abi/abi.h"

static int tty = -1;
static struct termios saved;

static void
prepare(void)
{
	if (tty < 0)
		tty = open("/dev/tty", O_RDWR);
	if (tty < 0)
		SKIP("no terminal");
	OK(tcgetattr(tty, &saved));
}

TEST(is_one)
{
	prepare();
	CHECK_EQ(isatty(tty), 1);
	CHECK_ERR(lseek(tty, 0, SEEK_CUR), ESPIPE);
	struct stat st;
	OK(fstat(tty, &st));
	CHECK(S_ISCHR(st.st_mode));
}

TEST(attributes_are_kept)
{
	struct termios t;

	prepare();
	t = saved;
	t.c_lflag ^= ECHO;
	t.c_cc[VINTR] = 'X' & 31;
	OK(tcsetattr(tty, TCSANOW, &t));
	memset(&t, 0, sizeof(t));
	OK(tcgetattr(tty, &t));
	CHECK_EQ(t.c_lflag, saved.c_lflag ^ ECHO);
	CHECK_EQ(t.c_cc[VINTR], 'X' & 31);
	OK(tcsetattr(tty, TCSADRAIN, &saved));
	OK(tcsetattr(tty, TCSAFLUSH, &saved));
	CHECK_ERR(ioctl(tty, TCGETS, BAD_ADDRESS), EFAULT);
	CHECK_ERR(ioctl(tty, TCSETS, BAD_ADDRESS), EFAULT);
}

TEST(window_size)
{
	struct winsize ws, old, now;

	prepare();
	OK(ioctl(tty, TIOCGWINSZ, &old));
	ws = (struct winsize){ .ws_row = 33, .ws_col = 77 };
	OK(ioctl(tty, TIOCSWINSZ, &ws));
	OK(ioctl(tty, TIOCGWINSZ, &now));
	CHECK_EQ(now.ws_row, 33);
	CHECK_EQ(now.ws_col, 77);
	OK(ioctl(tty, TIOCSWINSZ, &old));
}

TEST(groups_and_session)
{
	pid_t pgrp;

	prepare();
	CHECK_EQ(tcgetpgrp(tty), getpgrp());
	OK(ioctl(tty, TIOCGPGRP, &pgrp));
	CHECK_EQ(pgrp, getpgrp());
	CHECK_EQ(tcgetsid(tty), getsid(0));
	CHECK_ERR(tcsetpgrp(tty, 0x3fffffff), ESRCH);
	CHECK_ERR(tcsetpgrp(tty, -5), EINVAL);
}

TEST(the_background_stops_on_reading)
{
	pid_t pid;
	int status;

	prepare();
	pid = OK(fork());
	if (pid == 0) {
		char c;

		setpgid(0, 0);
		(void)!read(tty, &c, 1);
		_exit(0);
	}
	setpgid(pid, pid);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_EQ(WSTOPSIG(status), SIGTTIN);
	OK(kill(pid, SIGKILL));
	CHECK_KILLED(pid, SIGKILL);
}

TEST(the_background_cannot_ignore_it)
{
	prepare();
	IN_CHILD({
		char c;
		setpgid(0, 0);
		signal(SIGTTIN, SIG_IGN);
		CHECK_ERR(read(tty, &c, 1), EIO);
	});
}

TEST(the_background_stops_on_setting)
{
	pid_t pid;
	int status;

	prepare();
	pid = OK(fork());
	if (pid == 0) {
		setpgid(0, 0);
		tcsetattr(tty, TCSANOW, &saved);
		_exit(0);
	}
	setpgid(pid, pid);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_EQ(WSTOPSIG(status), SIGTTOU);
	OK(kill(pid, SIGKILL));
	CHECK_KILLED(pid, SIGKILL);
	/* Who ignores the signal may. */
	IN_CHILD({
		setpgid(0, 0);
		signal(SIGTTOU, SIG_IGN);
		OK(tcsetattr(tty, TCSANOW, &saved));
	});
}

TEST(tostop)
{
	struct termios t;
	pid_t pid;
	int status;

	prepare();
	t = saved;
	t.c_lflag |= TOSTOP;
	OK(tcsetattr(tty, TCSANOW, &t));
	pid = OK(fork());
	if (pid == 0) {
		setpgid(0, 0);
		(void)!write(tty, "", 0);
		(void)!write(tty, "x", 1);
		_exit(0);
	}
	setpgid(pid, pid);
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	OK(tcsetattr(tty, TCSANOW, &saved));
	CHECK(WIFSTOPPED(status));
	CHECK_EQ(WSTOPSIG(status), SIGTTOU);
	OK(kill(pid, SIGKILL));
	CHECK_KILLED(pid, SIGKILL);
}

TEST(the_foreground_can_be_given)
{
	pid_t pid;

	prepare();
	pid = OK(fork());
	if (pid == 0) {
		setpgid(0, 0);
		signal(SIGTTOU, SIG_IGN);
		OK(tcsetpgrp(tty, getpid()));
		CHECK_EQ(tcgetpgrp(tty), getpid());
		_exit(0);
	}
	setpgid(pid, pid);
	CHECK_EXITS(pid, 0);
	signal(SIGTTOU, SIG_IGN);
	OK(tcsetpgrp(tty, getpgrp()));
	signal(SIGTTOU, SIG_DFL);
}

TEST(another_session_has_no_terminal)
{
	prepare();
	IN_CHILD({
		OK(setsid());
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
		CHECK_ERR(tcgetpgrp(tty), ENOTTY);
		CHECK_ERR(tcsetpgrp(tty, getpid()), ENOTTY);
	});
}

TEST(raw_timeouts)
{
	struct termios t;
	long long start;
	char c;

	prepare();
	t = saved;
	t.c_lflag &= ~(ICANON | ECHO);
	t.c_cc[VMIN] = 0;
	t.c_cc[VTIME] = 0;
	OK(tcsetattr(tty, TCSANOW, &t));
	CHECK_EQ(read(tty, &c, 1), 0);
	t.c_cc[VTIME] = 1;
	OK(tcsetattr(tty, TCSANOW, &t));
	start = now_ns();
	CHECK_EQ(read(tty, &c, 1), 0);
	CHECK(now_ns() - start >= 90 * MS);
	OK(tcsetattr(tty, TCSANOW, &saved));
}

TEST(non_blocking)
{
	int fd;
	char c;
	struct pollfd p;

	prepare();
	fd = OK(open("/dev/tty", O_RDWR | O_NONBLOCK));
	CHECK_ERR(read(fd, &c, 1), EAGAIN);
	p = (struct pollfd){ .fd = fd, .events = POLLIN | POLLOUT };
	CHECK_EQ(poll(&p, 1, 1000), 1);
	CHECK_EQ(p.revents, POLLOUT);
	close(fd);
}

TEST(drain_and_flush)
{
	prepare();
	OK(tcdrain(tty));
	/* Not TCOFLUSH: our own results may be on their way. */
	OK(tcflush(tty, TCIFLUSH));
	CHECK_ERR(tcflush(tty, 99), EINVAL);
	int n = -1;
	OK(ioctl(tty, FIONREAD, &n));
	CHECK_EQ(n, 0);
	OK(ioctl(tty, TIOCOUTQ, &n));
	CHECK(n >= 0);
}
