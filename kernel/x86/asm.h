/*
 * Constants that assembly and C share. Plain #defines only.
 *
 * The offsets into C structures are asserted in trap.c and switch.c.
 */
#pragma once

/* Segment selectors: Linux's values, since programs see CS and SS. */
#define SEL_KCODE		0x10
#define SEL_KDATA		0x18
#define SEL_UCODE32		0x20	/* empty: no 32-bit programs */
#define SEL_UDATA		0x28
#define SEL_UCODE		0x30
#define SEL_TSS			0x40	/* two slots */
#define SEL_CPU			0x78	/* its limit is the CPU's number */
#define SEL_RPL_USER		3
#define USER_CS			(SEL_UCODE | SEL_RPL_USER)
#define USER_SS			(SEL_UDATA | SEL_RPL_USER)
#define GDT_ENTRIES		16

#define MSR_GS_BASE		0xc0000101
#define MSR_KERNEL_GS_BASE	0xc0000102

/* struct trapframe */
#define TF_R15			0
#define TF_R14			8
#define TF_R13			16
#define TF_R12			24
#define TF_RBP			32
#define TF_RBX			40
#define TF_R11			48
#define TF_R10			56
#define TF_R9			64
#define TF_R8			72
#define TF_RAX			80
#define TF_RCX			88
#define TF_RDX			96
#define TF_RSI			104
#define TF_RDI			112
#define TF_ORIG_RAX		120
#define TF_VECTOR_ERROR		128
#define TF_RIP			136
#define TF_CS			144
#define TF_RFLAGS		152
#define TF_RSP			160
#define TF_SS			168
#define TF_BYTES		176

/* struct x86_thread */
#define XT_KSTACK_TOP		0
#define XT_KSP			8
#define XT_WORK			16
#define XT_WORK_RETURN		0xfffffff7	/* all but WORK_TRACE */

/* struct cpu_tables: tss.rsp0, the stack at entry from user mode */
#define CPU_TABLES_RSP0		8

/* struct trap_ops */
#define TRAP_OPS_SYSCALL	0
#define TRAP_OPS_RETURN_WORK	40

#define ASM_RFLAGS_TF		0x100
#define ASM_RFLAGS_RF		0x10000

/*
 * An IST stack ends in 16 bytes whose first 8 hold the CPU's percpu_offset:
 * an NMI finds its GS base there, whatever GS was.
 */
#define IST_TAIL		16
