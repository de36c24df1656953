/*
 * /proc/bus/pci/devices, as Linux prints it: a line a function with its place
 * (bus, then slot and function in a byte), ids, interrupt line, what the six
 * BARs and the ROM hold with their low bits, how long they are, the driver.
 * There, too, the second half of a 64-bit BAR counts as an empty BAR.
 */
#include "drivers/pci/pci.h"
#include "fs/procfs/procfs_priv.h"

int
show_pci_devices(struct ptext *t, struct pctx *c)
{
	(void)c;
	for (struct pci_dev *d = pci_next(NULL); d != NULL && !pt_is_full(t);
	    d = pci_next(d)) {
		pt_printf(t, "%04x\t%04x%04x\t%x", d->bdf, d->vendor,
		    d->device, d->irq_line);
		for (u32 n = 0; n <= PCI_BAR_ROM; n++)
			pt_printf(t, "\t%16lx", d->bar[n].kind ==
			    PCI_BAR_NONE ? 0 :
			    d->bar[n].addr | d->bar[n].flags);
		for (u32 n = 0; n <= PCI_BAR_ROM; n++)
			pt_printf(t, "\t%16lx", d->bar[n].kind ==
			    PCI_BAR_NONE ? 0 : d->bar[n].len_bytes);
		pt_printf(t, "\t%s\n", d->driver ? d->driver->name : "");
	}
	return 0;
}
