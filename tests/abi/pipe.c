/*
 * pipe(2), pipe2(2), and FIFOs
 */
#include <sys/ioctl.h>
#include "tests/abi/abi.h"

TEST(carries_bytes_in_order)
{
	int p[2];
	char buf[8];

	OK(pipe(p));
	CHECK_EQ(write(p[1], "abc", 3), 3);
	CHECK_EQ(write(p[1], "def", 3), 3);
	CHECK_EQ(read(p[0], buf, 4), 4);
	CHECK(memcmp(buf, "abcd", 4) == 0);
	CHECK_EQ(read(p[0], buf, 8), 2);
	close(p[1]);
	CHECK_EQ(read(p[0], buf, 8), 0);
	close(p[0]);
}

TEST(ends_are_one_way)
{
	int p[2];
	char c;

	OK(pipe(p));
	CHECK_ERR(read(p[1], &c, 1), EBADF);
	CHECK_ERR(write(p[0], "x", 1), EBADF);
	CHECK_EQ(fcntl(p[0], F_GETFL) & O_ACCMODE, O_RDONLY);
	CHECK_EQ(fcntl(p[1], F_GETFL) & O_ACCMODE, O_WRONLY);
	close(p[0]);
	close(p[1]);
}

TEST(flags)
{
	int p[2];
	char c;

	OK(pipe2(p, O_CLOEXEC | O_NONBLOCK));
	CHECK_EQ(fcntl(p[0], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(p[1], F_GETFD), FD_CLOEXEC);
	CHECK_ERR(read(p[0], &c, 1), EAGAIN);
	close(p[0]);
	close(p[1]);
	CHECK_ERR(pipe2(p, 0x80000000), EINVAL);
	CHECK_ERR(syscall(SYS_pipe, BAD_ADDRESS), EFAULT);
}

TEST(fault_leaves_no_descriptor)
{
	int before = OK(open(".", O_RDONLY)), after;

	close(before);
	CHECK_ERR(syscall(SYS_pipe, BAD_ADDRESS), EFAULT);
	after = OK(open(".", O_RDONLY));
	CHECK_EQ(after, before);
	close(after);
}

TEST(capacity_is_64k)
{
	static char buf[65536];
	int p[2], n;

	OK(pipe2(p, O_NONBLOCK));
	CHECK_EQ(write(p[1], buf, sizeof(buf)), sizeof(buf));
	CHECK_ERR(write(p[1], "x", 1), EAGAIN);
	OK(ioctl(p[0], FIONREAD, &n));
	CHECK_EQ(n, 65536);
	close(p[0]);
	close(p[1]);
}

TEST(small_writes_are_whole)
{
	static char buf[65536];
	int p[2];

	/* PIPE_BUF bytes go in at once or not at all: see pipe(7). */
	OK(pipe2(p, O_NONBLOCK));
	CHECK_EQ(write(p[1], buf, 65536 - 100), 65536 - 100);
	CHECK_ERR(write(p[1], buf, 4096), EAGAIN);
	/* What is longer may be cut. */
	CHECK(read(p[0], buf, 8192) == 8192);
	CHECK(write(p[1], buf, 65536) > 0);
	close(p[0]);
	close(p[1]);
}

TEST(no_reader_raises_sigpipe)
{
	int p[2];

	OK(pipe(p));
	close(p[0]);
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(write(p[1], "x", 1), EPIPE);
	pid_t pid = OK(fork());
	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		(void)!write(p[1], "x", 1);
		_exit(0);
	}
	CHECK_KILLED(pid, SIGPIPE);
	signal(SIGPIPE, SIG_DFL);
	close(p[1]);
}

TEST(reader_waits)
{
	int p[2];
	char c;
	pid_t pid;
	long long start = now_ns();

	OK(pipe(p));
	pid = OK(fork());
	if (pid == 0) {
		sleep_ms(50);
		(void)!write(p[1], "z", 1);
		_exit(0);
	}
	CHECK_EQ(read(p[0], &c, 1), 1);
	CHECK_EQ(c, 'z');
	CHECK(now_ns() - start >= 50 * MS);
	CHECK_EXITS(pid, 0);
	close(p[0]);
	close(p[1]);
}

TEST(writer_waits_for_room)
{
	static char buf[200000];
	size_t got = 0;
	int p[2];
	pid_t pid;

	OK(pipe(p));
	pid = OK(fork());
	if (pid == 0) {
		close(p[0]);
		for (size_t i = 0; i < sizeof(buf); i++)
			buf[i] = i % 251;
		CHECK_EQ(write(p[1], buf, sizeof(buf)), sizeof(buf));
		_exit(0);
	}
	close(p[1]);
	while (got < sizeof(buf)) {
		ssize_t n = OK(read(p[0], buf, 3001));

		CHECK(n > 0);
		for (ssize_t i = 0; i < n; i++)
			CHECK_EQ((unsigned char)buf[i], (got + i) % 251);
		got += n;
	}
	CHECK_EQ(read(p[0], buf, 1), 0);
	CHECK_EXITS(pid, 0);
	close(p[0]);
}

TEST(eof_wakes_the_reader)
{
	int p[2];
	char c;
	pid_t pid;

	OK(pipe(p));
	pid = OK(fork());
	if (pid == 0) {
		close(p[0]);
		sleep_ms(30);
		_exit(0);
	}
	close(p[1]);
	CHECK_EQ(read(p[0], &c, 1), 0);
	CHECK_EXITS(pid, 0);
	close(p[0]);
}

TEST(fifo)
{
	struct stat st;
	int fd;
	char buf[8];
	pid_t pid;

	OK(mkfifo("fifo", 0600));
	OK(stat("fifo", &st));
	CHECK(S_ISFIFO(st.st_mode));
	CHECK_ERR(mkfifo("fifo", 0600), EEXIST);
	CHECK_ERR(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
	fd = OK(open("fifo", O_RDONLY | O_NONBLOCK));
	CHECK_EQ(read(fd, buf, 1), 0);
	close(fd);
	pid = OK(fork());
	if (pid == 0) {
		fd = OK(open("fifo", O_WRONLY));
		CHECK_EQ(write(fd, "hello", 5), 5);
		_exit(0);
	}
	fd = OK(open("fifo", O_RDONLY));
	CHECK_EQ(read(fd, buf, 8), 5);
	CHECK_EQ(read(fd, buf, 8), 0);
	close(fd);
	CHECK_EXITS(pid, 0);
}

TEST(fault_keeps_the_bytes)
{
	int p[2];
	char buf[4];

	OK(pipe(p));
	CHECK_EQ(write(p[1], "abcd", 4), 4);
	CHECK_ERR(read(p[0], BAD_ADDRESS, 4), EFAULT);
	CHECK_EQ(read(p[0], buf, 4), 4);
	CHECK(memcmp(buf, "abcd", 4) == 0);
	CHECK_ERR(write(p[1], BAD_ADDRESS, 4), EFAULT);
	close(p[0]);
	close(p[1]);
}
