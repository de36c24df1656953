/*
 * The wall clock: CLOCK_REALTIME is clock_now_ns() and an offset.
 */
#pragma once

#include "kernel/lib/types.h"

/* Nanoseconds since 1970. Any context. */
u64	clock_realtime_ns(void);
/* Set it: the RTC at boot, clock_settime(2). */
void	clock_set_realtime_ns(u64 ns);
/* What is added to clock_now_ns(). */
u64	clock_realtime_offset_ns(void);

/*
 * What the vDSO reads, in a page that is mapped read-only into each process.
 * seq is odd while it changes. Monotonic time is
 * ((tsc - tsc_base) * mult) >> shift with a 128-bit product.
 */
struct clock_vdso {
	u32	seq;
	u32	shift;
	u64	mult;
	u64	tsc_base;
	u64	realtime_offset_ns;	/* add for CLOCK_REALTIME */
};

/* The page from now on; filled at once. Boot, after clock_init(). */
void	clock_set_vdso(struct clock_vdso *page);
