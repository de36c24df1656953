/*
 * PCI for its drivers: functions found at boot, their registers, their
 * interrupts, and the table of drivers.
 *
 * A driver is a row: PCI_DRIVER(ahci) = { .name = "ahci", ... }. Its probe is
 * called once for each function that one of its ids fits, in the boot thread,
 * which may sleep and map; after boot nothing is attached or mapped. What a
 * probe does, in this order:
 *
 *	pci_enable(d)		the function answers at its BARs; no DMA yet
 *	regs = pci_bar_map(d, n)
 *	pci_reset(d)		where the device has no reset of its own
 *	n = pci_msi_init(d)	how many interrupts there are, all masked
 *	pci_msi_attach(d, i, cpu, ...)
 *	pci_master_start(d)	the function may read and write memory
 *
 * No register of a device is believed: whoever made it may mean harm, and a
 * device that was pulled out answers all ones (pci_is_gone()).
 */
#pragma once

#include "kernel/dev/irq.h"
#include "kernel/lib/types.h"

struct acpi_info;
struct pci_driver;
struct pci_segment;

enum pci_bar_kind { PCI_BAR_NONE, PCI_BAR_IO, PCI_BAR_MEM };

#define PCI_BARS	6
#define PCI_BAR_ROM	6		/* the expansion ROM, after them */

/* All [I] after boot. */
struct pci_bar {
	enum pci_bar_kind kind;
	u32		flags;		/* the register's low bits */
	u64		addr;		/* 0: the firmware gave it none */
	u64		len_bytes;
	void		*regs;		/* once mapped */
};

/* I after the scan; b boot and the driver only; a atomic */
struct pci_dev {
	const struct pci_segment *segment;	/* [I] how it is reached */
	u16		bdf;		/* [I] bus, slot, function */
	u16		vendor, device;	/* [I] */
	u16		sub_vendor, sub_device;	/* [I] 0 for bridges */
	u32		class;		/* [I] 24 bits: class, sub, interface */
	u8		revision;	/* [I] */
	u8		header;		/* [I] type, without HEADER_MULTI */
	u8		irq_line, irq_pin; /* [I] as the firmware left them */
	u8		bus_below;	/* [I] of a bridge, else 0 */
	bool		is_gone;	/* [a] it has stopped answering */
	struct pci_bar	bar[PCI_BARS + 1];	/* [I] */
	u16		msi, msix;	/* [b] the capability in use, else 0 */
	u32		nmsgs;		/* [b] messages that can be attached */
	void		*msix_table;	/* [b] */
	const struct pci_driver *driver;	/* [b] NULL: none wants it */
	void		*driver_data;	/* [b] the driver's own */
};

#define PCI_BUS(bdf)	((bdf) >> 8)
#define PCI_SLOT(bdf)	((bdf) >> 3 & 31u)
#define PCI_FN(bdf)	((bdf) & 7u)

/* ---- drivers ---- */

#define PCI_ANY		0xffff

/* Fits by numbers, or, with both PCI_ANY, by (class & class_mask). */
struct pci_id {
	u16		vendor, device;
	u32		class, class_mask;
	const char	*name;
};

struct pci_driver {
	const char	*name;
	const struct pci_id *ids;
	u32		nids;
	/* 0: the driver has it. Sleeps. */
	int		(*probe)(struct pci_dev *d, const struct pci_id *id);
	/* Give it up; it may no longer answer. Interrupts are off already. */
	void		(*remove)(struct pci_dev *d);
} aligned(64);

#define PCI_DRIVER(var) \
	static const struct pci_driver var \
	    __attribute__((section(".pci_drivers"), used))

/* Find all functions, and give each to the first driver that takes it. Boot,
 * in a thread. */
void	pci_init(const struct acpi_info *acpi);
/* All functions in order of address: the first after d (NULL: of all), or NULL
 * after the last. Any context. */
struct pci_dev *pci_next(const struct pci_dev *d);
/* No more DMA or interrupts of it; then the driver's remove(). */
void	pci_detach(struct pci_dev *d);

/* ---- configuration space: any context; all ones past its end ---- */

u8	pci_read8(const struct pci_dev *d, u32 reg);
u16	pci_read16(const struct pci_dev *d, u32 reg);
u32	pci_read32(const struct pci_dev *d, u32 reg);
void	pci_write8(const struct pci_dev *d, u32 reg, u8 v);
void	pci_write16(const struct pci_dev *d, u32 reg, u16 v);
void	pci_write32(const struct pci_dev *d, u32 reg, u32 v);

/* Where capability id stands, or 0. */
u32	pci_find_cap(const struct pci_dev *d, u8 id);
u32	pci_find_ecap(const struct pci_dev *d, u16 id);

/* ---- the function as a whole ---- */

/*
 * Wake it, let it answer at its BARs, its wired interrupt off and DMA off.
 * Boot; sleeps. -ENXIO: a BAR has no address, so that it cannot be let.
 */
int	pci_enable(struct pci_dev *d);
void	pci_master_start(struct pci_dev *d);
void	pci_master_stop(struct pci_dev *d);

/*
 * Function-level reset; BARs and command register are as before. Before
 * pci_msi_init(). Boot; sleeps for 100 ms and at most 1.2 s. -ENODEV: it has
 * no such reset. -EIO: it did not come back.
 */
int	pci_reset(struct pci_dev *d);

/* Has it stopped answering? For a driver that reads all ones, or whose deadline
 * has passed. Any context. */
bool	pci_is_gone(struct pci_dev *d);

/* The registers behind memory BAR n, uncached, or NULL: it is none, has no
 * address, lies in RAM or is too large to map. Boot. */
void	*pci_bar_map(struct pci_dev *d, u32 n);

/* ---- messages (MSI-X, or else one MSI) ---- */

/* How many interrupts the function has, all masked now; 0 if it has no MSI.
 * After pci_enable(). Boot. */
u32	pci_msi_init(struct pci_dev *d);
/*
 * Call fn(arg) on the CPU at message n, which comes unmasked. Once for each n.
 * Boot. -EINVAL: there is no n; -ENOSPC: the kernel's vectors are used up.
 */
int	pci_msi_attach(struct pci_dev *d, u32 n, u32 cpu, const char *name,
	    irq_fn fn, void *arg);
/* Hold back message n, and let it come. Not for an MSI that cannot be masked:
 * then nothing happens. The driver serialises. */
void	pci_msi_mask(struct pci_dev *d, u32 n);
void	pci_msi_unmask(struct pci_dev *d, u32 n);
void	pci_msi_fini(struct pci_dev *d);
