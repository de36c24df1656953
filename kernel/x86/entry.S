/*
 * Where the kernel is entered and left.
 *
 * Every entry builds the same struct trapframe (trap.h). From user mode it
 * stands at the very top of the thread's kernel stack. GS: the user's base in
 * user mode, the per-CPU base in the kernel, exchanged by SWAPGS next to the
 * change of mode. NMI, double fault and machine check can hit between the two,
 * so they run on stacks of their own, whose last words tell the CPU's GS base
 * (asm.h, IST_TAIL), and put back whatever base they found: with FSGSBASE the
 * user may make his base look like ours, so its value proves nothing.
 *
 * A return to user mode happens with interrupts off from the last look at
 * x86_thread.work on, so that no work is missed. A system call returns by
 * SYSRET if its frame is as SYSCALL left it; the frame of an exec or a
 * sigreturn, or a non-canonical RIP (on which SYSRET would fault in the kernel
 * with the user's stack: Intel SDM 2B, SYSRET), returns by IRET. If that IRET
 * faults, trap_fix_iret() turns the fault into one of the user's.
 */
#include "kernel/x86/asm.h"
#include "kernel/x86/smap.h"

.macro PUSH_REGS rax=%rax
	pushq	%rdi
	pushq	%rsi
	pushq	%rdx
	pushq	%rcx
	pushq	\rax
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	xorl	%ebp, %ebp		/* backtraces end here */
.endm

.macro POP_REGS
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rax
	popq	%rcx
	popq	%rdx
	popq	%rsi
	popq	%rdi
.endm

	.text
	.balign	64
	.globl	syscall_entry
syscall_entry:
	swapgs
	movq	%rsp, %gs:syscall_user_rsp(%rip)
	movq	%gs:cpu_tables + CPU_TABLES_RSP0(%rip), %rsp
	pushq	$USER_SS
	pushq	%gs:syscall_user_rsp(%rip)
	pushq	%r11			/* rflags */
	pushq	$USER_CS
	pushq	%rcx			/* rip */
	pushq	$0			/* vector_error */
	pushq	%rax			/* orig_rax */
	PUSH_REGS
	movq	%rsp, %rdi
	sti
	call	*trap_ops + TRAP_OPS_SYSCALL(%rip)
	cli
	movq	%gs:x86_current(%rip), %rax
	testl	$XT_WORK_RETURN, XT_WORK(%rax)
	jnz	return_work

	/* Is the frame still what SYSRET can load? */
	movq	TF_RIP(%rsp), %rcx
	movq	TF_RFLAGS(%rsp), %r11
	cmpq	%rcx, TF_RCX(%rsp)
	jne	return_iret
	cmpq	%r11, TF_R11(%rsp)
	jne	return_iret
	movq	%rcx, %rax
	shrq	$47, %rax
	jnz	return_iret
	testl	$(ASM_RFLAGS_TF | ASM_RFLAGS_RF), %r11d
	jnz	return_iret
	POP_REGS
	movq	(TF_RSP - TF_ORIG_RAX)(%rsp), %rsp
	swapgs
	sysretq

/* SYSCALL from compatibility mode, which no user can enter: AMD's CSTAR. */
	.globl	syscall_entry_compat
syscall_entry_compat:
	movl	$-38, %eax		/* -ENOSYS */
	sysretl

/* Before a return to user mode: interrupts off, the frame at %rsp. */
	.globl	trap_return_to_user
trap_return_to_user:
	movq	%gs:x86_current(%rip), %rax
	testl	$XT_WORK_RETURN, XT_WORK(%rax)
	jz	return_iret
return_work:
	sti
	movq	%rsp, %rdi
	call	*trap_ops + TRAP_OPS_RETURN_WORK(%rip)
	cli
	jmp	trap_return_to_user

return_iret:
	POP_REGS
	addq	$16, %rsp
	swapgs
	.globl	trap_iret_to_user
trap_iret_to_user:
	iretq

/*
 * Vectors without an IST. Stubs of 16 bytes each: push an error code if the
 * CPU did not, and put the vector in its upper half.
 */
	.balign	16
	.globl	trap_stubs
trap_stubs:
	.set	vector, 0
	.rept	256
	.balign	16
	.if (vector != 8) && (vector != 10) && (vector != 11) && \
	    (vector != 12) && (vector != 13) && (vector != 14) && \
	    (vector != 17) && (vector != 21) && (vector != 29) && \
	    (vector != 30)
	pushq	$0
	.endif
	movl	$vector, 4(%rsp)
	jmp	trap_common
	.set	vector, vector + 1
	.endr

trap_common:
	cld
	SMAP_CLAC
	testb	$3, (TF_CS - TF_VECTOR_ERROR)(%rsp)
	jz	trap_in_kernel
	swapgs
	pushq	$-1
	PUSH_REGS
trap_in_user:
	movq	%rsp, %rdi
	call	trap_user
	jmp	trap_return_to_user

trap_in_kernel:
	pushq	$-1
	pushq	%rdi
	leaq	trap_iret_to_user(%rip), %rdi
	cmpq	%rdi, (TF_RIP - TF_RDI)(%rsp)
	popq	%rdi
	je	trap_at_iret
	PUSH_REGS
	/* Let backtraces go on into what was interrupted. */
	movq	TF_RBP(%rsp), %rbp
	movq	%rsp, %rdi
	call	trap_kernel
	.globl	trap_kernel_return	/* backtraces know the frame by it */
trap_kernel_return:
	POP_REGS
	addq	$16, %rsp
	iretq

/* IRET to user mode faulted: GS is the user's already. */
trap_at_iret:
	swapgs
	PUSH_REGS
	movq	%rsp, %rdi
	call	trap_fix_iret
	movq	%rax, %rsp
	jmp	trap_in_user

/* Vectors with an IST: see the head of this file. */
.macro IST_ENTRY name, vector, has_error, function
	.globl	\name
\name:
	.if	\has_error == 0
	pushq	$0
	.endif
	movl	$\vector, 4(%rsp)
	pushq	$-1
	PUSH_REGS
	cld
	SMAP_CLAC
	movl	$MSR_GS_BASE, %ecx
	rdmsr
	movl	%eax, %ebx		/* the base found, to be put back */
	movl	%edx, %r12d
	movl	TF_BYTES(%rsp), %eax	/* IST_TAIL */
	movl	(TF_BYTES + 4)(%rsp), %edx
	wrmsr
	movq	TF_RBP(%rsp), %rbp
	movq	%rsp, %rdi
	call	\function
	movl	%ebx, %eax
	movl	%r12d, %edx
	movl	$MSR_GS_BASE, %ecx
	wrmsr
	POP_REGS
	addq	$16, %rsp
	iretq
.endm

	IST_ENTRY trap_nmi, 2, 0, trap_nmi_irq
	IST_ENTRY trap_double_fault, 8, 1, trap_fatal
	IST_ENTRY trap_machine_check, 18, 0, trap_fatal
