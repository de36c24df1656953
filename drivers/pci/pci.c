/*
 * PCI: the table of functions and the table of drivers.
 *
 * All is found once, at boot, by one thread; from then on the table of
 * functions does not change and is read without a lock. A function belongs to
 * the driver that took it, which serialises what it does with it.
 *
 * A function is left as the firmware had it until a driver takes it; then it
 * may no longer use its wire (INTx), since wires are shared and need AML.
 *
 * LIMIT: BARs that the firmware gave no address get none: such a device is
 * named in the log and cannot be used. There is no hot-plug; a device that was
 * pulled out is noticed by its driver.
 */
#include "drivers/pci/pci_priv.h"
#include "drivers/pci/reg.h"
#include "kernel/abi/errno.h"
#include "kernel/acpi/acpi.h"
#include "kernel/lib/assert.h"
#include "kernel/trace/log.h"
#include "kernel/x86/paging.h"

#define DEVS_MAX	512
#define MAP_MAX_BYTES	(512ul << 20)	/* of one BAR */

extern const struct pci_driver __pci_drivers_start[], __pci_drivers_end[];

/* All [I] after the scan, but what struct pci_dev says. */
static struct pci_segment segments[PCI_SEGMENTS_MAX];
static struct pci_dev devs[DEVS_MAX];
static u32 ndevs;

struct pci_dev *
pci_next(const struct pci_dev *d)
{
	u32 i = d == NULL ? 0 : (u32)(d - devs) + 1;

	return i < ndevs ? &devs[i] : NULL;
}

void
pci_master_start(struct pci_dev *d)
{
	pci_write16(d, PCI_COMMAND,
	    pci_read16(d, PCI_COMMAND) | COMMAND_MASTER);
}

void
pci_master_stop(struct pci_dev *d)
{
	pci_write16(d, PCI_COMMAND,
	    pci_read16(d, PCI_COMMAND) & (u16)~COMMAND_MASTER);
}

bool
pci_is_gone(struct pci_dev *d)
{
	if (pci_read32(d, PCI_VENDOR) == PCI_GONE)
		WRITE_ONCE(d->is_gone, true);
	return READ_ONCE(d->is_gone);
}

/* Is any of it RAM? A device, or a firmware, may say so. */
static bool
range_has_ram(paddr_t pa, u64 len_bytes)
{
	for (u64 at = PAGE_DOWN(pa); at < pa + len_bytes; at += PAGE_SIZE)
		if (at < KSTACK_BASE - PHYSMAP_BASE &&
		    paging_kernel_mapped(PHYSMAP_BASE + at))
			return true;
	return false;
}

void *
pci_bar_map(struct pci_dev *d, u32 n)
{
	struct pci_bar *b = &d->bar[n];

	assert(n <= PCI_BAR_ROM);
	if (b->regs != NULL)
		return b->regs;
	if (b->kind != PCI_BAR_MEM || b->addr == 0 ||
	    b->len_bytes > MAP_MAX_BYTES ||
	    range_has_ram(b->addr, b->len_bytes))
		return NULL;
	b->regs = vmap_device(b->addr, b->len_bytes);
	return b->regs;
}

void
pci_detach(struct pci_dev *d)
{
	const struct pci_driver *driver = d->driver;

	pci_master_stop(d);
	pci_msi_fini(d);
	d->driver = NULL;
	if (driver != NULL)
		driver->remove(d);
	d->driver_data = NULL;
}

/* ---- the log: pci 00:1f.2 8086:2922 class 010601 AHCI ---- */

