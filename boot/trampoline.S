/*
 * How the other CPUs come up.
 *
 * A CPU that gets a start-up interrupt begins in real mode at a page below
 * 1 MiB. smp.c copies the code between trampoline_start and trampoline_end to
 * such a page and fills in the addresses that depend on it; the code itself
 * writes nothing and uses no stack, so that any number of CPUs may run it at
 * once. Each then draws a ticket, which is its CPU number, and finds its stack
 * and per-CPU area by it.
 *
 * Source: Intel SDM 3A 8.4.4 (MP initialisation), 9.8.5.
 */
#include "kernel/x86/asm.h"

#define CR0_PE_MP_NE_WP_PG_ET	0x80010033
#define SEL_KCODE32	0x08
#define CR4_PAE		0x20
#define MSR_EFER	0xc0000080
#define EFER_LME_NXE	0x900

	.section .rodata
	.balign	16
	.globl	trampoline_start, trampoline_gdtr, trampoline_far32
	.globl	trampoline_far64, trampoline_cr3, trampoline_end
	.globl	trampoline_32, trampoline_64
	.code16
trampoline_start:
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	trampoline_gdtr - trampoline_start
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	*(trampoline_far32 - trampoline_start)

	.code32
trampoline_32:
	movl	$SEL_KDATA, %eax
	movl	%eax, %ds
	movl	%eax, %ss
	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	/* ebx: where this page is. */
	movl	$0, %ebx
	.globl	trampoline_base
	.set	trampoline_base, . - 4	/* the immediate; smp.c fills it in */
	movl	(trampoline_cr3 - trampoline_start)(%ebx), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME_NXE, %eax
	wrmsr
	movl	$CR0_PE_MP_NE_WP_PG_ET, %eax
	movl	%eax, %cr0
	ljmpl	*(trampoline_far64 - trampoline_start)(%ebx)

	.code64
trampoline_64:
	movabsq	$ap_entry, %rax
	jmp	*%rax

	.balign	8
trampoline_gdtr:
	.word	4 * 8 - 1
	.long	0			/* filled in: trampoline_gdt */
	.word	0
trampoline_far32:
	.long	0			/* filled in */
	.word	SEL_KCODE32
	.word	0
trampoline_far64:
	.long	0			/* filled in */
	.word	SEL_KCODE
	.word	0
trampoline_cr3:
	.long	0			/* filled in */
	.balign	8
	.globl	trampoline_gdt, trampoline_gdt_end
trampoline_gdt:
	.quad	0
	.quad	0x00cf9b000000ffff	/* SEL_KCODE32 */
	.quad	0x00af9b000000ffff	/* SEL_KCODE */
	.quad	0x00cf93000000ffff	/* SEL_KDATA */
trampoline_gdt_end:
trampoline_end:

	.text
ap_entry:
	movl	$SEL_KDATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$1, %ebx
	lock xaddl %ebx, smp_ticket(%rip)
	cmpl	smp_tickets_end(%rip), %ebx
	jae	ap_refused
	movq	kernel_cr3(%rip), %rax
	movq	%rax, %cr3
	movq	smp_stack_of(, %rbx, 8), %rsp
	movq	percpu_offset_of(, %rbx, 8), %rax
	movq	%rax, %rdx
	shrq	$32, %rdx
	movl	$MSR_GS_BASE, %ecx
	wrmsr
	movl	%ebx, %edi
	xorl	%ebp, %ebp
	call	smp_ap_start
	ud2

ap_refused:				/* came too late, or one too many */
	cli
	hlt
	jmp	ap_refused
