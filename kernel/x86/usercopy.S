/*
 * Copies between kernel and user memory (usercopy.h).
 *
 * Plain 8-byte moves, 64 bytes a turn, and REP for what is long: that takes
 * some cycles to start, and is then the fastest way (Intel 64 and IA-32
 * Architectures Optimization Reference Manual, 3.7.6).
 * A fault anywhere goes on in a byte loop from where the last whole step ended,
 * so that the count of bytes not copied is exact: the byte it names is on the
 * page that was missing.
 *
 * The .extable entries here must come in rising order (usercopy.c).
 */
#include "kernel/x86/extable.h"
#include "kernel/x86/smap.h"

#define EFAULT		14
#define ENAMETOOLONG	36
#define LONG_BYTES	512

/* Two instructions, of which either may fault (one side is user memory). */
.macro MOVE load, store, from, to, reg, fix
671:	\load	\from, \reg
672:	\store	\reg, \to
	EXTABLE	671b, \fix
	EXTABLE	672b, \fix
.endm

.macro STORE insn, value, to, fix
673:	\insn	\value, \to
	EXTABLE	673b, \fix
.endm

/* Fail unless [\addr, \addr + %rdx) is user space. Clobbers rax, rcx. */
.macro CHECK_RANGE addr, fail
	movabsq	$0x00007ffffffff000, %rcx
	movq	\addr, %rax
	addq	%rdx, %rax
	jc	\fail
	cmpq	%rcx, %rax
	ja	\fail
.endm

	.text
	.balign	32
	.globl	usercopy_in
usercopy_in:			/* rdi: to, rsi: from (user), rdx: bytes */
	CHECK_RANGE %rsi, copy_refused
	jmp	copy

	.balign	32
	.globl	usercopy_out
usercopy_out:			/* rdi: to (user), rsi: from, rdx: bytes */
	CHECK_RANGE %rdi, copy_refused
copy:
	SMAP_STAC
	cmpq	$LONG_BYTES, %rdx
	jae	copy_long
	cmpq	$64, %rdx
	jb	2f
1:	MOVE	movq, movq, (%rsi), (%rdi), %rax, copy_bytes
	MOVE	movq, movq, 8(%rsi), 8(%rdi), %rcx, copy_bytes
	MOVE	movq, movq, 16(%rsi), 16(%rdi), %r8, copy_bytes
	MOVE	movq, movq, 24(%rsi), 24(%rdi), %r9, copy_bytes
	MOVE	movq, movq, 32(%rsi), 32(%rdi), %rax, copy_bytes
	MOVE	movq, movq, 40(%rsi), 40(%rdi), %rcx, copy_bytes
	MOVE	movq, movq, 48(%rsi), 48(%rdi), %r8, copy_bytes
	MOVE	movq, movq, 56(%rsi), 56(%rdi), %r9, copy_bytes
	addq	$64, %rsi
	addq	$64, %rdi
	subq	$64, %rdx
	cmpq	$64, %rdx
	jae	1b
2:	cmpl	$8, %edx
	jb	4f
3:	MOVE	movq, movq, (%rsi), (%rdi), %rax, copy_bytes
	addq	$8, %rsi
	addq	$8, %rdi
	subl	$8, %edx
	cmpl	$8, %edx
	jae	3b
copy_tail:
4:	testl	%edx, %edx
	jz	7f
	testb	$4, %dl
	jz	5f
	MOVE	movl, movl, (%rsi), (%rdi), %eax, copy_bytes
	addq	$4, %rsi
	addq	$4, %rdi
	subl	$4, %edx
5:	testb	$2, %dl
	jz	6f
	MOVE	movw, movw, (%rsi), (%rdi), %ax, copy_bytes
	addq	$2, %rsi
	addq	$2, %rdi
	subl	$2, %edx
6:	testb	$1, %dl
	jz	7f
	MOVE	movb, movb, (%rsi), (%rdi), %al, copy_bytes
7:	SMAP_CLAC
	xorl	%eax, %eax
	ret
copy_refused:
	movq	%rdx, %rax
	ret

copy_bytes:			/* after a fault: to the exact byte */
	testq	%rdx, %rdx
	jz	copy_end
	MOVE	movb, movb, (%rsi), (%rdi), %al, copy_end
	incq	%rsi
	incq	%rdi
	decq	%rdx
	jmp	copy_bytes
copy_end:
	SMAP_CLAC
	movq	%rdx, %rax
	ret
copy_long:
	movq	%rdx, %rcx
	shrq	$3, %rcx
	andl	$7, %edx
671:	rep movsq
	EXTABLE	671b, copy_long_end
	jmp	copy_tail
copy_long_end:			/* rcx words are left, from where it stopped */
	leaq	(%rdx, %rcx, 8), %rdx
	jmp	copy_bytes

	.balign	32
	.globl	usercopy_zero
usercopy_zero:			/* rdi: to (user), rsi: bytes */
	movq	%rsi, %rdx
	CHECK_RANGE %rdi, copy_refused
	SMAP_STAC
	xorl	%eax, %eax
	cmpq	$64, %rdx
	jb	2f
1:	STORE	movq, %rax, (%rdi), zero_bytes
	STORE	movq, %rax, 8(%rdi), zero_bytes
	STORE	movq, %rax, 16(%rdi), zero_bytes
	STORE	movq, %rax, 24(%rdi), zero_bytes
	STORE	movq, %rax, 32(%rdi), zero_bytes
	STORE	movq, %rax, 40(%rdi), zero_bytes
	STORE	movq, %rax, 48(%rdi), zero_bytes
	STORE	movq, %rax, 56(%rdi), zero_bytes
	addq	$64, %rdi
	subq	$64, %rdx
	cmpq	$64, %rdx
	jae	1b
