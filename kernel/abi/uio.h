/*
 * readv(2), writev(2) and kin.
 */
#pragma once

#include <stdint.h>

struct lx_iovec {
	uint64_t iov_base;		/* user address */
	uint64_t iov_len;
};

_Static_assert(sizeof(struct lx_iovec) == 16, "iovec");

#define UIO_FASTIOV		8
#define UIO_MAXIOV		1024

#define RWF_HIPRI		0x01
#define RWF_DSYNC		0x02
#define RWF_SYNC		0x04
#define RWF_NOWAIT		0x08
#define RWF_APPEND		0x10
