/*
 * Other CPUs: starting them, interrupting them, running functions on them.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/percpu.h"

struct cpumask {
	u64	bits[MAX_CPUS / 64];
};

static inline void
cpumask_set(struct cpumask *m, u32 cpu)
{
	m->bits[cpu / 64] |= BIT(cpu % 64);
}

static inline void
cpumask_clear(struct cpumask *m, u32 cpu)
{
	m->bits[cpu / 64] &= ~BIT(cpu % 64);
}

static inline bool
cpumask_test(const struct cpumask *m, u32 cpu)
{
	return m->bits[cpu / 64] >> (cpu % 64) & 1;
}

/* Make the per-CPU areas and stacks of all CPUs that may be started. Before
 * frame_init(): they come from the boot allocator. After intr_init(). */
void	smp_prepare(void);
extern u32 ncpus_possible;		/* [I after smp_prepare()] */

/* Start all other CPUs; each calls main() on its own stack, with
 * interrupts off, x86_current its boot thread (thread.h), and ncpus final. */
void	smp_start(void (*main)(void));

/* Interrupt one CPU by a VECTOR_IPI_*; never waits for it to act. */
void	smp_send(u32 cpu, u32 vector);
/* NMI to one CPU, to every other CPU. */
void	smp_send_nmi(u32 cpu);
void	smp_send_nmi_others(void);

/*
 * Run fn(arg) on every CPU in mask but this one, in interrupt context, and wait
 * until all are done. Interrupts must be on; no spinlock that an interrupt
 * handler takes may be held.
 */
void	smp_call(const struct cpumask *mask, void (*fn)(void *arg), void *arg);
