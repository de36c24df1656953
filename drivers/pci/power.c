/*
 * A function's states: awake or not, answering or not, reset.
 *
 * To wake (D3hot to D0) and to reset may cost a function what the firmware
 * wrote into its header: so that is saved before and put back afterwards.
 */
#include "drivers/pci/pci_priv.h"
#include "drivers/pci/reg.h"
#include "kernel/abi/errno.h"
#include "kernel/sched/sched.h"
#include "kernel/trace/log.h"
#include "kernel/x86/clock.h"

#define POLL_NS		1000000ul
#define HEADER_WORDS	16

struct saved {
	u32	word[HEADER_WORDS];
};

static void
header_save(const struct pci_dev *d, struct saved *s)
{
	for (u32 i = 0; i < HEADER_WORDS; i++)
		s->word[i] = pci_read32(d, 4 * i);
}

/* Backwards: the decoders are on again only when the BARs are right. */
static void
header_restore(const struct pci_dev *d, const struct saved *s)
{
	for (u32 i = HEADER_WORDS; i-- > PCI_COMMAND / 4 + 1;)
		pci_write32(d, 4 * i, s->word[i]);
	pci_write16(d, PCI_COMMAND, (u16)s->word[PCI_COMMAND / 4]);
}

static void
device_wake(struct pci_dev *d)
{
	u32 cap = pci_find_cap(d, CAP_PM);
	struct saved s;
	u16 control;

	if (cap == 0)
		return;
	control = pci_read16(d, cap + PM_CONTROL);
	if ((control & PM_STATE) == 0)
		return;
	header_save(d, &s);
	pci_write16(d, cap + PM_CONTROL,
	    control & (u16)~(PM_STATE | PM_PME_STATUS));
	sched_sleep_ns(PM_D3_DELAY_NS);
	header_restore(d, &s);
}

int
pci_enable(struct pci_dev *d)
{
	u16 want = COMMAND_INTX_OFF, command;

	device_wake(d);
	for (u32 n = 0; n < PCI_BARS; n++) {
		if (d->bar[n].kind == PCI_BAR_NONE)
			continue;
		if (d->bar[n].addr == 0)
			return -ENXIO;
		want |= d->bar[n].kind == PCI_BAR_IO ? COMMAND_IO :
		    COMMAND_MEMORY;
	}
	command = pci_read16(d, PCI_COMMAND) & (u16)~COMMAND_MASTER;
	pci_write16(d, PCI_COMMAND, command | want);
	return 0;
}

/* Wait until no bit of the byte at reg is set; false at the deadline. */
static bool
wait_clear(const struct pci_dev *d, u32 reg, u8 bits, u64 ns)
{
	u64 deadline = clock_now_ns() + ns;

	while (pci_read8(d, reg) & bits) {
		if (clock_now_ns() > deadline)
			return false;
		sched_sleep_ns(POLL_NS);
	}
	return true;
}

/* Start a reset of the function alone; false: it has none. What is still on
 * its way after the deadline is lost with it. */
static bool
reset_begin(struct pci_dev *d)
{
	u32 pcie = pci_find_cap(d, CAP_PCIE), af = pci_find_cap(d, CAP_AF);

	if (pcie && pci_read32(d, pcie + PCIE_DEVCAP) & DEVCAP_FLR) {
		if (!wait_clear(d, pcie + PCIE_DEVSTA, DEVSTA_PENDING,
		    FLR_PENDING_NS))
			kwarn("pci: reset with requests unanswered");
		pci_write16(d, pcie + PCIE_DEVCTL, DEVCTL_FLR |
		    pci_read16(d, pcie + PCIE_DEVCTL));
		return true;
	}
	if (af && (pci_read8(d, af + AF_CAPS) & (AF_HAS_TP | AF_HAS_FLR)) ==
	    (AF_HAS_TP | AF_HAS_FLR)) {
		if (!wait_clear(d, af + AF_STATUS, AF_PENDING, FLR_PENDING_NS))
			kwarn("pci: reset with requests unanswered");
		pci_write8(d, af + AF_CONTROL, AF_FLR);
		return true;
	}
	return false;
}

int
pci_reset(struct pci_dev *d)
{
	u64 deadline;
	struct saved s;

	header_save(d, &s);
	pci_master_stop(d);
	if (!reset_begin(d)) {
		header_restore(d, &s);
		return -ENODEV;
	}
	sched_sleep_ns(FLR_DELAY_NS);
	deadline = clock_now_ns() + FLR_READY_NS;
	while (pci_read32(d, PCI_VENDOR) != s.word[0]) {
		if (clock_now_ns() > deadline)
			return -EIO;
		sched_sleep_ns(POLL_NS);
	}
	header_restore(d, &s);
	return 0;
}
