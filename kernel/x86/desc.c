/*
 * GDT, TSS, IDT, and where SYSCALL goes.
 *
 * The GDT has Linux's selectors. There is no 32-bit user code segment, so user
 * mode cannot leave 64-bit mode; SYSENTER is off and INT 0x80 has no gate that
 * user mode may call, so SYSCALL is the only way in by intent.
 */
#include "kernel/lib/string.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/desc.h"
#include "kernel/x86/features.h"

#define MSR_SYSENTER_CS		0x174
#define MSR_STAR		0xc0000081
#define MSR_LSTAR		0xc0000082
#define MSR_CSTAR		0xc0000083
#define MSR_FMASK		0xc0000084
#define MSR_TSC_AUX		0xc0000103
/* Cleared by SYSCALL: TF, IF, DF, IOPL, NT, RF, AC. */
#define SYSCALL_FMASK		0x00057700

#define DESC_KCODE		0x00af9b000000fffful
#define DESC_KDATA		0x00cf93000000fffful
#define DESC_UDATA		0x00cff3000000fffful
#define DESC_UCODE		0x00affb000000fffful
#define DESC_TSS		0x0000890000000000ul
#define DESC_CPU		0x0040f50000000000ul	/* data, read-only */

#define GATE_INTERRUPT		0x8e
#define GATE_DPL3		0x60
#define NVECTORS		256
#define VECTOR_NMI		2
#define VECTOR_BREAKPOINT	3
#define VECTOR_OVERFLOW		4
#define VECTOR_DOUBLE_FAULT	8
#define VECTOR_MACHINE_CHECK	18
#define STUB_BYTES		16

struct idt_gate {
	u16	offset_low, selector;
	u8	ist, type;
	u16	offset_mid;
	u32	offset_high, reserved;
};
_Static_assert(sizeof(struct idt_gate) == 16, "SDM 3A figure 6-8");

struct table_register {
	u16	limit;
	u64	base;
} packed;

PERCPU_DEFINE(struct cpu_tables, cpu_tables) = { .pad = 0 };
static struct idt_gate idt[NVECTORS] aligned(4096);
static u8 boot_ist[NIST][4096] aligned(16);

/* entry.S */
extern char trap_stubs[], trap_nmi[], trap_double_fault[];
extern char trap_machine_check[], syscall_entry[], syscall_entry_compat[];

static void
idt_set(u32 vector, const char *handler, u32 ist, u8 extra)
{
	u64 at = (u64)handler;

	idt[vector] = (struct idt_gate){
		.offset_low = (u16)at,
		.selector = SEL_KCODE,
		.ist = (u8)ist,
		.type = (u8)(GATE_INTERRUPT | extra),
		.offset_mid = (u16)(at >> 16),
		.offset_high = (u32)(at >> 32),
	};
}

static void
idt_init(void)
{
	for (u32 v = 0; v < NVECTORS; v++)
		idt_set(v, trap_stubs + v * STUB_BYTES, 0, 0);
	idt_set(VECTOR_BREAKPOINT, trap_stubs +
	    VECTOR_BREAKPOINT * STUB_BYTES, 0, GATE_DPL3);
	idt_set(VECTOR_OVERFLOW, trap_stubs +
	    VECTOR_OVERFLOW * STUB_BYTES, 0, GATE_DPL3);
	idt_set(VECTOR_NMI, trap_nmi, IST_NMI, 0);
	idt_set(VECTOR_DOUBLE_FAULT, trap_double_fault, IST_DOUBLE_FAULT, 0);
	idt_set(VECTOR_MACHINE_CHECK, trap_machine_check, IST_MACHINE_CHECK,
	    0);
}

void
desc_set_ist(u32 cpu, u32 n, void *top)
{
	struct cpu_tables *t = PERCPU_OF(struct cpu_tables, cpu_tables, cpu);
	u64 *tail = (u64 *)((char *)top - IST_TAIL);

	*tail = percpu_offset_of[cpu];
	t->tss.ist[n - 1] = (u64)tail;
}

static void
gdt_fill(struct cpu_tables *t, u32 cpu)
{
	u64 base = (u64)&t->tss;

	memset(t->gdt, 0, sizeof(t->gdt));
	t->gdt[SEL_KCODE / 8] = DESC_KCODE;
	t->gdt[SEL_KDATA / 8] = DESC_KDATA;
	t->gdt[SEL_UDATA / 8] = DESC_UDATA;
	t->gdt[SEL_UCODE / 8] = DESC_UCODE;
	t->gdt[SEL_TSS / 8] = DESC_TSS | (sizeof(t->tss) - 1) |
	    (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56;
	t->gdt[SEL_TSS / 8 + 1] = base >> 32;
	t->gdt[SEL_CPU / 8] = DESC_CPU | cpu;
}

void
desc_load(void)
{
	struct cpu_tables *t = PERCPU_THIS(struct cpu_tables, cpu_tables);
	struct table_register gdtr = { sizeof(t->gdt) - 1, (u64)t->gdt };
	struct table_register idtr = { sizeof(idt) - 1, (u64)idt };

	gdt_fill(t, cpu_id);
	t->tss.iomap_base = sizeof(t->tss);	/* no port for user mode */
	__asm__ volatile("lgdt %0" :: "m"(gdtr));
	__asm__ volatile("pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax; "
	    "lretq; 1:" :: "i"(SEL_KCODE) : "rax", "memory");
	__asm__ volatile("mov %0, %%ss; mov %0, %%ds; mov %0, %%es" ::
	    "r"(SEL_KDATA));
	__asm__ volatile("ltr %w0" :: "r"(SEL_TSS));
	__asm__ volatile("lidt %0" :: "m"(idtr));
	__asm__ volatile("lldt %w0" :: "r"(0));

	cpu_wrmsr(MSR_STAR, (u64)(SEL_UCODE32 | SEL_RPL_USER) << 48 |
	    (u64)SEL_KCODE << 32);
	cpu_wrmsr(MSR_LSTAR, (u64)syscall_entry);
	cpu_wrmsr(MSR_CSTAR, (u64)syscall_entry_compat);
	cpu_wrmsr(MSR_FMASK, SYSCALL_FMASK);
	cpu_wrmsr(MSR_SYSENTER_CS, 0);
	if (cpu_has.rdtscp)
		cpu_wrmsr(MSR_TSC_AUX, cpu_id);
}

void
desc_init_boot(void)
{
	idt_init();
	for (u32 n = 0; n < NIST; n++)
		desc_set_ist(0, n + 1, boot_ist[n] + sizeof(boot_ist[n]));
	desc_load();
}
