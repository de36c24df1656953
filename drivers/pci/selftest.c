/*
 * Self-tests, on devices that an emulator makes: QEMU's `edu` (edu.c), an
 * 82574 for MSI-X and an NVMe controller for reset, if no driver has taken
 * them. Without them they pass at once.
 */
#include "drivers/pci/edu.h"
#include "drivers/pci/pci_priv.h"
#include "drivers/pci/reg.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"
#include "kernel/trace/log.h"
#include "kernel/trace/selftest.h"
#include "kernel/x86/mmio.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/percpu.h"

#define E1000_ICR		0x000c0	/* 82574 datasheet 10.2.4 */
#define E1000_ICS		0x000c8
#define E1000_IMS		0x000d0
#define E1000_IMC		0x000d8
#define  E1000_OTHER		BIT(24)
#define E1000_IVAR		0x000e4
#define  IVAR_OTHER(n)		((0x8u | (n)) << 16)

#define MS			1000000ul
#define WAIT_MS			1000

/* One at a time: the tests run one after another. */
static u32 seen, seen_cpu;		/* [a] */
static char dma_buffer[PAGE_SIZE] aligned(4096);

static struct pci_dev *
find(u16 vendor, u16 device)
{
	for (struct pci_dev *d = pci_next(NULL); d != NULL; d = pci_next(d))
		if (d->vendor == vendor && d->device == device)
			return d;
	return NULL;
}

/* Wait until there were n interrupts; no more come. */
static bool
reaches(const u32 *count, u32 n)
{
	for (u32 ms = 0; ms < WAIT_MS && atomic_load(count) < n; ms++)
		sched_sleep_ns(MS);
	sched_sleep_ns(5 * MS);
	return atomic_load(count) == n;
}

static bool
edu_copy(u64 from, u64 to, u32 command)
{
	reg_write64(edu.regs, EDU_DMA_FROM, from);
	reg_write64(edu.regs, EDU_DMA_TO, to);
	reg_write64(edu.regs, EDU_DMA_BYTES, 64);
	reg_write64(edu.regs, EDU_DMA_COMMAND, command | EDU_DMA_START);
	for (u32 ms = 0; ms < WAIT_MS; ms++) {
		if (!(reg_read64(edu.regs, EDU_DMA_COMMAND) & EDU_DMA_START))
			return true;
		sched_sleep_ns(MS);
	}
	return false;
}

/* Its DMA reaches memory when it may, and only then. */
static void
edu_check_master(struct pci_dev *d)
{
	u64 pa = (u64)dma_buffer - KERNEL_BASE;

	memset(dma_buffer, 0x5a, 64);
	pci_master_start(d);
	CHECK(edu_copy(pa, EDU_BUFFER, 0));
	CHECK(edu_copy(EDU_BUFFER, pa + 64, EDU_DMA_TO_RAM));
	CHECK(memcmp(dma_buffer, dma_buffer + 64, 64) == 0);
	pci_master_stop(d);
	CHECK(edu_copy(EDU_BUFFER, pa + 128, EDU_DMA_TO_RAM));
	CHECK(dma_buffer[128] == 0);
}

/* Raise it on each CPU in turn; the first time as the driver left it. */
static void
edu_check_messages(struct pci_dev *d)
{
	for (u32 cpu = 0; cpu < MIN(ncpus, 4u); cpu++) {
		if (cpu > 0) {
			pci_msi_fini(d);
			CHECK(pci_msi_init(d) == 1);
			CHECK(pci_msi_attach(d, 0, cpu, "edu", edu_irq,
			    &edu) == 0);
		}
		pci_master_start(d);	/* a message is a write, too */
		atomic_store(&edu.count, 0);
		reg_write32(edu.regs, EDU_IRQ_RAISE, 1);
		CHECK(reaches(&edu.count, 1) && atomic_load(&edu.cpu) == cpu);
		pci_master_stop(d);
	}
}

