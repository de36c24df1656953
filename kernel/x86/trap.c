/*
 * Traps: from entry.S to whoever handles them.
 *
 * A fault in the kernel is a bug, but for one case: the few instructions that
 * touch user memory are listed in section .extable with the address to go on
 * at, and a page fault there on a user address continues at that address.
 */
#include "kernel/lib/assert.h"
#include "kernel/lib/string.h"
#include "kernel/x86/asm.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/env.h"
#include "kernel/x86/extable.h"
#include "kernel/x86/intr.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/smp_priv.h"
#include "kernel/x86/thread.h"
#include "kernel/x86/trap.h"
#include "kernel/x86/trap_priv.h"

#define CHECK_TF(field, offset) \
	_Static_assert(offsetof(struct trapframe, field) == (offset), "asm.h")
CHECK_TF(r15, TF_R15);
CHECK_TF(rbp, TF_RBP);
CHECK_TF(r11, TF_R11);
CHECK_TF(rax, TF_RAX);
CHECK_TF(rcx, TF_RCX);
CHECK_TF(rdi, TF_RDI);
CHECK_TF(orig_rax, TF_ORIG_RAX);
CHECK_TF(vector_error, TF_VECTOR_ERROR);
CHECK_TF(rip, TF_RIP);
CHECK_TF(rflags, TF_RFLAGS);
CHECK_TF(rsp, TF_RSP);
CHECK_TF(ss, TF_SS);
_Static_assert(sizeof(struct trapframe) == TF_BYTES, "asm.h");
_Static_assert(offsetof(struct trap_ops, syscall) == TRAP_OPS_SYSCALL &&
    offsetof(struct trap_ops, return_work) == TRAP_OPS_RETURN_WORK, "asm.h");
_Static_assert(offsetof(struct x86_thread, work) == XT_WORK &&
    offsetof(struct x86_thread, ksp) == XT_KSP, "asm.h");
_Static_assert((u32)XT_WORK_RETURN == (u32)~WORK_TRACE, "asm.h");

#define VECTOR_NMI		2
#define VECTOR_PROTECTION	13
#define VECTOR_EXCEPTIONS	0x20	/* the first 32 are exceptions */

struct trap_ops trap_ops;
PERCPU_DEFINE(u64, x86_interrupts);
PERCPU_DEFINE(u64, syscall_user_rsp);	/* entry.S: before it has a stack */

extern const struct extable_entry extable_start[], extable_end[];

static inline u32
trap_vector(const struct trapframe *tf)
{
	return (u32)(tf->vector_error >> 32);
}

static inline u64
trap_error(const struct trapframe *tf)
{
	return (u32)tf->vector_error;
}

static void
trap_interrupt(struct trapframe *tf, u32 vector)
{
	x86_interrupts++;
	if (vector >= VECTOR_IRQ_FIRST && vector <= VECTOR_IRQ_LAST) {
		trap_ops.irq(tf, vector);
	} else if (vector == VECTOR_TIMER) {
		intr_eoi();
		if (trap_ops.timer != NULL)
			trap_ops.timer(tf);
	} else if (vector == VECTOR_IPI_CALL) {
		intr_eoi();
		smp_call_irq();
	} else if (vector >= VECTOR_IRQ_LAST && vector != VECTOR_SPURIOUS) {
		intr_eoi();
		if (trap_ops.ipi != NULL)
			trap_ops.ipi(tf, vector);
	}
	/* Else spurious, of the local APIC or the old PIC: no EOI wanted. */
}

void
trap_user(struct trapframe *tf)
{
	u32 vector = trap_vector(tf);

	if (vector == VECTOR_PAGE_FAULT) {
		u64 addr = cpu_read_cr2();

		cpu_irq_enable();
		trap_ops.user_fault(tf, addr, trap_error(tf));
		cpu_irq_disable();
	} else if (vector >= VECTOR_EXCEPTIONS) {
		trap_interrupt(tf, vector);
	} else {
		cpu_irq_enable();
		trap_ops.user_trap(tf, vector, trap_error(tf));
		cpu_irq_disable();
	}
}

void
trap_fatal(struct trapframe *tf)
{
	u64 addr = cpu_read_cr2();

	if (trap_ops.fatal != NULL)
		trap_ops.fatal(tf, trap_vector(tf), trap_error(tf), addr);
	x86_env.panic("exception %u (error %#llx, cr2 %#llx) at %#llx",
	    trap_vector(tf), (unsigned long long)trap_error(tf),
	    (unsigned long long)addr, (unsigned long long)tf->rip);
	unreachable();
}

/* Continue at the fixup of the faulting instruction, if it has one. The table
 * rises by address (usercopy.c asserts it). */
static bool
trap_fixup(struct trapframe *tf)
{
	const struct extable_entry *low = extable_start, *high = extable_end;

	while (low < high) {
		const struct extable_entry *e = low + (high - low) / 2;
		u64 insn = (u64)&e->insn + (u64)(s64)e->insn;

		if (insn == tf->rip) {
			tf->rip = (u64)&e->fixup + (u64)(s64)e->fixup;
			return true;
		}
		if (insn < tf->rip)
			low = e + 1;
		else
			high = e;
	}
	return false;
}

void
trap_kernel(struct trapframe *tf)
{
	u32 vector = trap_vector(tf);

	if (vector >= VECTOR_EXCEPTIONS) {
		trap_interrupt(tf, vector);
		return;
	}
	if (vector == VECTOR_PAGE_FAULT && cpu_read_cr2() < USER_TOP &&
	    trap_fixup(tf))
		return;
	if (vector == VECTOR_PROTECTION && trap_fixup(tf))
		return;
	trap_fatal(tf);
}

void
trap_nmi_irq(struct trapframe *tf)
{
	if (trap_ops.nmi != NULL)
		trap_ops.nmi(tf);
}

/*
 * The IRET of entry.S faulted at tf. The frame that it could not load is at
 * the top of the stack, and tf holds the user's other registers. Make one
 * frame of both, as if the user's next instruction had faulted.
 */
struct trapframe *
trap_fix_iret(struct trapframe *tf)
{
	struct trapframe *user = trap_user_frame();

	memmove(user, tf, offsetof(struct trapframe, rip));
	user->cs = USER_CS;
	user->ss = USER_SS;
	return user;
}

struct trapframe *
trap_user_frame(void)
{
	return (struct trapframe *)x86_current->kstack_top - 1;
}
