/*
 * MADT: CPUs, I/O APICs and how interrupts are wired (ACPI 6.5 5.2.12).
 *
 * A processor is listed by a local APIC entry (8-bit id) or a local x2APIC
 * entry (32-bit id); firmware that lists one both ways is tolerated. One that
 * is neither enabled nor able to come online later is left out.
 */
#include "kernel/acpi/acpi_priv.h"

#define MADT_LAPIC_ADDR		36
#define MADT_FLAGS		40
#define  MADT_PCAT_COMPAT	BIT(0)
#define MADT_ENTRIES		44

/* Entry types, table 5.20. */
#define MADT_LAPIC		0
#define MADT_IOAPIC		1
#define MADT_OVERRIDE		2
#define MADT_LAPIC_NMI		4
#define MADT_LAPIC_ADDR64	5
#define MADT_X2APIC		9
#define MADT_X2APIC_NMI		10

#define CPU_ENABLED		BIT(0)
#define CPU_ONLINE_CAPABLE	BIT(1)

static void
add_cpu(const struct acpi_table *t, struct acpi_info *out, u32 apic_id,
    u32 uid, u32 flags, bool x2apic)
{
	if (!(flags & (CPU_ENABLED | CPU_ONLINE_CAPABLE)))
		return;
	for (u32 i = 0; i < out->ncpus; i++) {
		if (out->cpu[i].apic_id != apic_id)
			continue;
		if (out->cpu[i].acpi_uid != uid)
			acpi_warn(t->env, t->name, "APIC id %u comes twice",
			    apic_id);
		return;
	}
	if (out->ncpus == ACPI_MAX_CPUS) {
		out->cpus_dropped++;
		return;
	}
	out->cpu[out->ncpus++] = (struct acpi_cpu){
		.apic_id = apic_id, .acpi_uid = uid,
		.enabled = flags & CPU_ENABLED,
		.online_capable = !(flags & CPU_ENABLED), .x2apic = x2apic,
	};
}

static void
parse_lapic(const struct acpi_table *t, u32 at, struct acpi_info *out)
{
	u8 id = acpi_u8(t, at + 3);

	if (id != 0xff)			/* the broadcast id */
		add_cpu(t, out, id, acpi_u8(t, at + 2), acpi_u32(t, at + 4),
		    false);
}

static void
parse_x2apic(const struct acpi_table *t, u32 at, struct acpi_info *out)
{
	u32 id = acpi_u32(t, at + 4);

	if (id != UINT32_MAX)
		add_cpu(t, out, id, acpi_u32(t, at + 12), acpi_u32(t, at + 8),
		    true);
}

static void
parse_ioapic(const struct acpi_table *t, u32 at, struct acpi_info *out)
{
	struct acpi_ioapic io = {
		.id = acpi_u8(t, at + 2), .addr = acpi_u32(t, at + 4),
		.gsi_base = acpi_u32(t, at + 8),
	};

	if (io.addr == 0 || io.addr % 16) {
		acpi_warn(t->env, t->name, "bad I/O APIC address %#lx",
		    io.addr);
		return;
	}
	for (u32 i = 0; i < out->nioapics; i++) {
		if (out->ioapic[i].addr == io.addr ||
		    out->ioapic[i].gsi_base == io.gsi_base) {
			acpi_warn(t->env, t->name, "two I/O APICs collide");
			return;
		}
	}
	if (out->nioapics == ACPI_MAX_IOAPICS) {
		acpi_warn(t->env, t->name, "too many I/O APICs");
		return;
	}
	out->ioapic[out->nioapics++] = io;
}

static void
parse_override(const struct acpi_table *t, u32 at, struct acpi_info *out)
{
	struct acpi_override ov = {
		.irq = acpi_u8(t, at + 3), .gsi = acpi_u32(t, at + 4),
		.flags = acpi_u16(t, at + 8),
	};

	if (ov.irq > 15 || out->noverrides == ACPI_MAX_OVERRIDES) {
		acpi_warn(t->env, t->name, "override of irq %u ignored",
		    ov.irq);
		return;
	}
	out->override[out->noverrides++] = ov;
}

