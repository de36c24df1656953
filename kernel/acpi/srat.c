/*
 * SRAT: which CPUs and memory are near each other (ACPI 6.5 5.2.16).
 */
#include "kernel/acpi/acpi_priv.h"

#define SRAT_ENTRIES		48
#define SRAT_CPU		0
#define SRAT_CPU_BYTES		16
#define SRAT_MEMORY		1
#define SRAT_MEMORY_BYTES	40
#define SRAT_X2APIC		2
#define SRAT_X2APIC_BYTES	24
#define SRAT_ENABLED		BIT(0)

static void
set_node(struct acpi_info *out, u32 apic_id, u32 node)
{
	for (u32 i = 0; i < out->ncpus; i++)
		if (out->cpu[i].apic_id == apic_id)
			out->cpu[i].node = node;
}

static void
parse_cpu(const struct acpi_table *t, u32 at, struct acpi_info *out)
{
	/* The low byte of the domain stands apart from the upper three. */
	if (acpi_u32(t, at + 4) & SRAT_ENABLED)
		set_node(out, acpi_u8(t, at + 3), acpi_u8(t, at + 2) |
		    (acpi_u32(t, at + 8) & 0xffffff00));
}

static void
parse_x2apic(const struct acpi_table *t, u32 at, struct acpi_info *out)
{
	if (acpi_u32(t, at + 12) & SRAT_ENABLED)
		set_node(out, acpi_u32(t, at + 8), acpi_u32(t, at + 4));
}

static void
parse_memory(const struct acpi_table *t, u32 at, struct acpi_info *out)
{
	struct acpi_mem_node m = {
		.node = acpi_u32(t, at + 2), .start = acpi_u64(t, at + 8),
		.len_bytes = acpi_u64(t, at + 16),
	};

	if (!(acpi_u32(t, at + 28) & SRAT_ENABLED) || m.len_bytes == 0)
		return;
	if (m.start >= BIT(52) || m.len_bytes > BIT(52) - m.start)
		acpi_warn(t->env, t->name, "bad memory range at %#lx",
		    m.start);
	else if (out->nmem_nodes == ACPI_MAX_MEM_NODES)
		acpi_warn(t->env, t->name, "too many memory ranges");
	else
		out->mem_node[out->nmem_nodes++] = m;
}

void
acpi_parse_srat(const struct acpi_table *t, struct acpi_info *out)
{
	u32 len, at = SRAT_ENTRIES;
	u8 type;

	for (; acpi_next_entry(t, &at, &len, 2); at += len) {
		type = acpi_u8(t, at);
		if (type == SRAT_CPU && len >= SRAT_CPU_BYTES)
			parse_cpu(t, at, out);
		else if (type == SRAT_MEMORY && len >= SRAT_MEMORY_BYTES)
			parse_memory(t, at, out);
		else if (type == SRAT_X2APIC && len >= SRAT_X2APIC_BYTES)
			parse_x2apic(t, at, out);
	}
}
