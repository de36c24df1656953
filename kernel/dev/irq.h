/*
 * Device interrupts: vectors, handlers, counts.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/percpu.h"

/* Interrupts off, on the CPU that the line is routed to. */
typedef void (*irq_fn)(void *arg);

/*
 * Route ISA interrupt irq (0-15) to a vector of its own on the boot CPU and
 * call fn(arg) at each. Boot; panics when the vectors are used up.
 */
void	irq_attach_isa(u32 irq, const char *name, irq_fn fn, void *arg);

/* trap_ops.irq */
struct trapframe;
void	irq_dispatch(struct trapframe *tf, u32 vector);

/* For /proc/interrupts: the n-th attached; false past the last. */
struct irq_info {
	u32		vector;
	const char	*name;
	u64		count;
};
bool	irq_info(u32 n, struct irq_info *out);
