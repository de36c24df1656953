/*
 * The context switch: what is not on the stack.
 *
 * User threads have FS and GS bases and an FPU state; kernel threads have
 * neither and leave them alone, so that a user thread which comes back after a
 * kernel thread finds its registers in place. While the kernel runs, the
 * user's GS base is in the KERNEL_GS_BASE register; interrupts are off here and
 * NMIs bring their own GS (entry.S), so it may be looked at by SWAPGS.
 */
#include "kernel/lib/assert.h"
#include "kernel/x86/asm.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/desc.h"
#include "kernel/x86/features.h"
#include "kernel/x86/fpu.h"
#include "kernel/x86/switch.h"
#include "kernel/x86/trap.h"

#define MSR_FS_BASE		0xc0000100
#define FPU_NO_CPU		(~0u)

/* Whose FPU registers and bases this CPU holds; valid if its fpu_cpu is this
 * CPU. */
static PERCPU_DEFINE(struct x86_thread *, x86_fpu_owner);

_Static_assert(offsetof(struct x86_thread, kstack_top) == XT_KSTACK_TOP,
    "asm.h");

/* switch.S */
struct x86_thread *x86_switch_stacks(struct x86_thread *prev,
	    struct x86_thread *next);
void	x86_thread_begin(void);
void	x86_user_thread_begin(void);

static void
bases_save(struct x86_thread *t)
{
	if (!cpu_has.fsgsbase)
		return;			/* only arch_prctl changes them */
	__asm__ volatile("rdfsbase %0" : "=r"(t->fs_base));
	__asm__ volatile("swapgs; rdgsbase %0; swapgs" : "=r"(t->gs_base));
}

static void
bases_load(const struct x86_thread *t)
{
	if (cpu_has.fsgsbase) {
		__asm__ volatile("wrfsbase %0" :: "r"(t->fs_base));
		__asm__ volatile("swapgs; wrgsbase %0; swapgs" ::
		    "r"(t->gs_base));
		return;
	}
	cpu_wrmsr(MSR_FS_BASE, t->fs_base);
	cpu_wrmsr(MSR_KERNEL_GS_BASE, t->gs_base);
}

void
x86_save_user_bases(void)
{
	u64 flags = cpu_irq_save();

	bases_save(x86_current);
	cpu_irq_restore(flags);
}

void
x86_load_user_bases(void)
{
	u64 flags = cpu_irq_save();

	bases_load(x86_current);
	cpu_irq_restore(flags);
}

struct x86_thread *
x86_switch(struct x86_thread *prev, struct x86_thread *next)
{
	if (prev->fpu != NULL) {
		fpu_save(prev->fpu);
		bases_save(prev);
	}
	if (next->fpu != NULL &&
	    (x86_fpu_owner != next || next->fpu_cpu != cpu_id)) {
		fpu_restore(next->fpu);
		bases_load(next);
		next->fpu_cpu = cpu_id;
		x86_fpu_owner = next;
	}
	x86_current = next;
	cpu_tables.tss.rsp[0] = next->kstack_top;
	return x86_switch_stacks(prev, next);
}

/* What switch.S pops, lowest address first. */
struct switch_frame {
	u64	r15, r14, r13;
	void	*arg;					/* r12 */
	void	(*start)(struct x86_thread *, void *);	/* rbx */
	u64	rbp;
	void	(*begin)(void);				/* rip */
};

static void
first_frame(struct x86_thread *t, u64 sp, void (*begin)(void),
    void (*start)(struct x86_thread *, void *), void *arg)
{
	struct switch_frame *f = (struct switch_frame *)sp - 1;

	assert(sp % 16 == 0);
	*f = (struct switch_frame){
		.begin = begin, .start = start, .arg = arg,
	};
	t->ksp = (u64)f;
	t->fpu_cpu = FPU_NO_CPU;
}

void
x86_thread_init(struct x86_thread *t,
    void (*start)(struct x86_thread *prev, void *arg), void *arg)
{
	first_frame(t, t->kstack_top, x86_thread_begin, start, arg);
}

void
x86_user_thread_init(struct x86_thread *t,
    void (*start)(struct x86_thread *prev, void *arg), void *arg)
{
	first_frame(t, (u64)trap_frame_of(t), x86_user_thread_begin, start,
	    arg);
}

struct trapframe *
trap_frame_of(struct x86_thread *t)
{
	return (struct trapframe *)t->kstack_top - 1;
}
