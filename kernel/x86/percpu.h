/*
 * Per-CPU variables, reached by GS.
 *
 * Each is linked once, in section .percpu; every CPU has a copy of the section
 * and a GS base of (its copy - the section), so that %gs:name is the CPU's own.
 * Kernel code moves to another CPU only where it sleeps, so a per-CPU value may
 * be read and changed without disabling anything, unless an interrupt handler
 * changes it too.
 */
#pragma once

#include "kernel/lib/types.h"

#define MAX_CPUS		256

/* Not for arrays, whose address space gcc 12 drops: put them in a struct. */
#define PERCPU_DECLARE(type, name)	extern __seg_gs __typeof__(type) name
#define PERCPU_DEFINE(type, name) \
	__attribute__((section(".percpu"))) __seg_gs __typeof__(type) name

/* [I] what to add to a per-CPU symbol's link address, by CPU. */
extern u64 percpu_offset_of[MAX_CPUS];

PERCPU_DECLARE(u64, percpu_offset);	/* [I] this CPU's own offset */
PERCPU_DECLARE(u32, cpu_id);		/* [I] 0 is the boot CPU; dense */

/* Plain pointers to a copy of a per-CPU variable: this CPU's, or CPU c's. */
#define PERCPU_THIS(type, name) \
	((__typeof__(type) *)(percpu_offset + (u64)(uintptr_t)&(name)))
#define PERCPU_OF(type, name, c) \
	((__typeof__(type) *)(percpu_offset_of[c] + (u64)(uintptr_t)&(name)))

extern u32 ncpus;			/* [I after boot] CPUs that run */
