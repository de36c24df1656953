/*
 * Panic, and backtraces.
 *
 * The CPU that panics first owns the console from then on. It asks the others
 * by NMI; each notes its registers and return addresses in its per-CPU snapshot
 * and stops for good, and the first prints them all, one by one. A second panic
 * on the same CPU (in the dump itself) says so and stops. The same snapshots
 * serve a look at all CPUs in a running system.
 *
 * Frame pointers are followed only upwards and only through mapped kernel
 * pages, so that a ruined stack ends the backtrace and not the dump.
 */
#include "kernel/lib/annot.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/parse.h"
#include "kernel/lib/string.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/start.h"
#include "kernel/x86/thread.h"
#include "kernel/x86/trap.h"

#define BACKTRACE_MAX		24
#define ANSWER_DEADLINE_NS	2000000000ull
#define LAST_LINES		24
#define NO_CPU			(~0u)
#define VECTOR_DOUBLE_FAULT	8

enum { SNAP_NONE, SNAP_WANTED, SNAP_TAKEN };

struct snapshot {
	u32	state;			/* [a] SNAP_* */
	u32	naddrs;
	u64	addrs[BACKTRACE_MAX];
	struct trapframe frame;
};
static PERCPU_DEFINE(struct snapshot, snapshot);

bool panic_under_way;
void (*panic_reboot)(void);
void (*panic_thread_name)(u32 cpu, char *buf, usize len);
static u32 panic_cpu = NO_CPU;		/* [a] */
static s64 panic_seconds;		/* [I] 0: halt */

noreturn void __stack_chk_fail(void);
extern char trap_kernel_return[];	/* x86/entry.S */

/* Where a line of a dump goes: to the log, or in a panic to the sinks. */
static void
say(const char *fmt, ...) printf_like(1, 2);
static void
say(const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = kvsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	len = MIN(len, (int)sizeof(line) - 2);
	if (panic_under_way) {
		line[len] = '\n';
		log_emit(line, (usize)len + 1);
	} else {
		klog(LOG_WARNING, "%.*s", len, line);
	}
}

static bool
frame_is_readable(u64 rbp)
{
	return rbp >= PHYSMAP_BASE && rbp % 8 == 0 && rbp < ~0ul - 16 &&
	    paging_kernel_mapped(rbp) && paging_kernel_mapped(rbp + 8);
}

static u32
backtrace_collect(u64 rip, u64 rbp, u64 *out, u32 max)
{
	u32 n = 0;

	if (rip != 0)
		out[n++] = rip;
	while (n < max && frame_is_readable(rbp)) {
		const u64 *frame = (const u64 *)rbp;

		if (frame[1] < KERNEL_BASE)
			break;
		out[n++] = frame[1];
		/* Above the first C frame of a trap stands its trapframe. */
		if (frame[1] == (u64)trap_kernel_return && n < max &&
		    frame_is_readable(rbp + sizeof(struct trapframe)))
			out[n++] = ((const struct trapframe *)(frame + 2))->rip;
		if (frame[0] <= rbp)
			break;
		rbp = frame[0];
	}
	return n;
}

static void
say_backtrace(const u64 *addrs, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		u64 offset;
		/* A return address may be the next function's first byte. */
		const char *name = symbol_of(addrs[i] - (i > 0), &offset);

		say("  %016llx %s+%#llx", (unsigned long long)addrs[i], name,
		    (unsigned long long)(offset + (i > 0)));
	}
}

static void
say_registers(const struct trapframe *tf)
{
#define R(x)	((unsigned long long)tf->x)
	say("rip %016llx rsp %016llx rflags %08llx cs %llx ss %llx",
	    R(rip), R(rsp), R(rflags), R(cs), R(ss));
	say("rax %016llx rbx %016llx rcx %016llx", R(rax), R(rbx), R(rcx));
	say("rdx %016llx rsi %016llx rdi %016llx", R(rdx), R(rsi), R(rdi));
	say("rbp %016llx r8  %016llx r9  %016llx", R(rbp), R(r8), R(r9));
	say("r10 %016llx r11 %016llx r12 %016llx", R(r10), R(r11), R(r12));
	say("r13 %016llx r14 %016llx r15 %016llx", R(r13), R(r14), R(r15));
#undef R
}

