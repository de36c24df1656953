/*
 * Counters: the sum over CPUs, and their names.
 */
#include "kernel/trace/counter.h"

PERCPU_DEFINE(struct counters, counters);

u64
counter_sum(enum counter c)
{
	u64 sum = 0;

	for (u32 cpu = 0; cpu < ncpus; cpu++)
		sum += PERCPU_OF(struct counters, counters, cpu)->n[c];
	return sum;
}

const char *
counter_name(enum counter c)
{
	static const char *const names[NCOUNTERS] = {
#define X(name, text) [COUNTER_##name] = text,
		COUNTERS(X)
#undef X
	};

	return names[c];
}
