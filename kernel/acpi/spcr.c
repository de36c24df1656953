/*
 * SPCR: the serial port that the firmware's console uses (Microsoft's Serial
 * Port Console Redirection Table, revision 4).
 */
#include "kernel/acpi/acpi_priv.h"

#define SPCR_TYPE		36
#define SPCR_BASE		40
#define SPCR_IRQ_KIND		52
#define  SPCR_IRQ_GSI		(BIT(1) | BIT(2))	/* I/O APIC or SAPIC */
#define SPCR_GSI		54
#define SPCR_BAUD		58
#define SPCR_TERMINAL		62
#define SPCR_PCI_DEVICE		64
#define SPCR_PCI_VENDOR		66
#define SPCR_PCI_BUS		68
#define SPCR_PCI_SLOT		69
#define SPCR_PCI_FUNC		70
#define SPCR_PCI_SEGMENT	75
#define SPCR_BYTES		80

void
acpi_parse_spcr(const struct acpi_table *t, struct acpi_info *out)
{
	static const u32 bauds[] = {
		[3] = 9600, [4] = 19200, [6] = 57600, [7] = 115200,
	};
	struct acpi_spcr *s = &out->spcr;
	u8 baud = acpi_u8(t, SPCR_BAUD);

	if (t->len < SPCR_BYTES) {
		acpi_warn(t->env, t->name, "too short: %u bytes", t->len);
		return;
	}
	s->base = acpi_gas(t, SPCR_BASE);
	s->type = acpi_u8(t, SPCR_TYPE);
	s->gsi = acpi_u8(t, SPCR_IRQ_KIND) & SPCR_IRQ_GSI ?
	    acpi_u32(t, SPCR_GSI) : 0;
	s->baud = baud < ARRAY_LEN(bauds) ? bauds[baud] : 0;
	s->terminal = acpi_u8(t, SPCR_TERMINAL);
	s->pci_device = acpi_u16(t, SPCR_PCI_DEVICE);
	s->pci_vendor = acpi_u16(t, SPCR_PCI_VENDOR);
	s->is_pci = s->pci_vendor != 0xffff;
	s->pci_bus = acpi_u8(t, SPCR_PCI_BUS);
	s->pci_slot = acpi_u8(t, SPCR_PCI_SLOT) & 31;
	s->pci_func = acpi_u8(t, SPCR_PCI_FUNC) & 7;
	s->pci_segment = acpi_u8(t, SPCR_PCI_SEGMENT);
	/* Address 0 means that redirection is off. */
	s->present = s->base.addr != 0 && (s->base.space == ACPI_SPACE_IO ||
	    s->base.space == ACPI_SPACE_MEMORY);
}
