/*
 * One byte to and fro between processes: over pipes, a socket pair and the
 * TCP loopback, and a token round a ring. A round trip is two wake-ups and,
 * on one CPU, two switches of address space.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/kbench/kbench.h"

#define RING_SIZE	8
#define FILE_BYTES	(64L << 20)

static int rd, wr;			/* this side of the pair */
static int file_fd, listen_fd;
static struct sockaddr_in lo_addr;

static void
echo(int r, int w)
{
	char c;

	while (read(r, &c, 1) == 1 && write(w, &c, 1) == 1)
		;
	_exit(0);
}

static void
echo_fork(int r, int w, int cpu)
{
	if (helper_fork() == 0) {
		close(rd);
		close(wr);
		pin(cpu);
		echo(r, w);
	}
	close(r);
	if (w != r)
		close(w);
}

static void
pipe_setup(long n, int cpu)
{
	int there[2], back[2];

	(void)n;
	NEED(pipe(there), "pipe");
	NEED(pipe(back), "pipe");
	wr = there[1];
	rd = back[0];
	pin(0);
	echo_fork(there[0], back[1], cpu);
}

static void
unix_setup(long n, int cpu)
{
	int s[2];

	(void)n;
	NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, s), "socketpair");
	rd = wr = s[0];
	pin(0);
	echo_fork(s[1], s[1], cpu);
}

static int
loopback_listen(void)
{
	socklen_t len = sizeof lo_addr;
	int one = 1, s;

	NEED(s = socket(AF_INET, SOCK_STREAM, 0), "socket");
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	lo_addr.sin_family = AF_INET;
	lo_addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	lo_addr.sin_port = 0;
	NEED(bind(s, (void *)&lo_addr, sizeof lo_addr), "bind");
	NEED(listen(s, 128), "listen");
	NEED(getsockname(s, (void *)&lo_addr, &len), "getsockname");
	return s;
}

void
loopback_pair(int *client, int *server)
{
	int one = 1, l = loopback_listen();

	NEED(*client = socket(AF_INET, SOCK_STREAM, 0), "socket");
	NEED(connect(*client, (void *)&lo_addr, sizeof lo_addr), "connect");
	NEED(*server = accept(l, NULL, NULL), "accept");
	close(l);
	setsockopt(*client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(*server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void
tcp_setup(long n, int cpu)
{
	int client, server;

	(void)n;
	loopback_pair(&client, &server);
	rd = wr = client;
	pin(0);
	echo_fork(server, server, cpu);
}

static void
pingpong_run(long n)
{
	char c = 'x';

	while (n--) {
		NEED(write(wr, &c, 1), "write");
		if (read(rd, &c, 1) != 1)
			skip("read");
	}
}

static void
connect_setup(long n, int arg)
{
	(void)n;
	(void)arg;
	listen_fd = loopback_listen();
}

static void
connect_run(long n)
{
	struct linger lg = { 1, 0 };
	int c, s;

	while (n--) {
		c = socket(AF_INET, SOCK_STREAM, 0);
		NEED(connect(c, (void *)&lo_addr, sizeof lo_addr), "connect");
		NEED(s = accept(listen_fd, NULL, NULL), "accept");
		setsockopt(c, SOL_SOCKET, SO_LINGER, &lg, sizeof lg);
		close(c);
		close(s);
	}
}

/* A file of 64 KiB pieces to a socket whose peer throws them away. */
static void
sendfile_setup(long n, int arg)
{
	int client, server;

	(void)n;
	(void)arg;
	loopback_pair(&client, &server);
	fill_file("big", FILE_BYTES);
	NEED(file_fd = open(path, O_RDONLY), path);
	while (read(file_fd, big, sizeof big) > 0)
		;
	wr = server;
	if (helper_fork() == 0) {
		close(server);
		while (read(client, big, sizeof big) > 0)
			;
		_exit(0);
	}
	close(client);
}

static void
sendfile_run(long n)
{
	off_t from;
	long left, k;

	while (n--) {
		from = 0;
		for (left = 65536; left > 0; left -= k)
			NEED(k = sendfile(wr, file_fd, &from, left),
			    "sendfile");
	}
}

/* Member i reads from pipe i-1 and writes to pipe i; we are member 0. */
static void
ring_member(int p[][2], int i)
{
	int j, from = (i + RING_SIZE - 1) % RING_SIZE;

	for (j = 0; j < RING_SIZE; j++) {
		if (j != from)
			close(p[j][0]);
		if (j != i)
			close(p[j][1]);
	}
	rd = p[from][0];
	wr = p[i][1];
}

static void
ring_setup(long n, int arg)
{
	int p[RING_SIZE][2], i;

	(void)n;
	(void)arg;
	pin(0);
	for (i = 0; i < RING_SIZE; i++)
		NEED(pipe(p[i]), "pipe");
	for (i = 1; i < RING_SIZE; i++) {
		if (helper_fork() == 0) {
			ring_member(p, i);
			echo(rd, wr);
		}
	}
	ring_member(p, 0);
}

/* One operation is one hop. */
static void
ring_run(long n)
{
	pingpong_run((n + RING_SIZE - 1) / RING_SIZE);
}

const struct test pingpong_tests[] = {
	{ "pipe_pingpong_same_cpu", 10000, pipe_setup, pingpong_run, NULL,
	    0, 0 },
	{ "pipe_pingpong_diff_cpu", 5000, pipe_setup, pingpong_run, NULL,
	    1, 0 },
	{ "unix_pingpong", 10000, unix_setup, pingpong_run, NULL, 0, 0 },
	{ "tcp_pingpong", 5000, tcp_setup, pingpong_run, NULL, 0, 0 },
	{ "tcp_connect_close", 2000, connect_setup, connect_run, NULL, 0, 0 },
	{ "sendfile_64k_tcp", 1000, sendfile_setup, sendfile_run, NULL, 0, 0 },
	{ "ctxsw_ring8_hop", 40000, ring_setup, ring_run, NULL, 0, 0 },
	{ NULL, 0, NULL, NULL, NULL, 0, 0 },
};
