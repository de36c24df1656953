/*
 * Registers of configuration space. A register past the end of what the
 * segment can reach reads as all ones, as one of a function that is not there.
 */
#include "drivers/pci/pci_priv.h"
#include "drivers/pci/reg.h"
#include "kernel/lib/assert.h"

static u32
config_read(const struct pci_dev *d, u32 reg, u32 width)
{
	const struct pci_segment *s = d->segment;

	assert(reg % width == 0);
	if (reg >= s->config_bytes)
		return PCI_GONE;
	return s->access->read(s, d->bdf, reg, width);
}

static void
config_write(const struct pci_dev *d, u32 reg, u32 width, u32 v)
{
	const struct pci_segment *s = d->segment;

	assert(reg % width == 0);
	if (reg < s->config_bytes)
		s->access->write(s, d->bdf, reg, width, v);
}

u8
pci_read8(const struct pci_dev *d, u32 reg)
{
	return (u8)config_read(d, reg, 1);
}

u16
pci_read16(const struct pci_dev *d, u32 reg)
{
	return (u16)config_read(d, reg, 2);
}

u32
pci_read32(const struct pci_dev *d, u32 reg)
{
	return config_read(d, reg, 4);
}

void
pci_write8(const struct pci_dev *d, u32 reg, u8 v)
{
	config_write(d, reg, 1, v);
}

void
pci_write16(const struct pci_dev *d, u32 reg, u16 v)
{
	config_write(d, reg, 2, v);
}

void
pci_write32(const struct pci_dev *d, u32 reg, u32 v)
{
	config_write(d, reg, 4, v);
}