static const char *
class_name(u32 class)
{
	static const struct { u32 class, mask; const char *name; } names[] = {
		{ 0x010601, 0xffffff, "AHCI" },
		{ 0x010802, 0xffffff, "NVMe" },
		{ 0x010000, 0xff0000, "storage" },
		{ 0x020000, 0xffff00, "Ethernet" },
		{ 0x020000, 0xff0000, "network" },
		{ 0x030000, 0xff0000, "display" },
		{ 0x040000, 0xff0000, "multimedia" },
		{ 0x060000, 0xffff00, "host bridge" },
		{ 0x060100, 0xffff00, "ISA bridge" },
		{ 0x060400, 0xffff00, "PCI bridge" },
		{ 0x060000, 0xff0000, "bridge" },
		{ 0x070000, 0xff0000, "serial port" },
		{ 0x0c0330, 0xffffff, "xHCI" },
		{ 0x0c0300, 0xffff00, "USB" },
		{ 0x0c0500, 0xffff00, "SMBus" },
	};

	for (u32 i = 0; i < ARRAY_LEN(names); i++)
		if ((class & names[i].mask) == names[i].class)
			return names[i].name;
	return "device";
}

#define WHERE_FMT	"%04x:%02x:%02x.%x"
#define WHERE_SHORT(d)	PCI_BUS((d)->bdf), PCI_SLOT((d)->bdf), PCI_FN((d)->bdf)
#define WHERE(d)	(d)->segment->number, WHERE_SHORT(d)

static void
device_log(const struct pci_dev *d)
{
	if (d->segment->number == 0)
		kinfo("pci %02x:%02x.%x %04x:%04x class %06x %s",
		    WHERE_SHORT(d), d->vendor, d->device, d->class,
		    class_name(d->class));
	else
		kinfo("pci " WHERE_FMT " %04x:%04x class %06x %s", WHERE(d),
		    d->vendor, d->device, d->class, class_name(d->class));
	for (u32 n = 0; n < PCI_BARS; n++)
		if (d->bar[n].kind != PCI_BAR_NONE && d->bar[n].addr == 0)
			kinfo("pci " WHERE_FMT ": BAR %u of %#lx bytes has "
			    "no address", WHERE(d), n, d->bar[n].len_bytes);
}

/* ---- drivers ---- */

static bool
id_fits(const struct pci_id *id, const struct pci_dev *d)
{
	if (id->vendor == PCI_ANY && id->device == PCI_ANY)
		return (d->class & id->class_mask) == id->class;
	return id->vendor == d->vendor && id->device == d->device;
}

/* Offer the function to a driver; true if it took it. */
static bool
driver_offer(const struct pci_driver *r, struct pci_dev *d)
{
	for (u32 i = 0; i < r->nids; i++) {
		int err;

		if (!id_fits(&r->ids[i], d))
			continue;
		d->driver = r;
		err = r->probe(d, &r->ids[i]);
		if (err == 0) {
			kinfo("pci " WHERE_FMT ": %s (%s)", WHERE(d), r->name,
			    r->ids[i].name);
			return true;
		}
		kwarn("pci " WHERE_FMT ": %s does not take it: error %d",
		    WHERE(d), r->name, -err);
		pci_master_stop(d);
		pci_msi_fini(d);
		d->driver = NULL;
		return false;
	}
	return false;
}

void
pci_init(const struct acpi_info *acpi)
{
	u32 nsegments = pci_segments_find(acpi, segments), total = 0;

	pci_msi_refused = acpi->fadt.present &&
	    acpi->fadt.boot_flags & ACPI_BOOT_NO_MSI;
	for (u32 i = 0; i < nsegments; i++) {
		total += pci_scan(&segments[i], devs + ndevs,
		    DEVS_MAX - ndevs);
		ndevs = MIN(total, (u32)DEVS_MAX);
	}
	if (total > ndevs)
		kwarn("pci: %u functions left out", total - ndevs);
	for (struct pci_dev *d = pci_next(NULL); d != NULL; d = pci_next(d))
		device_log(d);
	for (struct pci_dev *d = pci_next(NULL); d != NULL; d = pci_next(d))
		for (const struct pci_driver *r = __pci_drivers_start;
		    r < __pci_drivers_end && d->driver == NULL; r++)
			(void)driver_offer(r, d);	/* said there */
}
