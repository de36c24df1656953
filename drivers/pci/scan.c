/*
 * Enumeration. The firmware has numbered the buses; every number of the segment
 * is tried in order, not only those that bridges tell of: on machines of many
 * sockets, buses begin that no bridge leads to, and without AML nobody says
 * where. So there is no tree to walk, and what bridges say (hostile ones in a
 * circle, too) costs nothing: 256 buses of 32 slots are all there is.
 *
 * A link has one device, in slot 0; some answer at all 32 (PCIe 7.3.1 forbids
 * it). So below a port that makes a link only slot 0 is asked.
 *
 * LIMIT: functions past the eighth (ARI) and virtual ones (SR-IOV) stay
 * unseen, and so does what the firmware gave no bus number.
 */
#include "drivers/pci/pci_priv.h"
#include "drivers/pci/reg.h"
#include "kernel/lib/bitmap.h"

/* Is there a function? Its type, class and numbers, if so. */
static bool
device_read_ids(struct pci_dev *d)
{
	u32 id = pci_read32(d, PCI_VENDOR), class;

	d->vendor = (u16)id;
	d->device = (u16)(id >> 16);
	if (d->vendor == 0xffff || d->vendor == 0)
		return false;
	class = pci_read32(d, PCI_REVISION);
	d->class = class >> 8;
	d->revision = (u8)class;
	d->header = pci_read8(d, PCI_HEADER) & HEADER_TYPE;
	d->irq_line = pci_read8(d, PCI_IRQ_LINE);
	d->irq_pin = pci_read8(d, PCI_IRQ_PIN);
	if (d->header == HEADER_DEVICE) {
		d->sub_vendor = pci_read16(d, PCI_SUB_VENDOR);
		d->sub_device = pci_read16(d, PCI_SUB_DEVICE);
	} else if (d->header == HEADER_BRIDGE) {
		d->bus_below = pci_read8(d, BRIDGE_SECONDARY);
	}
	return true;
}

/* Is the bus below this bridge a link? */
static bool
bridge_makes_link(const struct pci_dev *d)
{
	u32 cap = pci_find_cap(d, CAP_PCIE);
	u32 type = cap ? PCIE_TYPE(pci_read16(d, cap + PCIE_FLAGS)) : 0;

	return type == PCIE_ROOT_PORT || type == PCIE_DOWNSTREAM;
}

u32
pci_scan(const struct pci_segment *s, struct pci_dev *table, u32 max)
{
	BITMAP(links, PCI_BUSES) = { 0 };	/* buses with slot 0 only */
	u32 first = (u32)s->first_bus << 8, n = 0;
	u32 end = ((u32)s->last_bus + 1) << 8;

	for (u32 bdf = first; bdf < end; bdf++) {
		struct pci_dev d = { .segment = s, .bdf = (u16)bdf };
		bool multi;

		if (PCI_SLOT(bdf) != 0 && bitmap_test(links, PCI_BUS(bdf))) {
			bdf |= 0xff;
			continue;
		}
		if (!device_read_ids(&d)) {
			if (PCI_FN(bdf) == 0)
				bdf |= PCI_FNS - 1;
			continue;
		}
		multi = pci_read8(&d, PCI_HEADER) & HEADER_MULTI;
		if (d.header == HEADER_BRIDGE && bridge_makes_link(&d))
			bitmap_set(links, d.bus_below);
		pci_bars_read(&d);
		if (n < max)
			table[n] = d;
		n++;
		if (PCI_FN(bdf) == 0 && !multi)
			bdf |= PCI_FNS - 1;
	}
	return n;
}
