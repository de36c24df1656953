/*
 * The two ways to configuration space: PCIe's window in memory (ECAM), where
 * ACPI's MCFG table tells of one, and two ports, for segment 0 without one.
 */
#include "drivers/pci/pci_priv.h"
#include "drivers/pci/reg.h"
#include "kernel/acpi/acpi.h"
#include "kernel/sync/spinlock.h"
#include "kernel/trace/log.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/mmio.h"
#include "kernel/x86/paging.h"

_Static_assert(PCI_SEGMENTS_MAX == ACPI_MAX_ECAM + 1, "pci_priv.h");

static u32
ecam_read(const struct pci_segment *s, u16 bdf, u32 reg, u32 width)
{
	u32 at = (bdf - ((u32)s->first_bus << 8)) << ECAM_FN_SHIFT | reg;

	switch (width) {
	case 1:
		return reg_read8(s->window, at);
	case 2:
		return reg_read16(s->window, at);
	default:
		return reg_read32(s->window, at);
	}
}

static void
ecam_write(const struct pci_segment *s, u16 bdf, u32 reg, u32 width, u32 v)
{
	u32 at = (bdf - ((u32)s->first_bus << 8)) << ECAM_FN_SHIFT | reg;

	switch (width) {
	case 1:
		reg_write8(s->window, at, (u8)v);
		break;
	case 2:
		reg_write16(s->window, at, (u16)v);
		break;
	default:
		reg_write32(s->window, at, v);
	}
}

static const struct pci_access ecam_access = { ecam_read, ecam_write };

/* The pair of ports; an interrupt's handler may use it, too. */
static struct spinlock port_lock = SPINLOCK_INIT(LOCK_LEAF);

static u32
port_read(const struct pci_segment *s, u16 bdf, u32 reg, u32 width)
{
	u16 port = (u16)(CONFIG_DATA + (reg & 3));
	u64 flags = spin_lock_irq(&port_lock);
	u32 v;

	(void)s;
	io_out32(CONFIG_ADDRESS,
	    (u32)(CONFIG_ENABLE | (u32)bdf << 8 | (reg & ~3u)));
	v = width == 1 ? io_in8(port) : width == 2 ? io_in16(port) :
	    io_in32(port);
	spin_unlock_irq(&port_lock, flags);
	return v;
}

static void
port_write(const struct pci_segment *s, u16 bdf, u32 reg, u32 width, u32 v)
{
	u16 port = (u16)(CONFIG_DATA + (reg & 3));
	u64 flags = spin_lock_irq(&port_lock);

	(void)s;
	io_out32(CONFIG_ADDRESS,
	    (u32)(CONFIG_ENABLE | (u32)bdf << 8 | (reg & ~3u)));
	if (width == 1)
		io_out8(port, (u8)v);
	else if (width == 2)
		io_out16(port, (u16)v);
	else
		io_out32(port, v);
	spin_unlock_irq(&port_lock, flags);
}

static const struct pci_access port_access = { port_read, port_write };

/* PCI 3.2.2.3.2: the register keeps its enable bit, where there is one. */
static bool
port_probe(void)
{
	u32 old = io_in32(CONFIG_ADDRESS), kept;

	io_out32(CONFIG_ADDRESS, (u32)CONFIG_ENABLE);
	kept = io_in32(CONFIG_ADDRESS);
	io_out32(CONFIG_ADDRESS, old);
	return kept == CONFIG_ENABLE;
}

u32
pci_segments_find(const struct acpi_info *acpi,
    struct pci_segment table[PCI_SEGMENTS_MAX])
{
	bool has_0 = false;
	u32 n = 0;

	for (u32 i = 0; i < acpi->necam; i++) {
		const struct acpi_ecam *e = &acpi->ecam[i];
		usize nbuses = e->last_bus - e->first_bus + 1u;

		/* The base is bus 0's, whatever the first bus (MCFG). */
		table[n++] = (struct pci_segment){
			.access = &ecam_access, .number = e->segment,
			.config_bytes = CONFIG_BYTES_PCIE,
			.first_bus = e->first_bus, .last_bus = e->last_bus,
			.window = vmap_device(e->base +
			    ((u64)e->first_bus << ECAM_BUS_SHIFT),
			    nbuses << ECAM_BUS_SHIFT),
		};
		has_0 |= e->segment == 0;
	}
	if (!has_0 && port_probe()) {
		kinfo("pci: no window for segment 0: by ports 0xcf8, 0xcfc");
		table[n++] = (struct pci_segment){
			.access = &port_access, .config_bytes = CONFIG_BYTES,
			.last_bus = PCI_BUSES - 1,
		};
	}
	return n;
}
