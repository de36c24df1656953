/*
 * QEMU's `edu` device (docs/specs/edu.txt there): the shortest driver that has
 * all parts, to begin another from, and what the self-tests drive. It counts
 * interrupts and keeps the CPU that the last one came to.
 */
#include "drivers/pci/edu.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/atomic.h"
#include "kernel/x86/mmio.h"
#include "kernel/x86/percpu.h"

struct edu edu;

void
edu_irq(void *arg)
{
	struct edu *e = arg;

	reg_write32(e->regs, EDU_IRQ_ACK, reg_read32(e->regs, EDU_IRQ_STATUS));
	atomic_store(&e->cpu, cpu_id);
	atomic_inc(&e->count);
}

static int
edu_probe(struct pci_dev *d, const struct pci_id *id)
{
	int err;

	(void)id;
	if (edu.regs != NULL)
		return -EBUSY;		/* one is enough */
	err = pci_enable(d);
	if (err != 0)
		return err;
	edu.regs = pci_bar_map(d, 0);
	if (edu.regs == NULL || pci_msi_init(d) == 0)
		return -ENXIO;
	d->driver_data = &edu;
	return pci_msi_attach(d, 0, 0, "edu", edu_irq, &edu);
}

static void
edu_remove(struct pci_dev *d)
{
	((struct edu *)d->driver_data)->regs = NULL;
}

static const struct pci_id edu_ids[] = {
	{ .vendor = 0x1234, .device = 0x11e8, .name = "QEMU's test device" },
};

PCI_DRIVER(edu_driver) = {
	.name = "edu", .ids = edu_ids, .nids = ARRAY_LEN(edu_ids),
	.probe = edu_probe, .remove = edu_remove,
};
