/*
 * A transfer's other side: a list of user (or kernel) buffers.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/vm/uaccess.h"

struct lx_iovec;

/*
 * The list of segments stands in kernel memory (iov) or, when it is long, is
 * read from user memory (iov_user) one entry at a time as the transfer gets
 * there: left, checked at the start, bounds the whole whatever a program writes
 * there meanwhile.
 *
 * o owned by the call; all fields
 */
struct uio {
	u64		base;		/* current segment: address */
	usize		len;		/* and what is left of it */
	const struct lx_iovec *iov;	/* segments after it, or NULL */
	u64		iov_user;	/* the same, in user memory */
	u32		niov;
	usize		left;		/* bytes left in all segments */
	bool		kernel;		/* buffers are kernel memory */
};

static inline struct uio
uio_user(uptr_t buf, usize len)
{
	return (struct uio){ .base = buf.addr, .len = len, .left = len };
}

static inline struct uio
uio_kernel(void *buf, usize len)
{
	return (struct uio){ .base = (u64)buf, .len = len, .left = len,
	    .kernel = true };
}

/*
 * Segments as readv(2) has them: few are copied to fast[UIO_FASTIOV], which the
 * caller keeps. A renewal point. -EINVAL, -EFAULT.
 */
int	uio_segments(struct uio *u, struct lx_iovec *fast, uptr_t iov,
	    usize niov);

/* Copy up to n bytes without faulting; advances; returns bytes copied. Less
 * than min(n, left): a page is missing: drop locks, uio_fault_in(), go on. */
usize	uio_put(struct uio *u, const void *from, usize n);	/* read(2) */
usize	uio_get(struct uio *u, void *to, usize n);		/* write(2) */
usize	uio_zero(struct uio *u, usize n);
/* Renewal point. 0, -EFAULT, -EINTR when killed. */
int	uio_fault_in(struct uio *u, enum user_access how);
void	uio_skip(struct uio *u, usize n);

/* Where readdir puts its entries. */
struct dir_sink {
	/* 0, or 1 when it is full: stop, and give this entry again next time.
	 * Neither sleeps nor faults: it may be called under any lock. */
	int	(*fill)(struct dir_sink *s, const char *name, usize len,
		    u64 ino, u8 type, s64 next_off);
};
