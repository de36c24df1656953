/*
 * Interrupt controllers.
 *
 * Each CPU's local APIC takes interrupts by vector; it is reached by memory
 * (xAPIC) or by MSRs (x2APIC, used where the CPU has it: no wait before an
 * interrupt is sent, and 32-bit ids). I/O APICs turn wires, by ACPI's global
 * numbers (GSI), into vectors for one CPU. The old 8259 pair is masked for
 * good. Destinations are physical ids.
 *
 * Lock: ioapic_lock guards an I/O APIC's select-then-access pair; interrupts
 * are off under it. It is a plain word since locks are a rank above.
 */
#include "kernel/acpi/acpi.h"
#include "kernel/lib/assert.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/env.h"
#include "kernel/x86/features.h"
#include "kernel/x86/intr.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/trap.h"

#define LAPIC_DEFAULT		0xfee00000ul
#define LAPIC_BYTES		4096
#define IOAPIC_BYTES		4096
#define MSR_X2APIC		0x800
#define ICR_IDLE_SPINS		100000
#define IOAPIC_PINS_MAX		240

/* The 8259 pair: command and data ports; vectors 0x20-0x2f if one slips by. */
#define PIC1			0x20
#define PIC2			0xa0
#define  PIC_ICW1_INIT		0x11
#define  PIC_ICW4_8086		0x01
#define  PIC_VECTOR		0x20

struct ioapic {
	u8	*regs;			/* [I] */
	u32	gsi_base, npins;	/* [I] */
};

const struct acpi_info *x86_acpi;
u32 apic_id_of[MAX_CPUS];
static u8 *lapic;			/* [I] NULL: x2APIC */
static struct ioapic ioapics[ACPI_MAX_IOAPICS];
static u32 nioapics;
static u32 ioapic_lock;			/* [a] */

u32
lapic_read(u32 reg)
{
	if (lapic == NULL)
		return (u32)cpu_rdmsr(MSR_X2APIC + (reg >> 4));
	return *(volatile u32 *)(lapic + reg);
}

void
lapic_write(u32 reg, u32 value)
{
	if (lapic == NULL)
		cpu_wrmsr(MSR_X2APIC + (reg >> 4), value);
	else
		*(volatile u32 *)(lapic + reg) = value;
}

u32
lapic_id(void)
{
	return lapic == NULL ? lapic_read(LAPIC_ID) :
	    lapic_read(LAPIC_ID) >> 24;
}

void
lapic_send(u32 apic_id, u32 icr)
{
	u64 flags;

	if (lapic == NULL) {
		/* The MSR write does not order earlier stores (SDM 10.12.3). */
		__asm__ volatile("mfence; lfence" ::: "memory");
		cpu_wrmsr(MSR_X2APIC + (LAPIC_ICR >> 4),
		    (u64)apic_id << 32 | icr);
		return;
	}
	flags = cpu_irq_save();
	for (u32 i = 0; i < ICR_IDLE_SPINS; i++) {
		if (!(lapic_read(LAPIC_ICR) & ICR_PENDING))
			break;
		cpu_pause();
	}
	lapic_write(LAPIC_ICR_HIGH, apic_id << 24);
	lapic_write(LAPIC_ICR, icr);
	cpu_irq_restore(flags);
}

void
smp_send(u32 cpu, u32 vector)
{
	lapic_send(apic_id_of[cpu], ICR_FIXED | ICR_ASSERT | vector);
}

void
smp_send_nmi(u32 cpu)
{
	lapic_send(apic_id_of[cpu], ICR_NMI | ICR_ASSERT);
}

void
smp_send_nmi_others(void)
{
	for (u32 c = 0; c < ncpus; c++)
		if (c != cpu_id)
			smp_send_nmi(c);
}

void
intr_eoi(void)
{
	lapic_write(LAPIC_EOI, 0);
}

