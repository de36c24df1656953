/*
 * Interrupts as messages: a function writes a word to an address that is the
 * CPU's local APIC (SDM 3A 11.11), no wire and no router between. So each
 * message has a vector of its own, a CPU of its own and nobody to share with.
 *
 * MSI-X has a table of addresses in one of the function's BARs, and a mask bit
 * for each. Plain MSI has one address in configuration space; of the up to 32
 * messages that it can count off from there the first alone is used. It may
 * lack a mask: then it is turned on only when its address is right.
 */
#include "drivers/pci/pci_priv.h"
#include "drivers/pci/reg.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/assert.h"
#include "kernel/trace/log.h"
#include "kernel/x86/mmio.h"

bool pci_msi_refused;

/* The table of MSI-X in mapped memory, or NULL if the device lies about it. */
static void *
msix_map_table(struct pci_dev *d, u32 cap, u32 nentries)
{
	u32 where = pci_read32(d, cap + MSIX_TABLE);
	u32 bir = where & MSIX_BIR, offset = where & ~MSIX_BIR;
	u8 *regs;

	if (bir >= PCI_BARS || d->bar[bir].kind != PCI_BAR_MEM ||
	    d->bar[bir].len_bytes < (u64)nentries * MSIX_ENTRY_BYTES ||
	    offset > d->bar[bir].len_bytes -
	    (u64)nentries * MSIX_ENTRY_BYTES)
		return NULL;
	regs = pci_bar_map(d, bir);
	return regs == NULL ? NULL : regs + offset;
}

static bool
msix_init(struct pci_dev *d, u32 cap)
{
	u16 control = pci_read16(d, cap + MSIX_CONTROL);
	u32 n = (control & MSIX_LAST) + 1u;
	void *table = msix_map_table(d, cap, n);

	if (table == NULL)
		return false;
	d->msix_table = table;
	d->msix = (u16)cap;
	d->nmsgs = n;
	control |= MSIX_ENABLE | MSIX_MASK_ALL;
	pci_write16(d, cap + MSIX_CONTROL, control);
	for (u32 i = 0; i < n; i++)
		pci_msi_mask(d, i);
	pci_write16(d, cap + MSIX_CONTROL, control & (u16)~MSIX_MASK_ALL);
	return true;
}

static bool
msi_init(struct pci_dev *d, u32 cap)
{
	u16 control = pci_read16(d, cap + MSI_CONTROL);

	pci_write16(d, cap + MSI_CONTROL,
	    control & (u16)~(MSI_ENABLE | MSI_MULTI_ENABLE));
	d->msi = (u16)cap;
	d->nmsgs = 1;
	return true;
}

u32
pci_msi_init(struct pci_dev *d)
{
	u32 msix = pci_find_cap(d, CAP_MSIX), msi = pci_find_cap(d, CAP_MSI);

	assert(d->nmsgs == 0);
	if (pci_msi_refused)
		return 0;
	if ((msix != 0 && msix_init(d, msix)) ||
	    (msi != 0 && msi_init(d, msi)))
		return d->nmsgs;
	return 0;
}

static void
msix_set(struct pci_dev *d, u32 n, const struct irq_message *m)
{
	u8 *entry = (u8 *)d->msix_table + n * MSIX_ENTRY_BYTES;

	reg_write32(entry, MSIX_ENTRY_ADDR, (u32)m->addr);
	reg_write32(entry, MSIX_ENTRY_ADDR_HIGH, (u32)(m->addr >> 32));
	reg_write32(entry, MSIX_ENTRY_DATA, m->data);
}

static void
msi_set(struct pci_dev *d, const struct irq_message *m)
{
	u16 control = pci_read16(d, d->msi + MSI_CONTROL);

	pci_write32(d, d->msi + MSI_ADDR, (u32)m->addr);
	if (control & MSI_64)
		pci_write32(d, d->msi + MSI_ADDR_HIGH, (u32)(m->addr >> 32));
	pci_write16(d, d->msi + MSI_DATA(control), (u16)m->data);
	pci_write16(d, d->msi + MSI_CONTROL,
	    (u16)((control & ~MSI_MULTI_ENABLE) | MSI_ENABLE));
}

int
pci_msi_attach(struct pci_dev *d, u32 n, u32 cpu, const char *name, irq_fn fn,
    void *arg)
{
	struct irq_message m;
	int err;

	if (n >= d->nmsgs)
		return -EINVAL;
	err = irq_attach_msi(name, cpu, fn, arg, &m);
	if (err != 0)
		return err;
	pci_msi_mask(d, n);
	if (d->msix != 0)
		msix_set(d, n, &m);
	else
		msi_set(d, &m);
	pci_msi_unmask(d, n);
	return 0;
}

/* A mask register, of which one bit is this message's. */
static void
mask_write(struct pci_dev *d, u32 n, u32 mask)
{
	u8 *entry = (u8 *)d->msix_table + n * MSIX_ENTRY_BYTES;
	u16 control;

	assert(n < d->nmsgs);
	if (d->msix != 0) {
		reg_write32(entry, MSIX_ENTRY_CONTROL, mask);
		/* Read back: the write has arrived (PCI 6.8.2). */
		(void)reg_read32(entry, MSIX_ENTRY_CONTROL);
		return;
	}
	control = pci_read16(d, d->msi + MSI_CONTROL);
	if (control & MSI_MASKS)
		pci_write32(d, d->msi + MSI_MASK(control), mask);
}

void
pci_msi_mask(struct pci_dev *d, u32 n)
{
	mask_write(d, n, ENTRY_MASK);
}

void
pci_msi_unmask(struct pci_dev *d, u32 n)
{
	mask_write(d, n, 0);
}

void
pci_msi_fini(struct pci_dev *d)
{
	if (d->msix != 0)
		pci_write16(d, d->msix + MSIX_CONTROL,
		    pci_read16(d, d->msix + MSIX_CONTROL) &
		    (u16)~MSIX_ENABLE);
	if (d->msi != 0)
		pci_write16(d, d->msi + MSI_CONTROL,
		    pci_read16(d, d->msi + MSI_CONTROL) & (u16)~MSI_ENABLE);
	d->msi = d->msix = 0;
	d->nmsgs = 0;
}
