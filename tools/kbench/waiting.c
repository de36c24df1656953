/* Waiting on many descriptors: epoll, poll, select over eventfds. */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

#include "tools/kbench/kbench.h"

#define MAX_FDS		1000
#define POLL_FDS	100

static int fds[MAX_FDS], nfds, epoll_fd;
static struct pollfd pollfds[POLL_FDS];

/* n eventfds, the last one readable. */
static void
many_setup(int n)
{
	struct rlimit rl = { 4096, 4096 };
	uint64_t one = 1;

	setrlimit(RLIMIT_NOFILE, &rl);
	for (nfds = 0; nfds < n; nfds++)
		NEED(fds[nfds] = eventfd(0, EFD_NONBLOCK), "eventfd");
	NEED(write(fds[n - 1], &one, sizeof one), "write");
}

static void
epoll_setup(long n, int arg)
{
	int i;

	(void)n;
	(void)arg;
	many_setup(MAX_FDS);
	NEED(epoll_fd = epoll_create1(0), "epoll_create1");
	for (i = 0; i < nfds; i++) {
		struct epoll_event e = { EPOLLIN, { .fd = fds[i] } };

		NEED(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fds[i], &e),
		    "epoll_ctl");
	}
}

static void
epoll_run(long n)
{
	struct epoll_event e[16];

	while (n--)
		if (epoll_wait(epoll_fd, e, 16, 0) != 1)
			skip("epoll_wait");
}

/* Post one, wait for it, drain it. */
static void
epoll_cycle_run(long n)
{
	struct epoll_event e[16];
	uint64_t v;

	(void)!read(fds[nfds - 1], &v, sizeof v);
	v = 1;
	while (n--) {
		NEED(write(fds[n % nfds], &v, sizeof v), "write");
		if (epoll_wait(epoll_fd, e, 16, -1) != 1)
			skip("epoll_wait");
		NEED(read(e[0].data.fd, &v, sizeof v), "read");
	}
}

static void
poll_setup(long n, int arg)
{
	int i;

	(void)n;
	(void)arg;
	many_setup(POLL_FDS);
	for (i = 0; i < POLL_FDS; i++)
		pollfds[i] = (struct pollfd){ fds[i], POLLIN, 0 };
}

static void
poll_run(long n)
{
	while (n--)
		if (poll(pollfds, POLL_FDS, -1) != 1)
			skip("poll");
}

static void
select_run(long n)
{
	fd_set set;
	int i;

	while (n--) {
		FD_ZERO(&set);
		for (i = 0; i < POLL_FDS; i++)
			FD_SET(fds[i], &set);
		if (select(fds[POLL_FDS - 1] + 1, &set, NULL, NULL,
		    NULL) != 1)
			skip("select");
	}
}

const struct test wait_tests[] = {
	{ "epoll_wait_1000fd_1ready", 50000, epoll_setup, epoll_run, NULL,
	    0, 0 },
	{ "epoll_post_wait_drain", 30000, epoll_setup, epoll_cycle_run, NULL,
	    0, 0 },
	{ "poll_100fd", 10000, poll_setup, poll_run, NULL, 0, 0 },
	{ "select_100fd", 10000, poll_setup, select_run, NULL, 0, 0 },
	{ NULL, 0, NULL, NULL, NULL, 0, 0 },
};