static void
pic_mask(void)
{
	io_out8(PIC1, PIC_ICW1_INIT);
	io_out8(PIC2, PIC_ICW1_INIT);
	io_out8(PIC1 + 1, PIC_VECTOR);
	io_out8(PIC2 + 1, PIC_VECTOR + 8);
	io_out8(PIC1 + 1, 1 << 2);	/* the second hangs on input 2 */
	io_out8(PIC2 + 1, 2);
	io_out8(PIC1 + 1, PIC_ICW4_8086);
	io_out8(PIC2 + 1, PIC_ICW4_8086);
	io_out8(PIC1 + 1, 0xff);
	io_out8(PIC2 + 1, 0xff);
}

static u32
ioapic_read(const struct ioapic *io, u32 reg)
{
	*(volatile u32 *)(io->regs + IOAPIC_SELECT) = reg;
	return *(volatile u32 *)(io->regs + IOAPIC_WINDOW);
}

static void
ioapic_write(const struct ioapic *io, u32 reg, u32 value)
{
	*(volatile u32 *)(io->regs + IOAPIC_SELECT) = reg;
	*(volatile u32 *)(io->regs + IOAPIC_WINDOW) = value;
}

static u64
ioapic_lock_take(void)
{
	u64 flags = cpu_irq_save();

	while (__atomic_exchange_n(&ioapic_lock, 1, __ATOMIC_ACQUIRE))
		cpu_pause();
	return flags;
}

static void
ioapic_lock_drop(u64 flags)
{
	__atomic_store_n(&ioapic_lock, 0, __ATOMIC_RELEASE);
	cpu_irq_restore(flags);
}

static void
ioapic_init(const struct acpi_ioapic *a)
{
	struct ioapic *io = &ioapics[nioapics];

	io->regs = vmap_device(a->addr, IOAPIC_BYTES);
	io->gsi_base = a->gsi_base;
	io->npins = (ioapic_read(io, IOAPIC_REG_VERSION) >> 16 & 0xff) + 1;
	if (io->npins > IOAPIC_PINS_MAX) {
		x86_warn("ioapic %u at %#llx: no answer, left alone", a->id,
		    (unsigned long long)a->addr);
		return;
	}
	for (u32 pin = 0; pin < io->npins; pin++)
		ioapic_write(io, IOAPIC_REG_ENTRY + 2 * pin, ENTRY_MASKED);
	nioapics++;
}

/* The I/O APIC and register of a GSI; NULL if no I/O APIC has it. */
static const struct ioapic *
ioapic_of(u32 gsi, u32 *reg)
{
	for (u32 i = 0; i < nioapics; i++) {
		u32 pin = gsi - ioapics[i].gsi_base;

		if (gsi >= ioapics[i].gsi_base && pin < ioapics[i].npins) {
			*reg = IOAPIC_REG_ENTRY + 2 * pin;
			return &ioapics[i];
		}
	}
	return NULL;
}

void
intr_route(u32 gsi, u32 vector, u32 cpu, u32 flags)
{
	u32 reg, entry = vector | ENTRY_MASKED;
	const struct ioapic *io = ioapic_of(gsi, &reg);
	u64 irq;

	if (io == NULL) {
		x86_warn("interrupt %u: no I/O APIC has it", gsi);
		return;
	}
	assert(vector >= VECTOR_IRQ_FIRST && apic_id_of[cpu] < 255);
	if ((flags & ACPI_INTI_POLARITY) == ACPI_INTI_LOW)
		entry |= ENTRY_ACTIVE_LOW;
	if ((flags & ACPI_INTI_TRIGGER) == ACPI_INTI_LEVEL)
		entry |= ENTRY_LEVEL;
	irq = ioapic_lock_take();
	ioapic_write(io, reg, ENTRY_MASKED);
	ioapic_write(io, reg + 1, apic_id_of[cpu] << 24);
	ioapic_write(io, reg, entry);
	ioapic_lock_drop(irq);
}

void
intr_route_isa(u32 isa_irq, u32 vector, u32 cpu)
{
	u16 flags;
	u32 gsi = acpi_isa_gsi(x86_acpi, (u8)isa_irq, &flags);

	intr_route(gsi, vector, cpu, flags);
}

