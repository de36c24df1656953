/*
 * Power: S5 by the PM1 control registers, reset by whatever way works.
 */
#include "drivers/power/power.h"
#include "drivers/power/reg.h"
#include "kernel/acpi/acpi.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/start.h"

#define ACPI_MODE_TRIES		300
#define MS			1000000ull
#define OFF_DEADLINE_NS		(2000 * MS)
#define RESET_DEADLINE_NS	(100 * MS)

static const struct acpi_info *acpi;	/* [I] NULL: none */
static volatile u8 *reset_mem;		/* [I] a reset register in memory */

/* A PM1 control register: 16 bits of I/O space. 0: absent or elsewhere. */
static u16
pm1_port(const struct acpi_gas *g)
{
	return g->space == ACPI_SPACE_IO && g->addr < 0x10000 ?
	    (u16)g->addr : 0;
}

void
power_init(const struct acpi_info *info)
{
	const struct acpi_fadt *f = &info->fadt;
	u16 cnt = pm1_port(&f->pm1a_cnt);

	if (!f->present)
		return;
	acpi = info;
	panic_reboot = power_reboot;
	if (f->reset_supported && f->reset.space == ACPI_SPACE_MEMORY &&
	    f->reset.addr != 0)
		reset_mem = vmap_device(f->reset.addr, 1);
	if (f->hw_reduced || f->smi_port == 0 || f->acpi_enable == 0 ||
	    cnt == 0 || io_in16(cnt) & PM1_CNT_SCI_EN)
		return;
	io_out8((u16)f->smi_port, f->acpi_enable);
	for (u32 i = 0; i < ACPI_MODE_TRIES; i++) {
		if (io_in16(cnt) & PM1_CNT_SCI_EN)
			return;
		clock_spin_ns(MS);
	}
	kwarn("power: the firmware does not enter ACPI mode");
}

static void
pm1_sleep(const struct acpi_gas *g, u8 type)
{
	u16 port = pm1_port(g);

	if (port != 0)
		io_out16(port, (u16)((io_in16(port) & PM1_CNT_SCI_EN) |
		    (u32)type << PM1_CNT_SLP_TYP_SHIFT | PM1_CNT_SLP_EN));
}

noreturn void
power_off(void)
{
	cpu_irq_disable();
	if (acpi != NULL && acpi->s5.present) {
		pm1_sleep(&acpi->fadt.pm1a_cnt, acpi->s5.typ_a);
		pm1_sleep(&acpi->fadt.pm1b_cnt, acpi->s5.typ_b);
		clock_spin_ns(OFF_DEADLINE_NS);
	}
	kerr("power: this machine cannot be switched off by ACPI; halted");
	cpu_halt();
}

static void
reset_by_acpi(void)
{
	const struct acpi_fadt *f = &acpi->fadt;

	if (!f->reset_supported)
		return;
	if (reset_mem != NULL)
		*reset_mem = f->reset_value;
	else if (f->reset.space == ACPI_SPACE_IO && f->reset.addr < 0x10000)
		io_out8((u16)f->reset.addr, f->reset_value);
}

noreturn void
power_reboot(void)
{
	cpu_irq_disable();
	if (acpi != NULL) {
		reset_by_acpi();
		clock_spin_ns(RESET_DEADLINE_NS);
	}
	io_out8(RESET_PORT, RESET_SYSTEM);
	io_out8(RESET_PORT, RESET_SYSTEM | RESET_CPU);
	clock_spin_ns(RESET_DEADLINE_NS);
	if (!(io_in8(KBC_STATUS) & KBC_STATUS_INPUT_FULL))
		io_out8(KBC_COMMAND, KBC_PULSE_RESET);
	clock_spin_ns(RESET_DEADLINE_NS);
	cpu_triple_fault();
}
