/*
 * Traps, interrupts and system calls: the frame, and the upward calls.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/percpu.h"

/* What entry.S pushes, lowest address first; Linux's pt_regs order. */
struct trapframe {
	u64	r15, r14, r13, r12, rbp, rbx;
	u64	r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u64	orig_rax;	/* system call number, or -1 */
	u64	vector_error;	/* low 32: error code; high 32: vector */
	u64	rip, cs, rflags, rsp, ss;
};

static inline bool
trap_from_user(const struct trapframe *tf)
{
	return (tf->cs & 3) == 3;
}

#define VECTOR_PAGE_FAULT	14
#define VECTOR_IRQ_FIRST	0x30	/* first of the allocatable ones */
#define VECTOR_IRQ_LAST		0xdf
#define VECTOR_TIMER		0xec
#define VECTOR_IPI_RESCHED	0xfa
#define VECTOR_IPI_CALL		0xfb	/* run a function: smp.h */
#define VECTOR_IPI_TLB		0xfc
#define VECTOR_SPURIOUS		0xff

#define PF_PRESENT		BIT(0)	/* page fault error code, SDM 3A 4.7 */
#define PF_WRITE		BIT(1)
#define PF_USER			BIT(2)
#define PF_RSVD			BIT(3)
#define PF_EXEC			BIT(4)

/*
 * What higher ranks do. Set once at boot, before interrupts are on.
 * syscall and the faults from user mode run with interrupts on and may sleep;
 * the others run with interrupts off and may not.
 */
struct trap_ops {
	/* The system call of tf->orig_rax; the result goes to tf->rax. */
	void	(*syscall)(struct trapframe *tf);
	/* A page fault from user mode at addr, error code PF_*. Sleeps. */
	void	(*user_fault)(struct trapframe *tf, u64 addr, u64 error);
	/* Any other exception from user mode (becomes a signal). Sleeps. */
	void	(*user_trap)(struct trapframe *tf, u32 vector, u64 error);
	/* A device interrupt: vectors VECTOR_IRQ_FIRST..VECTOR_IRQ_LAST. Ends
	 * with intr_eoi(); for the other vectors trap.c has done that. */
	void	(*irq)(struct trapframe *tf, u32 vector);
	/* The local timer fired. */
	void	(*timer)(struct trapframe *tf);
	/* Before a return to user mode with x86_thread.work set. Called with
	 * interrupts on; entry.S looks again afterwards. Sleeps. */
	void	(*return_work)(struct trapframe *tf);
	/* An interrupt from another CPU but VECTOR_IPI_CALL, which smp.c
	 * serves: VECTOR_IPI_RESCHED, VECTOR_IPI_TLB. May be NULL. */
	void	(*ipi)(struct trapframe *tf, u32 vector);
	/* NMI: the watchdog and the panic's stop of the other CPUs. */
	void	(*nmi)(struct trapframe *tf);
	/* A fatal exception in the kernel. Does not return. */
	void	(*fatal)(struct trapframe *tf, u32 vector, u64 error, u64 addr);
};
extern struct trap_ops trap_ops;

/* Interrupts that this CPU has taken; the watchdog looks for a change. */
PERCPU_DECLARE(u64, x86_interrupts);

/* The user-mode frame at the top of the current thread's kernel stack. */
struct trapframe *trap_user_frame(void);

/*
 * First code of a new user thread: pops the frame at the top of its stack and
 * enters user mode (through return_work). Never called from C.
 */
void	trap_return_to_user(void);
