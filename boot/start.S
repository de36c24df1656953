/*
 * From the boot loader to C.
 *
 * GRUB (multiboot2) and QEMU (PVH) both enter in 32-bit protected mode with
 * paging off and the address of their data in %ebx. Both ways meet below: make
 * page tables that map the low 4 GiB three times (identity, physical map,
 * kernel image), turn on long mode, and call x86_start(kind, info) on the boot
 * stack in the higher half. paging.c makes the real page tables later.
 *
 * Sources: Multiboot2 specification 2.0, 3.1 (header) and 3.3 (machine state);
 * Xen docs/misc/pvh.pandoc; Intel SDM 3A 9.8.5 (entering IA-32e mode).
 */
#include "kernel/x86/asm.h"

#define KERNEL_BASE	0xffffffff80000000
#define PHYS(x)		((x) - KERNEL_BASE)

#define PTE_P_W		3
#define PTE_P_W_PS	0x83
#define CR0_PE		0x00000001
#define CR0_WP		0x00010000
#define CR0_PG		0x80000000
#define CR4_PAE		0x20
#define MSR_EFER	0xc0000080
#define EFER_LME_NXE	0x900
#define PVH_MAGIC	0x336ec578
#define COM1		0x3f8

	.section .boot, "ax"

/* Multiboot2 header, specification 3.1.1-3.1.14. Tags are 8-byte aligned. */
	.balign 8
header:
	.long	0xe85250d6, 0, header_end - header
	.long	-(0xe85250d6 + 0 + (header_end - header))
	.word	3, 0			/* entry address */
	.long	12, PHYS(boot_entry_multiboot2)
	.long	0
	.word	4, 1			/* console: EGA text will do */
	.long	12, 2
	.long	0
	.word	5, 1			/* framebuffer, optional */
	.long	20, 1024, 768, 32
	.long	0
	.word	6, 0			/* modules page-aligned */
	.long	8
	.word	0, 0			/* end */
	.long	8
header_end:

	.section .note.pvh, "a", @note
	.balign 4
	.long	4, 4, 18		/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz	"Xen"
	.long	PHYS(boot_entry_pvh)

	.section .boot, "ax"
	.code32
	.globl	boot_entry_pvh
boot_entry_pvh:
	movl	$PVH_MAGIC, %eax

	.globl	boot_entry_multiboot2
boot_entry_multiboot2:
	cli
	cld
	movl	%eax, %ebp		/* kind */
	movl	%ebx, %esi		/* info */
	movl	$PHYS(boot_stack_top), %esp

	/* Long mode and NX are required: CPUID 80000001h EDX bits 29, 20. */
	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000001, %eax
	jb	no_long_mode
	movl	$0x80000001, %eax
	cpuid
	btl	$29, %edx
	jnc	no_long_mode
	btl	$20, %edx
	jnc	no_nx

	/* Four page directories of 2 MiB pages: the low 4 GiB. */
	movl	$PHYS(early_pd), %edi
	movl	$PTE_P_W_PS, %eax
	movl	$(4 * 512), %ecx
1:	movl	%eax, (%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	decl	%ecx
	jnz	1b

	movl	$PHYS(early_pd) + PTE_P_W, %eax
	movl	%eax, PHYS(early_pdpt_high) + 510 * 8
	movl	$PHYS(early_pdpt), %edi
	movl	$4, %ecx
2:	movl	%eax, (%edi)
	addl	$0x1000, %eax
	addl	$8, %edi
	decl	%ecx
	jnz	2b
	movl	$PHYS(early_pdpt) + PTE_P_W, %eax
	movl	%eax, PHYS(early_pml4)			/* identity */
	movl	%eax, PHYS(early_pml4) + 256 * 8	/* PHYSMAP_BASE */
	movl	$PHYS(early_pdpt_high) + PTE_P_W, %eax
	movl	%eax, PHYS(early_pml4) + 511 * 8	/* KERNEL_BASE */

	movl	%cr4, %eax
	orl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$PHYS(early_pml4), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME_NXE, %eax
	wrmsr
	movl	%cr0, %eax
	orl	$(CR0_PG | CR0_WP | CR0_PE), %eax
	movl	%eax, %cr0
	lgdt	PHYS(early_gdtr)
	ljmp	$SEL_KCODE, $PHYS(boot_entry_64)

no_long_mode:
	movl	$PHYS(text_no_long_mode), %esi
	jmp	boot_say
no_nx:
	movl	$PHYS(text_no_nx), %esi
boot_say:				/* on COM1 and the text screen */
	movl	$0xb8000, %edi
1:	lodsb
	testb	%al, %al
	jz	2f
	movb	%al, (%edi)
	movb	$0x4f, 1(%edi)
	addl	$2, %edi
	movl	$COM1, %edx
	outb	%al, %dx
	jmp	1b
2:	hlt
	jmp	2b

text_no_long_mode:
	.asciz	"Hardtack: this CPU has no 64-bit mode\n"
text_no_nx:
	.asciz	"Hardtack: this CPU has no NX bit, or it is off in the setup\n"

	.code64
boot_entry_64:
	movabsq	$boot_entry_high, %rax
	jmp	*%rax
boot_entry_high:
	movl	$SEL_KDATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movq	$boot_stack_top, %rsp
	movl	%ebp, %edi
	movl	%esi, %esi		/* clears the upper half */
	xorl	%ebp, %ebp		/* backtraces end here */
	call	x86_start
	ud2

	.balign	8
	.globl	early_gdt
early_gdt:
	.quad	0, 0
	.quad	0x00af9b000000ffff	/* SEL_KCODE: 64-bit code */
	.quad	0x00cf93000000ffff	/* SEL_KDATA */
early_gdt_end:
early_gdtr:
	.word	early_gdt_end - early_gdt - 1
	.long	PHYS(early_gdt)
	.long	0

	.section .bss.page, "aw", @nobits
	.balign	4096
	.globl	early_pml4
early_pml4:		.skip	4096
early_pdpt:		.skip	4096
early_pdpt_high:	.skip	4096
early_pd:		.skip	4 * 4096
