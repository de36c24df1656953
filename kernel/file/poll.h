/*
 * Waiting for readiness: what a file's poll() operation fills in.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/sched/wait.h"

struct file;

struct poll_table {
	/* Called by the file's poll for each queue that reports changes. */
	void	(*add)(struct poll_table *pt, struct waitq *q);
};

static inline void
poll_wait(struct poll_table *pt, struct waitq *q)
{
	if (pt != NULL)
		pt->add(pt, q);
}

u32	file_poll(struct file *f, struct poll_table *pt);

/*
 * poll(2): wait until one of the nfds entries at fds is ready or deadline_ns
 * passes. Reserves for itself; the caller holds nothing. The number ready, or
 * -EFAULT, -EINVAL (nfds), -ENOMEM (policy), -EINTR.
 */
long	poll_wait_fds(uptr_t fds, u32 nfds, u64 deadline_ns);

/* select(2): sets of user memory may be null; they are written on return. */
long	poll_wait_sets(u32 n, uptr_t in, uptr_t out, uptr_t except,
	    u64 deadline_ns);
