/*
 * Capability lists. Each is a chain through configuration space that the device
 * makes up; one that comes back on itself ends by the bound: as many turns as
 * there is room for capabilities.
 */
#include "drivers/pci/pci_priv.h"
#include "drivers/pci/reg.h"

#define CAPS_MAX	((CONFIG_BYTES - CAP_FIRST) / 4)
#define ECAPS_MAX	((CONFIG_BYTES_PCIE - ECAP_FIRST) / 8)

/* PCI 6.7 */
u32
pci_find_cap(const struct pci_dev *d, u8 id)
{
	u32 at;

	if (!(pci_read16(d, PCI_STATUS) & STATUS_CAPS))
		return 0;
	at = pci_read8(d, PCI_CAPS) & CAP_NEXT_MASK;
	for (u32 i = 0; i < CAPS_MAX && at >= CAP_FIRST; i++) {
		u16 head = pci_read16(d, at);

		if (head == 0xffff)
			return 0;
		if ((head & 0xff) == id)
			return at;
		at = head >> 8 & CAP_NEXT_MASK;
	}
	return 0;
}

/* PCIe 7.9.1 */
u32
pci_find_ecap(const struct pci_dev *d, u16 id)
{
	u32 at = ECAP_FIRST;

	if (pci_find_cap(d, CAP_PCIE) == 0)
		return 0;
	for (u32 i = 0; i < ECAPS_MAX && at >= ECAP_FIRST; i++) {
		u32 head = pci_read32(d, at);

		if (head == PCI_GONE || head == 0)
			return 0;
		if (ECAP_ID(head) == id)
			return at;
		at = ECAP_NEXT(head);
	}
	return 0;
}
