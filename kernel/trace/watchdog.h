/*
 * The watchdog: a CPU that hangs in the kernel makes a panic dump.
 */
#pragma once

#include "kernel/lib/types.h"

/* What the scheduler tells; each may be called for any CPU, without locks. */
struct watchdog_ops {
	bool	(*is_idle)(u32 cpu);		/* its idle thread runs */
	bool	(*has_waiting)(u32 cpu);	/* threads wait in its queue */
	u64	(*switches)(u32 cpu);		/* context switches so far */
};

/* Obey watchdog=SECONDS (0: off; default 20). Before the first check. */
void	watchdog_init(const char *cmdline, const struct watchdog_ops *ops);

/*
 * Look at all CPUs. To be called every 1 to 5 seconds in timer interrupts, by
 * CPU 0 and, so that it is watched too, by CPU 1.
 */
void	watchdog_check(void);

/* Add ns to the patience of all checks from now: long work known to be sane. */
void	watchdog_touch(void);
