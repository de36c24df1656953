/*
 * The per-CPU areas.
 *
 * The boot CPU's copy is percpu_boot in .bss; the others' come from the boot
 * allocator. The section itself stays as linked: the initial values.
 */
#include "kernel/lib/string.h"
#include "kernel/x86/asm.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/env.h"
#include "kernel/x86/percpu.h"
#include "kernel/x86/percpu_priv.h"
#include "kernel/x86/thread.h"

extern char percpu_start[], percpu_end[], percpu_boot[];

u64 percpu_offset_of[MAX_CPUS];
u32 ncpus = 1;

PERCPU_DEFINE(u64, percpu_offset);
PERCPU_DEFINE(u32, cpu_id);
PERCPU_DEFINE(struct x86_thread *, x86_current);

/* What runs on a CPU until the scheduler has threads. Padded: higher ranks see
 * a larger struct behind the same pointer, all zero here. */
union boot_thread {
	struct x86_thread	x86;
	u8			pad[BOOT_THREAD_BYTES];
};
static union boot_thread boot_thread_of_cpu0 aligned(64);

static void
percpu_fill(u32 cpu, char *area, struct x86_thread *thread)
{
	u64 offset = (u64)area - (u64)percpu_start;

	memcpy(area, percpu_start, (usize)(percpu_end - percpu_start));
	percpu_offset_of[cpu] = offset;
	*PERCPU_OF(u64, percpu_offset, cpu) = offset;
	*PERCPU_OF(u32, cpu_id, cpu) = cpu;
	*PERCPU_OF(struct x86_thread *, x86_current, cpu) = thread;
}

void
percpu_init_boot(u64 stack_base, u64 stack_top)
{
	struct x86_thread *t = &boot_thread_of_cpu0.x86;

	t->kstack_base = stack_base;
	t->kstack_top = stack_top;
	percpu_fill(0, percpu_boot, t);
	cpu_wrmsr(MSR_GS_BASE, percpu_offset_of[0]);
}

void
percpu_create(u32 cpu, u64 stack_base, u64 stack_top)
{
	usize len = (usize)(percpu_end - percpu_start);	/* 64-byte aligned */
	char *area = x86_env.boot_get(PAGE_UP(len + BOOT_THREAD_BYTES),
	    PAGE_SIZE);
	struct x86_thread *t = (struct x86_thread *)(area + len);

	t->kstack_base = stack_base;
	t->kstack_top = stack_top;
	percpu_fill(cpu, area, t);
}
