/*
 * Local APIC registers (SDM 3A 10.4, 10.12; x2APIC's MSR is 0x800 + offset/16)
 * and I/O APIC registers (82093AA). Only for kernel/x86.
 */
#pragma once

#include "kernel/lib/types.h"

#define MSR_APIC_BASE		0x1b
#define  APIC_BASE_X2		BIT(10)
#define  APIC_BASE_ENABLE	BIT(11)
#define LAPIC_ID		0x020
#define LAPIC_TPR		0x080
#define LAPIC_EOI		0x0b0
#define LAPIC_SVR		0x0f0
#define  SVR_ENABLE		BIT(8)
#define LAPIC_ESR		0x280
#define LAPIC_ICR		0x300
#define LAPIC_ICR_HIGH		0x310
#define  ICR_FIXED		0x00000
#define  ICR_NMI		0x00400
#define  ICR_INIT		0x00500
#define  ICR_STARTUP		0x00600
#define  ICR_PENDING		BIT(12)
#define  ICR_ASSERT		BIT(14)
#define LAPIC_LVT_TIMER		0x320
#define  LVT_MASKED		BIT(16)
#define  LVT_NMI		0x400
#define  LVT_ACTIVE_LOW		BIT(13)
#define  LVT_TSC_DEADLINE	(2ul << 17)
#define LAPIC_LVT_THERMAL	0x330
#define LAPIC_LVT_PERF		0x340
#define LAPIC_LVT_LINT0		0x350
#define LAPIC_LVT_LINT1		0x360
#define LAPIC_LVT_ERROR		0x370
#define LAPIC_TIMER_INITIAL	0x380
#define LAPIC_TIMER_CURRENT	0x390
#define LAPIC_TIMER_DIVIDE	0x3e0
#define  TIMER_DIVIDE_BY_1	0xb

#define IOAPIC_SELECT		0x00
#define IOAPIC_WINDOW		0x10
#define IOAPIC_REG_VERSION	0x01
#define IOAPIC_REG_ENTRY	0x10	/* + 2 * pin; high half at + 1 */
#define  ENTRY_ACTIVE_LOW	BIT(13)
#define  ENTRY_LEVEL		BIT(15)
#define  ENTRY_MASKED		BIT(16)

#define MSI_BASE		0xfee00000ul	/* SDM 3A 11.11.1 */
#define  MSI_DEST(apic_id)	((u64)(apic_id) << 12)
#define MSI_DEST_MAX		0xfe	/* 0xff is all of them */

extern u32 apic_id_of[];		/* [I after start] by CPU number */
extern const struct acpi_info *x86_acpi; /* [I] given to intr_init() */

u32	lapic_read(u32 reg);
void	lapic_write(u32 reg, u32 value);
u32	lapic_id(void);			/* of this CPU */
/* Send to an APIC id: ICR_* or'ed with a vector. */
void	lapic_send(u32 apic_id, u32 icr);
