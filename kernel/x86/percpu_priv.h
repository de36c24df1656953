/*
 * Making the per-CPU areas. Only for kernel/x86.
 */
#pragma once

#include "kernel/lib/types.h"

#define BOOT_THREAD_BYTES	2048	/* >= sizeof(struct thread) */

/* The boot CPU's area and GS base; before any other C code. */
void	percpu_init_boot(u64 stack_base, u64 stack_top);

/* The area of another CPU, with a boot thread on the given stack. */
void	percpu_create(u32 cpu, u64 stack_base, u64 stack_top);
