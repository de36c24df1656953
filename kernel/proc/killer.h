/*
 * The killer: what /proc/reserve shows of it.
 */
#pragma once

#include "kernel/lib/types.h"

struct kill_record {
	u32	pid;			/* of the lineage's largest process */
	char	comm[16];
	u32	nprocs;			/* killed with it */
	u64	frames;			/* its lineage had */
	u64	decided_ns;		/* clock_now_ns() time */
	u64	back_ns;		/* memory was back; 0: not yet */
};
/* The i-th last decision, 0 the newest. False: there are fewer. */
bool	killer_record(u32 i, struct kill_record *out);
u64	killer_decisions(void);
struct proc;
u64	killer_score(struct proc *p);	/* oom_score: frames */
