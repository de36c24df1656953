/*
 * Base address registers (PCI 6.2.5). A BAR's size is the lowest address bit
 * that it keeps when all ones are written. It points nowhere sensible at that
 * moment, so the function's decoders are off meanwhile; but not a host
 * bridge's, since behind it may be the way to memory.
 *
 * A BAR is believed in if the bits it keeps are all those from its size up (in
 * I/O space perhaps only to bit 15), and its address is a multiple of the size
 * and within what a CPU can reach. Else it is as if it were not there.
 */
#include "drivers/pci/pci_priv.h"
#include "drivers/pci/reg.h"

#define PADDR_BITS	52
#define IO_PORTS	0x10000u
#define IO_HIGH		0xffff0000u
#define LOW_ONES	0xffffffffu
#define HIGH_ONES	0xffffffff00000000ul

/* What the register holds, and what it holds of all ones. */
struct probe {
	u32	value, mask;
};

static struct probe
register_probe(const struct pci_dev *d, u32 reg, u32 ones)
{
	struct probe p;

	p.value = pci_read32(d, reg);
	pci_write32(d, reg, ones);
	p.mask = pci_read32(d, reg);
	pci_write32(d, reg, p.value);
	return p;
}

static void
bar_set(struct pci_bar *b, enum pci_bar_kind kind, u64 addr, u64 mask)
{
	u64 len = mask & -mask;

	if (mask == 0 || mask + len != 0 || (addr & (len - 1)) != 0 ||
	    len > BIT(PADDR_BITS) || addr > BIT(PADDR_BITS) - len ||
	    (kind == PCI_BAR_IO && addr + len > IO_PORTS))
		return;
	b->kind = kind;
	b->addr = addr;
	b->len_bytes = len;
}

static void
bar_read_io(struct pci_bar *b, struct probe p)
{
	u32 mask = p.mask & ~BAR_IO_FLAGS;

	if (mask == 0)
		return;
	b->flags = p.value & BAR_IO_FLAGS;
	bar_set(b, PCI_BAR_IO, p.value & ~BAR_IO_FLAGS,
	    HIGH_ONES | IO_HIGH | mask);
}

/* Read the BAR at n of nbars; returns how many registers it is made of. */
static u32
bar_read(struct pci_dev *d, u32 n, u32 nbars)
{
	u32 reg = PCI_BAR0 + 4 * n;
	struct probe low = register_probe(d, reg, LOW_ONES), high;
	struct pci_bar *b = &d->bar[n];
	u64 mask = low.mask & ~BAR_MEM_FLAGS;

	if (low.value == PCI_GONE)
		return 1;
	if (low.value & BAR_IO) {
		bar_read_io(b, low);
		return 1;
	}
	b->flags = low.value & BAR_MEM_FLAGS;
	if ((low.value & BAR_TYPE) == BAR_TYPE_64) {
		if (n + 1 == nbars)
			return 1;
		high = register_probe(d, reg + 4, LOW_ONES);
		bar_set(b, PCI_BAR_MEM, (u64)high.value << 32 |
		    (low.value & ~BAR_MEM_FLAGS), (u64)high.mask << 32 | mask);
		return 2;
	}
	if (mask != 0 && (low.value & BAR_TYPE) == BAR_TYPE_32)
		bar_set(b, PCI_BAR_MEM, low.value & ~BAR_MEM_FLAGS,
		    HIGH_ONES | mask);
	return 1;
}

static void
rom_read(struct pci_dev *d, u32 reg)
{
	struct probe p = register_probe(d, reg, ROM_ADDR);
	u32 mask = p.mask & ROM_ADDR;

	if (p.value == PCI_GONE || mask == 0)
		return;
	d->bar[PCI_BAR_ROM].flags = p.value & ROM_ENABLE;
	bar_set(&d->bar[PCI_BAR_ROM], PCI_BAR_MEM, p.value & ROM_ADDR,
	    HIGH_ONES | mask);
}

void
pci_bars_read(struct pci_dev *d)
{
	static const struct { u8 nbars, rom; } layout[] = {
		[HEADER_DEVICE] = { PCI_BARS, PCI_ROM },
		[HEADER_BRIDGE] = { 2, BRIDGE_ROM },
	};
	u16 command = pci_read16(d, PCI_COMMAND);

	if (d->header >= ARRAY_LEN(layout))
		return;			/* CardBus, or nonsense */
	if ((d->class & CLASS_ANY_INTERFACE) != CLASS_HOST_BRIDGE)
		pci_write16(d, PCI_COMMAND,
		    command & (u16)~(COMMAND_IO | COMMAND_MEMORY));
	for (u32 n = 0; n < layout[d->header].nbars;)
		n += bar_read(d, n, layout[d->header].nbars);
	rom_read(d, layout[d->header].rom);
	pci_write16(d, PCI_COMMAND, command);
}