static void
add_nmi(const struct acpi_table *t, struct acpi_info *out,
    struct acpi_nmi nmi)
{
	if (nmi.lint > 1 || out->nnmis == ACPI_MAX_NMIS)
		acpi_warn(t->env, t->name, "NMI on LINT%u ignored", nmi.lint);
	else
		out->nmi[out->nnmis++] = nmi;
}

static void
parse_lapic_nmi(const struct acpi_table *t, u32 at, struct acpi_info *out)
{
	u8 uid = acpi_u8(t, at + 2);

	add_nmi(t, out, (struct acpi_nmi){
		.acpi_uid = uid, .all_cpus = uid == 0xff,
		.flags = acpi_u16(t, at + 3), .lint = acpi_u8(t, at + 5),
	});
}

static void
parse_x2apic_nmi(const struct acpi_table *t, u32 at, struct acpi_info *out)
{
	u32 uid = acpi_u32(t, at + 4);

	add_nmi(t, out, (struct acpi_nmi){
		.acpi_uid = uid, .all_cpus = uid == UINT32_MAX,
		.flags = acpi_u16(t, at + 2), .lint = acpi_u8(t, at + 8),
	});
}

static void
parse_lapic_addr(const struct acpi_table *t, u32 at, struct acpi_info *out)
{
	out->lapic_addr = acpi_u64(t, at + 4);
}

static const struct {
	u8 type;
	u8 min_len;
	void (*parse)(const struct acpi_table *t, u32 at,
	    struct acpi_info *out);
} entries[] = {
	{ MADT_LAPIC, 8, parse_lapic },
	{ MADT_IOAPIC, 12, parse_ioapic },
	{ MADT_OVERRIDE, 10, parse_override },
	{ MADT_LAPIC_NMI, 6, parse_lapic_nmi },
	{ MADT_LAPIC_ADDR64, 12, parse_lapic_addr },
	{ MADT_X2APIC, 16, parse_x2apic },
	{ MADT_X2APIC_NMI, 12, parse_x2apic_nmi },
};

static void
parse_entry(const struct acpi_table *t, u32 at, u32 len,
    struct acpi_info *out)
{
	u8 type = acpi_u8(t, at);

	for (usize i = 0; i < ARRAY_LEN(entries); i++) {
		if (entries[i].type != type)
			continue;
		if (len >= entries[i].min_len)
			entries[i].parse(t, at, out);
		else
			acpi_warn(t->env, t->name,
			    "entry of type %u too short (%u)", type, len);
		return;
	}
}

void
acpi_parse_madt(const struct acpi_table *t, struct acpi_info *out)
{
	u32 len, at = MADT_ENTRIES;

	out->has_madt = true;
	out->lapic_addr = acpi_u32(t, MADT_LAPIC_ADDR);
	out->has_8259 = acpi_u32(t, MADT_FLAGS) & MADT_PCAT_COMPAT;
	for (; acpi_next_entry(t, &at, &len, 2); at += len)
		parse_entry(t, at, len, out);
	if (out->lapic_addr % PAGE_SIZE || out->lapic_addr >= BIT(52)) {
		acpi_warn(t->env, t->name, "bad local APIC address %#lx",
		    out->lapic_addr);
		out->lapic_addr = 0;
	}
	if (out->cpus_dropped)
		acpi_warn(t->env, t->name, "%u CPUs past %u ignored",
		    out->cpus_dropped, ACPI_MAX_CPUS);
}

u32
acpi_isa_gsi(const struct acpi_info *info, u8 irq, u16 *flags)
{
	const struct acpi_override *ov = info->override;
	u32 gsi = irq;
	u16 f = 0;

	for (u32 i = 0; i < info->noverrides; i++, ov++) {
		if (ov->irq == irq) {
			gsi = ov->gsi;
			f = ov->flags;
		}
	}
	if ((f & ACPI_INTI_POLARITY) == ACPI_INTI_BUS)
		f |= ACPI_INTI_HIGH;
	if ((f & ACPI_INTI_TRIGGER) == ACPI_INTI_BUS)
		f |= ACPI_INTI_EDGE;
	*flags = f;
	return gsi;
}