static void
intr_change_mask(u32 gsi, u32 clear, u32 set)
{
	u32 reg;
	const struct ioapic *io = ioapic_of(gsi, &reg);
	u64 irq;

	if (io == NULL)
		return;
	irq = ioapic_lock_take();
	ioapic_write(io, reg, (ioapic_read(io, reg) & ~clear) | set);
	ioapic_lock_drop(irq);
}

void
intr_mask(u32 gsi)
{
	intr_change_mask(gsi, 0, ENTRY_MASKED);
}

void
intr_unmask(u32 gsi)
{
	intr_change_mask(gsi, ENTRY_MASKED, 0);
}

void
intr_mask_isa(u32 isa_irq)
{
	u16 flags;

	intr_mask(acpi_isa_gsi(x86_acpi, (u8)isa_irq, &flags));
}

void
intr_unmask_isa(u32 isa_irq)
{
	u16 flags;

	intr_unmask(acpi_isa_gsi(x86_acpi, (u8)isa_irq, &flags));
}

u64
intr_msi_addr(u32 cpu)
{
	u32 id = apic_id_of[cpu];

	/* LIMIT: ids past 254 want a remapper of interrupts. */
	return MSI_BASE |
	    MSI_DEST(id <= MSI_DEST_MAX ? id : apic_id_of[0]);
}

/* Wires to this CPU's NMI pins that the firmware tells of. */
static void
lapic_set_nmi_pins(void)
{
	for (u32 i = 0; i < x86_acpi->nnmis; i++) {
		const struct acpi_nmi *n = &x86_acpi->nmi[i];
		bool mine = n->all_cpus;
		u32 lvt = LVT_NMI;

		for (u32 c = 0; c < x86_acpi->ncpus && !mine; c++)
			mine = x86_acpi->cpu[c].acpi_uid == n->acpi_uid &&
			    x86_acpi->cpu[c].apic_id == lapic_id();
		if ((n->flags & ACPI_INTI_POLARITY) == ACPI_INTI_LOW)
			lvt |= LVT_ACTIVE_LOW;
		if (mine)
			lapic_write(n->lint == 0 ? LAPIC_LVT_LINT0 :
			    LAPIC_LVT_LINT1, lvt);
	}
}

void
intr_init_cpu(void)
{
	u64 base = cpu_rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE;

	/* Straight from off to x2APIC is not allowed (SDM 3A 10.12.5). */
	cpu_wrmsr(MSR_APIC_BASE, base);
	if (lapic == NULL)
		cpu_wrmsr(MSR_APIC_BASE, base | APIC_BASE_X2);
	lapic_write(LAPIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	lapic_write(LAPIC_TPR, 0);
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
	lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
	lapic_write(LAPIC_LVT_LINT1, LVT_MASKED);
	lapic_write(LAPIC_LVT_ERROR, LVT_MASKED);
	lapic_set_nmi_pins();
	lapic_write(LAPIC_ESR, 0);
	intr_eoi();
	apic_id_of[cpu_id] = lapic_id();
}

void
intr_init(const struct acpi_info *acpi)
{
	u64 base = cpu_rdmsr(MSR_APIC_BASE);

	x86_acpi = acpi;
	if (acpi->has_8259 || !acpi->has_madt)
		pic_mask();
	/* Firmware that turned x2APIC on means it: there is no way back. */
	if (!cpu_has.x2apic && !(base & APIC_BASE_X2))
		lapic = vmap_device(acpi->lapic_addr ? acpi->lapic_addr :
		    LAPIC_DEFAULT, LAPIC_BYTES);
	intr_init_cpu();
	for (u32 i = 0; i < acpi->nioapics; i++)
		ioapic_init(&acpi->ioapic[i]);
	x86_info("intr: %s, %u I/O APIC%s", lapic ? "xAPIC" : "x2APIC",
	    nioapics, nioapics == 1 ? "" : "s");
}
