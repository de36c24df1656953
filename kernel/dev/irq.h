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

/* What a device writes, and where, to interrupt (a message, MSI). */
struct irq_message {
	u64		addr;
	u32		data;
};

/*
 * Call fn(arg) on the CPU at each such message, which gets a vector of its own.
 * Boot. -ENOSPC: the vectors are used up.
 */
int	irq_attach_msi(const char *name, u32 cpu, irq_fn fn, void *arg,
	    struct irq_message *out);

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
