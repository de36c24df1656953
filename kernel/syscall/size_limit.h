/*
 * RLIMIT_FSIZE, for calls that make a file longer.
 */
#pragma once

#include "kernel/abi/errno.h"
#include "kernel/abi/resource.h"
#include "kernel/abi/signal.h"
#include "kernel/proc/task.h"

/* May a file become length bytes long? If not: -EFBIG, and SIGXFSZ is sent. */
static inline int
size_limit_check(s64 length, s64 now)
{
	u64 limit = proc_rlimit(RLIMIT_FSIZE);

	if (likely((u64)length <= limit) || length <= now)
		return 0;
	signal_send_task(current_task(), SIGXFSZ, NULL);
	return -EFBIG;
}
