/*
 * HPET: the description table of the high precision event timer (IA-PC HPET
 * specification 1.0a, section 3.2.4).
 */
#include "kernel/acpi/acpi_priv.h"

#define HPET_BASE		40
#define HPET_NUMBER		52
#define HPET_MIN_TICK		53
#define HPET_BYTES		56

void
acpi_parse_hpet(const struct acpi_table *t, struct acpi_info *out)
{
	struct acpi_gas base = acpi_gas(t, HPET_BASE);

	if (t->len < HPET_BYTES || base.space != ACPI_SPACE_MEMORY ||
	    base.addr == 0 || base.addr % 1024) {
		acpi_warn(t->env, t->name, "no usable base address");
		return;
	}
	out->hpet = (struct acpi_hpet){
		.present = true, .addr = base.addr,
		.number = acpi_u8(t, HPET_NUMBER),
		.min_tick = acpi_u16(t, HPET_MIN_TICK),
	};
}
