/*
 * Interrupt routing: local APIC, x2APIC, I/O APICs. Source: SDM 3A chapter 11,
 * 82093AA datasheet.
 */
#pragma once

#include "kernel/lib/types.h"

struct acpi_info;

void	intr_init(const struct acpi_info *acpi);	/* boot CPU */
void	intr_init_cpu(void);				/* every CPU */
void	intr_eoi(void);

/* Route global interrupt gsi (ACPI numbering) to a vector on a CPU; masked
 * until intr_unmask(). flags as in the MADT (polarity, trigger). */
void	intr_route(u32 gsi, u32 vector, u32 cpu, u32 flags);
void	intr_route_isa(u32 isa_irq, u32 vector, u32 cpu);
void	intr_unmask_isa(u32 isa_irq);	/* the GSI that it arrives on */
/* Where a device writes to interrupt the CPU; the vector is what it writes. A
 * CPU that the 8 bits of the id do not reach is served by the boot CPU. */
u64	intr_msi_addr(u32 cpu);
void	intr_mask(u32 gsi);
void	intr_unmask(u32 gsi);
void	intr_mask_isa(u32 isa_irq);
void	intr_unmask_isa(u32 isa_irq);
