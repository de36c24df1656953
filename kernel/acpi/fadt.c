/*
 * FADT: power management registers and platform flags (ACPI 6.5 5.2.9).
 *
 * The table grew over the years; a field past its length reads as zero, which
 * means absent. Extended (X_) addresses hold where they are given.
 */
#include "kernel/acpi/acpi_priv.h"

#define FADT_DSDT		40
#define FADT_SCI_INT		46
#define FADT_SMI_CMD		48
#define FADT_ACPI_ENABLE	52
#define FADT_PM1A_EVT		56
#define FADT_PM1B_EVT		60
#define FADT_PM1A_CNT		64
#define FADT_PM1B_CNT		68
#define FADT_PM_TMR		76
#define FADT_PM1_EVT_LEN	88
#define FADT_PM1_CNT_LEN	89
#define FADT_PM_TMR_LEN		91
#define FADT_CENTURY		108
#define FADT_BOOT_ARCH		109
#define FADT_FLAGS		112
#define  FADT_TMR_VAL_EXT	BIT(8)
#define  FADT_RESET_REG_SUP	BIT(10)
#define  FADT_HW_REDUCED	BIT(20)
#define FADT_RESET_REG		116
#define FADT_RESET_VALUE	128
#define FADT_X_DSDT		140
#define FADT_X_PM1A_EVT		148
#define FADT_X_PM1B_EVT		160
#define FADT_X_PM1A_CNT		172
#define FADT_X_PM1B_CNT		184
#define FADT_X_PM_TMR		208
#define FADT_V1_BYTES		116

/* The register at extended offset x, else the port at offset old. */
static struct acpi_gas
fadt_register(const struct acpi_table *t, u32 x, u32 old, u32 len_at)
{
	struct acpi_gas g = acpi_gas(t, x);
	u32 port = acpi_u32(t, old);

	if (g.addr && (g.space == ACPI_SPACE_IO ||
	    g.space == ACPI_SPACE_MEMORY))
		return g;
	g = (struct acpi_gas){ .space = ACPI_SPACE_IO,
	    .bit_width = (u8)(acpi_u8(t, len_at) * 8) };
	if (port > 0xffff)
		acpi_warn(t->env, t->name, "port %#x is out of range", port);
	else
		g.addr = port;
	return g;
}

paddr_t
acpi_fadt_dsdt(const struct acpi_table *t)
{
	u64 x = acpi_u64(t, FADT_X_DSDT);

	return x ? x : acpi_u32(t, FADT_DSDT);
}

void
acpi_parse_fadt(const struct acpi_table *t, struct acpi_info *out)
{
	struct acpi_fadt *f = &out->fadt;
	u32 flags = acpi_u32(t, FADT_FLAGS);

	if (t->len < FADT_V1_BYTES) {
		acpi_warn(t->env, t->name, "too short: %u bytes", t->len);
		return;
	}
	f->present = true;
	f->sci_irq = acpi_u16(t, FADT_SCI_INT);
	f->smi_port = acpi_u32(t, FADT_SMI_CMD);
	if (f->smi_port > 0xffff) {
		acpi_warn(t->env, t->name, "bad SMI port %#x", f->smi_port);
		f->smi_port = 0;
	}
	f->acpi_enable = acpi_u8(t, FADT_ACPI_ENABLE);
	f->pm1a_evt = fadt_register(t, FADT_X_PM1A_EVT, FADT_PM1A_EVT,
	    FADT_PM1_EVT_LEN);
	f->pm1b_evt = fadt_register(t, FADT_X_PM1B_EVT, FADT_PM1B_EVT,
	    FADT_PM1_EVT_LEN);
	f->pm1a_cnt = fadt_register(t, FADT_X_PM1A_CNT, FADT_PM1A_CNT,
	    FADT_PM1_CNT_LEN);
	f->pm1b_cnt = fadt_register(t, FADT_X_PM1B_CNT, FADT_PM1B_CNT,
	    FADT_PM1_CNT_LEN);
	f->pm_timer = fadt_register(t, FADT_X_PM_TMR, FADT_PM_TMR,
	    FADT_PM_TMR_LEN);
	f->pm_timer_is_32bit = flags & FADT_TMR_VAL_EXT;
	f->hw_reduced = flags & FADT_HW_REDUCED;
	f->century = acpi_u8(t, FADT_CENTURY);
	/* ACPI 1.0 had no such field: assume a PC of its time. */
	f->boot_flags = t->revision < 2 ? ACPI_BOOT_LEGACY | ACPI_BOOT_8042 :
	    acpi_u16(t, FADT_BOOT_ARCH);
	f->reset = acpi_gas(t, FADT_RESET_REG);
	f->reset_value = acpi_u8(t, FADT_RESET_VALUE);
	f->reset_supported = (flags & FADT_RESET_REG_SUP) && f->reset.addr &&
	    f->reset.space <= ACPI_SPACE_PCI;
}