static void
say_cpu(u32 cpu)
{
	char name[40] = "";

	if (panic_thread_name != NULL) {
		memcpy(name, ", thread ", 10);
		panic_thread_name(cpu, name + 9, sizeof(name) - 9);
	}
	say("CPU %u%s:", cpu, name);
}

void
backtrace_log(u64 rip, u64 rbp)
{
	u64 addrs[BACKTRACE_MAX];

	if (rip == 0 && rbp == 0)
		rbp = (u64)__builtin_frame_address(0);
	say_backtrace(addrs, backtrace_collect(rip, rbp, addrs,
	    BACKTRACE_MAX));
}

void
panic_nmi(struct trapframe *tf)
{
	struct snapshot *s = PERCPU_THIS(struct snapshot, snapshot);

	if (atomic_load(&s->state) == SNAP_WANTED) {
		s->frame = *tf;
		s->naddrs = trap_from_user(tf) ? 0 :
		    backtrace_collect(tf->rip, tf->rbp, s->addrs,
		    BACKTRACE_MAX);
		atomic_store(&s->state, SNAP_TAKEN);
	}
	if (panic_under_way)
		cpu_halt();
}

/* Ask all other CPUs; returns when all have answered, or at the deadline. */
static void
snapshots_take(void)
{
	u64 deadline = clock_now_ns() + ANSWER_DEADLINE_NS;

	if (ncpus == 1)
		return;			/* maybe no local APIC yet, too */
	for (u32 c = 0; c < ncpus; c++)
		atomic_store(&PERCPU_OF(struct snapshot, snapshot, c)->state,
		    SNAP_WANTED);
	smp_send_nmi_others();
	for (u32 c = 0; c < ncpus; c++)
		while (c != cpu_id &&
		    atomic_load(&PERCPU_OF(struct snapshot, snapshot,
		    c)->state) != SNAP_TAKEN && clock_now_ns() < deadline)
			cpu_pause();
}

static void
say_other_cpus(void)
{
	for (u32 c = 0; c < ncpus; c++) {
		struct snapshot *s = PERCPU_OF(struct snapshot, snapshot, c);

		if (c == cpu_id)
			continue;
		say_cpu(c);
		if (atomic_load(&s->state) != SNAP_TAKEN)
			say("  does not answer an NMI");
		else if (trap_from_user(&s->frame))
			say("  in user mode at %#llx",
			    (unsigned long long)s->frame.rip);
		else
			say_backtrace(s->addrs, s->naddrs);
	}
}

void
backtrace_all_cpus(const char *why)
{
	say("backtrace of all CPUs: %s", why);
	snapshots_take();
	say_cpu(cpu_id);
	backtrace_log(0, (u64)__builtin_frame_address(0));
	say_other_cpus();
}

/* The newest records, whether or not the console showed them. */
static void
say_last_lines(void)
{
	u64 next = log_next_seq(), first = log_first_seq();
	u64 seq = next > first + LAST_LINES ? next - LAST_LINES : first;
	char line[LOG_LINE_MAX + 8];
	usize n;

	say("last log lines:");
	while (seq < next) {
		u64 before = seq;

		n = log_read(&seq, line, LOG_LINE_MAX);
		if (n > 0)
			log_emit(line, n);
		if (seq == before)
			seq++;		/* never completed, or does not fit */
	}
}

static noreturn void
panic_end(void)
{
	if (panic_seconds != 0) {
		if (panic_seconds > 0) {
			say("reboot in %lld s", (long long)panic_seconds);
			clock_spin_ns((u64)panic_seconds * 1000000000ull);
		}
		if (panic_reboot != NULL)
			panic_reboot();
		cpu_triple_fault();
	}
	say("halted");
	cpu_halt();
}

