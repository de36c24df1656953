/*
 * The part of the context switch that changes stacks (switch.c has the rest,
 * and struct switch_frame).
 */
#include "kernel/x86/asm.h"

	.text
	.balign	32
	.globl	x86_switch_stacks
x86_switch_stacks:		/* rdi: prev, rsi: next */
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, XT_KSP(%rdi)
	movq	XT_KSP(%rsi), %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	movq	%rdi, %rax		/* who ran before */
	ret

/* First code of a kernel thread: rbx(prev, r12), which does not return. */
	.globl	x86_thread_begin
x86_thread_begin:
	movq	%rax, %rdi
	movq	%r12, %rsi
	call	*%rbx
	ud2

/* First code of a user thread: the same, then out by its trap frame. */
	.globl	x86_user_thread_begin
x86_user_thread_begin:
	movq	%rax, %rdi
	movq	%r12, %rsi
	call	*%rbx
	cli
	jmp	trap_return_to_user
