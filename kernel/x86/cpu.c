/*
 * Control registers: what every CPU turns on.
 */
#include "kernel/x86/cpu.h"
#include "kernel/x86/desc.h"
#include "kernel/x86/features.h"
#include "kernel/x86/fpu_priv.h"
#include "kernel/x86/start.h"

#define CR0_MP			BIT(1)
#define CR0_EM			BIT(2)
#define CR0_TS			BIT(3)
#define CR0_NE			BIT(5)
#define CR0_WP			BIT(16)
#define CR0_AM			BIT(18)
#define CR0_NW			BIT(29)
#define CR0_CD			BIT(30)

#define CR4_TSD			BIT(2)
#define CR4_DE			BIT(3)
#define CR4_PAE			BIT(5)
#define CR4_MCE			BIT(6)
#define CR4_PGE			BIT(7)
#define CR4_UMIP		BIT(11)
#define CR4_FSGSBASE		BIT(16)
#define CR4_PCIDE		BIT(17)
#define CR4_SMEP		BIT(20)
#define CR4_SMAP		BIT(21)

#define MSR_EFER		0xc0000080
#define  EFER_SCE		BIT(0)
#define  EFER_NXE		BIT(11)
#define MSR_PAT			0x277
/* Entries 0-7: WB, WC, UC-, UC, WB, WC, UC-, UC (SDM 3A 11.12.2). */
#define PAT_VALUE		0x0007010600070106ul

static inline u64
read_cr0(void)
{
	u64 v;

	__asm__ volatile("mov %%cr0, %0" : "=r"(v));
	return v;
}

static u64
wanted_cr4(void)
{
	u64 v = CR4_DE | CR4_PAE | CR4_MCE;

	if (cpu_has.pge)
		v |= CR4_PGE;
	if (cpu_has.umip)
		v |= CR4_UMIP;
	if (cpu_has.fsgsbase)
		v |= CR4_FSGSBASE;
	if (cpu_has.smep)
		v |= CR4_SMEP;
	if (cpu_has.smap)
		v |= CR4_SMAP;
	return v;
}

void
cpu_init(void)
{
	u64 cr0 = read_cr0() & ~(CR0_EM | CR0_TS | CR0_NW | CR0_CD);

	desc_load();
	cpu_wrmsr(MSR_EFER, cpu_rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE);
	__asm__ volatile("mov %0, %%cr0" ::
	    "r"(cr0 | CR0_MP | CR0_NE | CR0_WP | CR0_AM));
	__asm__ volatile("mov %0, %%cr4" :: "r"(wanted_cr4()) : "memory");
	/* PCID may be turned on only while CR3's low 12 bits are 0 (SDM 3A
	 * 4.10.1); so they are here. */
	if (cpu_has.pcid)
		__asm__ volatile("mov %0, %%cr4" :: "r"(wanted_cr4() |
		    CR4_PCIDE) : "memory");
	if (cpu_has.pat)
		cpu_wrmsr(MSR_PAT, PAT_VALUE);
	fpu_init_cpu();
}