/* Become the one CPU that panics; others stop here for good. */
static void
panic_begin(void)
{
	u32 none = NO_CPU, me = cpu_id;

	cpu_irq_disable();
	if (atomic_try_cmpxchg(&panic_cpu, &none, me)) {
		panic_under_way = true;
		log_enter_panic();
		return;
	}
	if (none != me) {
		/* Wait for the NMI that takes this CPU's snapshot. */
		for (;;)
			__asm__ volatile("hlt");
	}
	say("panic within the panic");
	panic_end();
}

static noreturn void
panic_dump(const char *text, struct trapframe *tf, u64 rbp)
{
	snapshots_take();	/* stops the others, maybe within a line */
	say("%s", "");
	say("Hardtack: panic: %s", text);
	say_cpu(cpu_id);
	if (tf != NULL)
		say_registers(tf);
	backtrace_log(tf != NULL ? tf->rip : 0, tf != NULL ? tf->rbp : rbp);
	say_other_cpus();
	say_last_lines();
	say("end of panic: %s", text);
	panic_end();
}

noreturn void
panic(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	panic_begin();
	va_start(ap, fmt);
	(void)kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	panic_dump(text, NULL, (u64)__builtin_frame_address(0));
}

noreturn void
panic_frame(struct trapframe *tf, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	panic_begin();
	va_start(ap, fmt);
	(void)kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	panic_dump(text, tf, 0);
}

void
panic_fatal(struct trapframe *tf, u32 vector, u64 error, u64 addr)
{
	static const char *const names[] = {
		[0] = "divide error", [1] = "debug exception",
		[2] = "NMI", [3] = "breakpoint", [4] = "overflow",
		[5] = "bound range", [6] = "invalid opcode",
		[7] = "no FPU", [8] = "double fault", [10] = "invalid TSS",
		[11] = "segment not present", [12] = "stack fault",
		[13] = "general protection fault", [14] = "page fault",
		[16] = "FPU error", [17] = "alignment check",
		[18] = "machine check", [19] = "SIMD error",
	};
	const char *name = vector < ARRAY_LEN(names) && names[vector] ?
	    names[vector] : "unknown exception";
	u64 base = x86_current->kstack_base;

	/* A push below the stack hits the hole there, and so does the CPU's
	 * own attempt to report that: hence a double fault. */
	if (vector == VECTOR_DOUBLE_FAULT && addr < base &&
	    addr >= base - PAGE_SIZE)
		panic_frame(tf, "kernel stack overflow at %#llx",
		    (unsigned long long)addr);
	if (vector == VECTOR_PAGE_FAULT)
		panic_frame(tf, "%s in the kernel: %s %#llx%s", name,
		    error & PF_EXEC ? "execution of" :
		    error & PF_WRITE ? "write to" : "read of",
		    (unsigned long long)addr,
		    error & PF_PRESENT ? " (not permitted)" : "");
	panic_frame(tf, "%s in the kernel, error %#llx", name,
	    (unsigned long long)error);
}

void
panic_init(const char *cmdline)
{
	char value[16];

	if (cmdline_get(cmdline, "panic", value, sizeof(value)) <= 0 ||
	    parse_s64(value, NULL, 10, &panic_seconds) != 0)
		panic_seconds = 0;
}

noreturn void
assert_failed(const char *expr, const char *file, int line)
{
	panic("assertion failed: %s (%s:%d)", expr, file, line);
}

noreturn void
bound_breached(const char *file, int line, u64 bound)
{
	panic("a loop passed its bound of %llu turns (%s:%d)",
	    (unsigned long long)bound, file, line);
}

noreturn void
__stack_chk_fail(void)
{
	panic("a stack buffer overflowed: its guard is gone");
}
