/*
 * poll(2), select(2) and epoll(7).
 */
#pragma once

#include <stdint.h>

#define POLLIN			0x0001
#define POLLPRI			0x0002
#define POLLOUT			0x0004
#define POLLERR			0x0008
#define POLLHUP			0x0010
#define POLLNVAL		0x0020
#define POLLRDNORM		0x0040
#define POLLRDBAND		0x0080
#define POLLWRNORM		0x0100
#define POLLWRBAND		0x0200
#define POLLMSG			0x0400
#define POLLRDHUP		0x2000

struct lx_pollfd {
	int32_t fd;
	int16_t events;
	int16_t revents;
};

_Static_assert(sizeof(struct lx_pollfd) == 8, "pollfd");

#define FD_SETSIZE		1024

struct lx_fd_set {
	uint64_t bits[FD_SETSIZE / 64];
};

_Static_assert(sizeof(struct lx_fd_set) == 128, "fd_set");

/* pselect6's sixth argument. */
struct lx_sigset_argpack {
	uint64_t sigset;
	uint64_t size;
};

#define EPOLL_CTL_ADD		1
#define EPOLL_CTL_DEL		2
#define EPOLL_CTL_MOD		3
#define EPOLL_CLOEXEC		02000000

#define EPOLLIN			0x00000001u
#define EPOLLPRI		0x00000002u
#define EPOLLOUT		0x00000004u
#define EPOLLERR		0x00000008u
#define EPOLLHUP		0x00000010u
#define EPOLLRDNORM		0x00000040u
#define EPOLLRDBAND		0x00000080u
#define EPOLLWRNORM		0x00000100u
#define EPOLLWRBAND		0x00000200u
#define EPOLLMSG		0x00000400u
#define EPOLLRDHUP		0x00002000u
#define EPOLLEXCLUSIVE		(1u << 28)
#define EPOLLWAKEUP		(1u << 29)
#define EPOLLONESHOT		(1u << 30)
#define EPOLLET			(1u << 31)

/* Packed on x86-64 only, so that it equals the 32-bit layout. */
struct lx_epoll_event {
	uint32_t events;
	uint64_t data;
} __attribute__((__packed__));

_Static_assert(sizeof(struct lx_epoll_event) == 12, "epoll_event");