2:	cmpq	$8, %rdx
	jb	zero_bytes
	STORE	movq, %rax, (%rdi), zero_bytes
	addq	$8, %rdi
	subq	$8, %rdx
	jmp	2b
zero_bytes:
	testq	%rdx, %rdx
	jz	copy_end
	STORE	movb, $0, (%rdi), copy_end
	incq	%rdi
	decq	%rdx
	jmp	zero_bytes

/*
 * rdi: to, rsi: from (user), rdx: max, rcx: *done. Eight bytes a turn while
 * that stays on one page; a NUL in a word is found by the classic
 * (w - 0x01..01) & ~w & 0x80..80, whose lowest set bit is exact.
 */
	.balign	32
	.globl	usercopy_str
usercopy_str:
	movabsq	$0x00007ffffffff000, %rax
	xorl	%r10d, %r10d		/* bytes so far */
	subq	%rsi, %rax		/* bytes of user space from here */
	jbe	str_fault
	movl	$-ENAMETOOLONG, %r11d
	cmpq	%rax, %rdx
	jbe	1f
	movq	%rax, %rdx
	movl	$-EFAULT, %r11d		/* if it ends without a NUL */
1:	SMAP_STAC
	movabsq	$0x0101010101010101, %r8
	movq	%rdx, %rax
	subq	$8, %rax
	jb	str_bytes
2:	leaq	(%rsi, %r10), %rax
	andl	$4095, %eax
	cmpl	$4088, %eax
	ja	str_bytes
	leaq	8(%r10), %rax
	cmpq	%rdx, %rax
	ja	str_bytes
	MOVE	movq, movq, "(%rsi, %r10)", "(%rdi, %r10)", %rax, str_stop
	movq	%rax, %r9
	subq	%r8, %rax
	notq	%r9
	andq	%r9, %rax
	movabsq	$0x8080808080808080, %r9
	andq	%r9, %rax
	jnz	3f
	addq	$8, %r10
	jmp	2b
3:	bsfq	%rax, %rax
	shrl	$3, %eax
	addq	%r10, %rax
	jmp	str_found
/* One byte at a time: up to a page's end, or to max; then words again. */
str_bytes:
	cmpq	%rdx, %r10
	jae	str_long
	MOVE	movb, movb, "(%rsi, %r10)", "(%rdi, %r10)", %al, str_stop
	testb	%al, %al
	jz	4f
	incq	%r10
	leaq	(%rsi, %r10), %rax
	testl	$4095, %eax
	jz	2b
	jmp	str_bytes
4:	movq	%r10, %rax
str_found:
	SMAP_CLAC
	movq	%rax, (%rcx)
	ret
str_long:
	SMAP_CLAC
	movq	%r10, (%rcx)
	movslq	%r11d, %rax
	ret
str_stop:
	SMAP_CLAC
str_fault:
	movq	%r10, (%rcx)
	movq	$-EFAULT, %rax
	ret

/* edi: addr (user), esi: expected, edx: desired, rcx: *found. */
	.balign	32
	.globl	usercopy_cmpxchg32
usercopy_cmpxchg32:
	movabsq	$0x00007fffffffeffc, %rax
	cmpq	%rax, %rdi
	ja	word_refused
	movl	%esi, %eax
	SMAP_STAC
674:	lock cmpxchgl %edx, (%rdi)
	EXTABLE	674b, word_fault
	SMAP_CLAC
	movl	%eax, (%rcx)
	xorl	%eax, %eax
	ret

/* rdi: addr (user), rsi: *out. */
	.globl	usercopy_read32
usercopy_read32:
	movabsq	$0x00007fffffffeffc, %rax
	cmpq	%rax, %rdi
	ja	word_refused
	SMAP_STAC
675:	movl	(%rdi), %eax
	EXTABLE	675b, word_fault
	SMAP_CLAC
	movl	%eax, (%rsi)
	xorl	%eax, %eax
	ret
word_fault:
	SMAP_CLAC
word_refused:
	movl	$-EFAULT, %eax
	ret

/*
 * The vector registers, straight to and from user memory. rdi: address
 * (user; the caller has checked range and alignment), esi: all of XCR0's
 * components (XSAVE), or 0 (FXSAVE). A bad image faults like a missing page.
 */
	.balign	32
	.globl	usercopy_fpu_out
usercopy_fpu_out:
	xorl	%edx, %edx
	movl	%esi, %eax
	SMAP_STAC
	testl	%eax, %eax
	jz	1f
676:	xsave64	(%rdi)
	EXTABLE	676b, word_fault
	jmp	2f
677:
1:	fxsave64 (%rdi)
	EXTABLE	677b, word_fault
2:	SMAP_CLAC
	xorl	%eax, %eax
	ret

	.globl	usercopy_fpu_in
usercopy_fpu_in:
	xorl	%edx, %edx
	movl	%esi, %eax
	SMAP_STAC
	testl	%eax, %eax
	jz	1f
678:	xrstor64 (%rdi)
	EXTABLE	678b, word_fault
	jmp	2f
679:
1:	fxrstor64 (%rdi)
	EXTABLE	679b, word_fault
2:	SMAP_CLAC
	xorl	%eax, %eax
	ret
