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
