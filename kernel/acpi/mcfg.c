/*
 * MCFG: where PCIe configuration space is mapped (PCI Firmware Specification
 * 3.3, table 4-2): one entry for each segment and range of buses.
 */
#include "kernel/acpi/acpi_priv.h"

#define MCFG_ENTRIES		44
#define MCFG_ENTRY_BYTES	16

/* A bus takes 1 MiB: 32 devices of 8 functions of 4 KiB. */
static bool
ecam_is_sound(const struct acpi_ecam *e)
{
	return e->base != 0 && e->base % BIT(20) == 0 &&
	    e->first_bus <= e->last_bus &&
	    e->base < BIT(52) - (e->last_bus + 1ul) * BIT(20);
}

static bool
ecam_overlaps(const struct acpi_info *info, const struct acpi_ecam *e)
{
	const struct acpi_ecam *o = info->ecam;

	for (u32 i = 0; i < info->necam; i++, o++)
		if (o->segment == e->segment && o->first_bus <= e->last_bus &&
		    e->first_bus <= o->last_bus)
			return true;
	return false;
}

void
acpi_parse_mcfg(const struct acpi_table *t, struct acpi_info *out)
{
	struct acpi_ecam e;
	u32 at = MCFG_ENTRIES;

	for (; at <= t->len && t->len - at >= MCFG_ENTRY_BYTES;
	    at += MCFG_ENTRY_BYTES) {
		e = (struct acpi_ecam){
			.base = acpi_u64(t, at), .segment = acpi_u16(t, at + 8),
			.first_bus = acpi_u8(t, at + 10),
			.last_bus = acpi_u8(t, at + 11),
		};
		if (!ecam_is_sound(&e) || ecam_overlaps(out, &e)) {
			acpi_warn(t->env, t->name,
			    "bad range %#lx, segment %u, buses %u-%u", e.base,
			    e.segment, e.first_bus, e.last_bus);
		} else if (out->necam == ACPI_MAX_ECAM) {
			acpi_warn(t->env, t->name, "too many ranges");
			return;
		} else {
			out->ecam[out->necam++] = e;
		}
	}
}
