/*
 * Waiting for readiness: what a file's poll() operation fills in.
 */
#pragma once

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
