/*
 * Only for kernel/x86.
 */
#pragma once

#include "kernel/lib/types.h"

/* Map the stacks of a CPU whose per-CPU area exists; sets its ISTs. */
void	cpu_stacks_create(u32 cpu);

/* Where its idle stack begins, of CPU_IDLE_STACK_BYTES. Not for CPU 0. */
u64	cpu_idle_stack(u32 cpu);
#define CPU_IDLE_STACK_BYTES	(4 * PAGE_SIZE)
