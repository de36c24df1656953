/*
 * The machine's start, in the order in which kernel/main.c calls it:
 *
 *	x86_env = ...		what this rank needs of the higher ones
 *	boot_mem_init(bi)	(kernel/mem)
 *	paging_init(bi)		the final page tables, W^X
 *	trap_ops = ...
 *	acpi_parse(...)		(kernel/acpi; its env.map is paging_map_ro)
 *	intr_init(acpi)		interrupt controllers, this CPU's local APIC
 *	smp_prepare()		per-CPU areas and stacks of the other CPUs
 *	clock_init()		time and alarm
 *	frame_init(bi)		(kernel/mem) the boot allocator ends here
 *	x86_report()		features and mitigations, in the log
 *	cpu_irq_enable()
 *	smp_start(main)		the other CPUs
 */
#pragma once

#include "kernel/lib/types.h"

struct bootinfo;

/* kernel/main.c: called by x86_start() on the boot stack, interrupts off, on
 * the early page tables (physical memory below 4 GiB is mapped). */
noreturn void kernel_main(const struct bootinfo *bi);

/* What the loader said; the page of the CPUs' start-up code is taken out. */
extern const struct bootinfo *boot_info;

/* Make this CPU's descriptor tables and control registers right; every CPU,
 * the boot CPU before kernel_main(). */
void	cpu_init(void);

/* Log the CPU's name, its features and the state of mitigations. */
void	x86_report(void);

/* Stop this CPU for ever. */
noreturn void cpu_halt(void);

/* Reset the machine by a triple fault: the last resort. */
noreturn void cpu_triple_fault(void);
