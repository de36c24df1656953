/*
 * The hardware's clocks: the TSC as time, the local timer as alarm.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/cpu.h"

/* ns = (tsc * mult) >> shift, with a 128-bit product. [I after boot] */
struct clock_scale {
	u64	mult;
	u32	shift;
	u64	tsc_khz;
	u64	tsc_base;	/* TSC at time 0 */
};
extern struct clock_scale clock_scale;

/* Nanoseconds since boot; monotonic on all CPUs. */
static inline u64
clock_now_ns(void)
{
	u64 d = cpu_rdtsc() - clock_scale.tsc_base;

	return (u64)(((unsigned __int128)d * clock_scale.mult) >>
	    clock_scale.shift);
}

/* Find the clocks (HPET, PIT, TSC, local timer) and calibrate. Boot CPU. */
void	clock_init(void);

/* This CPU's timer fires once at deadline_ns (clock_now_ns() time), at once if
 * that is past; CLOCK_NEVER stops it. Interrupts off. */
#define CLOCK_NEVER		(~0ull)
void	clock_set_alarm(u64 deadline_ns);

/* Busy-wait, for device set-up at boot. */
void	clock_spin_ns(u64 ns);
