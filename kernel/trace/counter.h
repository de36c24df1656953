/*
 * Per-CPU event counters, summed when read; listed in /proc/counters.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/percpu.h"

#define COUNTERS(X) \
	X(syscalls, "system calls") \
	X(faults, "page faults") \
	X(switches, "context switches") \
	X(interrupts, "device interrupts") \
	X(ipis, "interprocessor interrupts received") \
	X(tlb_shootdowns, "TLB shootdowns sent") \
	X(forks, "processes and threads made") \
	X(lock_acquired, "spinlock acquisitions") \
	X(lock_contended, "of these, contended") \
	X(reserve_waits, "waits in reserve_row()") \
	X(reserve_slow, "reserve_row() off the fast path") \
	X(kills, "processes killed for memory") \
	X(rcu_deferred, "RCU callbacks queued") \
	X(steals, "threads stolen by an idle CPU")

enum counter {
#define X(name, text) COUNTER_##name,
	COUNTERS(X)
#undef X
	NCOUNTERS
};

struct counters {
	u64	n[NCOUNTERS];
};
PERCPU_DECLARE(struct counters, counters);

/* Not atomic against an interrupt on the same CPU in the same counter. */
#define counter_inc(name)	(counters.n[COUNTER_##name]++)
u64	counter_sum(enum counter c);
const char *counter_name(enum counter c);