SELFTEST(pci_msi_comes_to_its_cpu)
{
	struct pci_dev *d = find(0x1234, 0x11e8);

	if (d == NULL)
		return;
	CHECK(d->driver != NULL && edu.regs != NULL);
	if (edu.regs == NULL)
		return;
	CHECK((reg_read32(edu.regs, EDU_ID) & 0xff) == EDU_ID_LOW);
	reg_write32(edu.regs, EDU_INVERT, 0x12345678);
	CHECK(reg_read32(edu.regs, EDU_INVERT) == ~0x12345678u);
	CHECK(pci_msi_attach(d, 1, 0, "edu", edu_irq, &edu) == -EINVAL);
	edu_check_master(d);
	edu_check_messages(d);
	CHECK(!pci_is_gone(d) && pci_reset(d) == -ENODEV);
	pci_detach(d);
	CHECK(d->driver == NULL && edu.regs == NULL);
	kinfo("selftest: pci: MSI of edu on %u CPUs", MIN(ncpus, 4u));
}

static void
nic_irq(void *arg)
{
	u32 n = (u32)(u64)arg;

	atomic_store(&seen_cpu, cpu_id | n << 16);
	atomic_inc(&seen);
}

/* Raise its "other" cause, which the device turns into message n. */
static void
nic_raise(void *regs, u32 n)
{
	reg_write32(regs, E1000_IMC, ~0u);
	(void)reg_read32(regs, E1000_ICR);
	reg_write32(regs, E1000_IVAR, IVAR_OTHER(n));
	reg_write32(regs, E1000_IMS, E1000_OTHER);
	reg_write32(regs, E1000_ICS, E1000_OTHER);
}

/* A message that is masked waits, and comes when it no longer is. */
static void
nic_check_message(struct pci_dev *d, void *regs, u32 n, u32 cpu)
{
	CHECK(pci_msi_attach(d, n, cpu, "nic", nic_irq, (void *)(u64)n) == 0);
	atomic_store(&seen, 0);
	nic_raise(regs, n);
	CHECK(reaches(&seen, 1) && atomic_load(&seen_cpu) == (cpu | n << 16));
	pci_msi_mask(d, n);
	nic_raise(regs, n);
	CHECK(reaches(&seen, 1));
	pci_msi_unmask(d, n);
	CHECK(reaches(&seen, 2));
}

SELFTEST(pci_msix_comes_to_its_cpu)
{
	struct pci_dev *d = find(0x8086, 0x10d3);
	void *regs;
	u32 n;

	if (d == NULL || d->driver != NULL)
		return;
	CHECK(pci_enable(d) == 0);
	regs = pci_bar_map(d, 0);
	n = pci_msi_init(d);
	CHECK(regs != NULL && n == 5 && d->msix != 0);
	if (regs == NULL || n == 0)
		return;
	pci_master_start(d);
	for (u32 i = 0; i < n; i++)
		nic_check_message(d, regs, i, i % ncpus);
	reg_write32(regs, E1000_IMC, ~0u);
	pci_detach(d);
	kinfo("selftest: pci: MSI-X of 82574, %u messages", n);
}

/* A function-level reset turns MSI-X off, and BARs are as before. */
SELFTEST(pci_reset_keeps_the_header)
{
	struct pci_dev *d = find(0x1b36, 0x0010);
	u32 bar0, cap;

	if (d == NULL || d->driver != NULL)
		return;
	CHECK(pci_enable(d) == 0);
	cap = pci_find_cap(d, CAP_MSIX);
	CHECK(cap != 0 && pci_msi_init(d) > 1);
	bar0 = pci_read32(d, PCI_BAR0);
	CHECK(pci_read16(d, cap + MSIX_CONTROL) & MSIX_ENABLE);
	CHECK(pci_reset(d) == 0);
	CHECK(!(pci_read16(d, cap + MSIX_CONTROL) & MSIX_ENABLE));
	CHECK(pci_read32(d, PCI_BAR0) == bar0 && bar0 != 0);
	pci_detach(d);
	CHECK(!pci_is_gone(d));
	kinfo("selftest: pci: reset of NVMe");
}
