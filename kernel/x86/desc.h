/*
 * Descriptor tables: GDT and TSS per CPU, one IDT. Intel SDM 3A 3.4, 6.14, 7.7.
 * Only for kernel/x86.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/asm.h"
#include "kernel/x86/percpu.h"

struct x86_tss {
	u32	reserved0;
	u64	rsp[3];			/* by privilege level entered */
	u64	reserved1;
	u64	ist[7];			/* ist[0] is IST 1 */
	u64	reserved2;
	u16	reserved3;
	u16	iomap_base;
} packed;
_Static_assert(sizeof(struct x86_tss) == 104, "SDM 3A figure 7-11");

/* One per CPU, in its per-CPU area. */
struct cpu_tables {
	u32		pad;		/* aligns tss.rsp[] */
	struct x86_tss	tss;
	u32		pad2;
	u64		gdt[GDT_ENTRIES];
} packed;
_Static_assert(offsetof(struct cpu_tables, tss.rsp) == CPU_TABLES_RSP0,
    "asm.h");

PERCPU_DECLARE(struct cpu_tables, cpu_tables);

enum { IST_DOUBLE_FAULT = 1, IST_NMI, IST_MACHINE_CHECK, NIST = 3 };

/* The boot CPU's tables and the IDT, on static emergency stacks. */
void	desc_init_boot(void);
/* Load this CPU's GDT, TSS, IDT and system call registers. Its IST stacks
 * have been set. */
void	desc_load(void);
/* CPU cpu's IST stack n ends at top (its tail is filled in here). */
void	desc_set_ist(u32 cpu, u32 n, void *top);
