/*
 * The other CPUs.
 *
 * Starting: all CPUs of the MADT are sent INIT and a start-up interrupt at
 * once. Each draws a ticket in boot/trampoline.S, which is its CPU number (so
 * that numbers are dense whoever fails to come), sets itself up, says so in
 * cpu_state, and sleeps until all are there. Then ncpus is set, and they go on
 * to the scheduler. Source: Intel SDM 3A 8.4.4.1.
 *
 * Calling: a caller has one request in its per-CPU area. It sets its own bit in
 * the target's call_from mask and interrupts it; the target takes the whole
 * mask, runs the requests of all callers named, and counts each down. Since the
 * kernel is not preempted and a caller waits, one request per CPU is enough,
 * and since it waits with interrupts on, CPUs may call each other at once.
 */
#include "kernel/acpi/acpi.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/atomic.h"
#include "kernel/lib/bootinfo.h"
#include "kernel/lib/memmap.h"
#include "kernel/lib/parse.h"
#include "kernel/lib/string.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/clock_priv.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/env.h"
#include "kernel/x86/features.h"
#include "kernel/x86/intr.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/paging_priv.h"
#include "kernel/x86/percpu_priv.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/smp_priv.h"
#include "kernel/x86/start.h"
#include "kernel/x86/trap.h"

#define MS			1000000ull
#define INIT_WAIT_OLD_NS	(10 * MS)	/* CPUs before the P6 family */
#define INIT_WAIT_NS		10000
#define STARTUP_RETRY_NS	(20 * MS)
#define ARRIVE_DEADLINE_NS	(10000 * MS)
#define LOW_MEMORY_END		0x9f000ul

noreturn void smp_ap_start(u32 cpu);

enum { CPU_ABSENT, CPU_ARRIVED, CPU_RELEASED };

/* boot/trampoline.S reads these. */
u32 smp_ticket = 1;			/* [a] next CPU number */
u32 smp_tickets_end = 1;		/* [a] numbers below this are to give */
u64 smp_stack_of[MAX_CPUS];

u32 ncpus_possible = 1;
static u32 cpu_state[MAX_CPUS];		/* [a] CPU_* */
static void (*cpu_main)(void);
static paddr_t trampoline_page;

extern char trampoline_start[], trampoline_end[], trampoline_32[];
extern char trampoline_64[], trampoline_gdtr[], trampoline_gdt[];
extern char trampoline_far32[], trampoline_far64[], trampoline_cr3[];
extern char trampoline_base[], early_pml4[];

struct call_request {
	void	(*fn)(void *);
	void	*arg;
	u32	pending;		/* [a] targets that are not done */
};
static PERCPU_DEFINE(struct call_request, call_request);
static PERCPU_DEFINE(struct cpumask, call_from);	/* [a] callers */

static bool
page_is_in_module(const struct bootinfo *bi, paddr_t page)
{
	for (u32 i = 0; i < bi->nmodules; i++)
		if (bi->module[i].start < page + PAGE_SIZE &&
		    bi->module[i].end > page)
			return true;
	return false;
}

void
smp_choose_trampoline(struct bootinfo *bi)
{
	for (paddr_t p = LOW_MEMORY_END; p >= PAGE_SIZE; p -= PAGE_SIZE) {
		if (!memmap_is(bi, p, PAGE_SIZE, BOOT_RAM_USABLE) ||
		    page_is_in_module(bi, p))
			continue;
		/* As NVS: in the physical map, and never given out. */
		(void)memmap_reserve(bi, p, PAGE_SIZE, BOOT_RAM_NVS);
		trampoline_page = p;
		return;
	}
}

static void
trampoline_fill(const char *field, u64 value)
{
	char *page = phys_to_virt(trampoline_page);
	u32 v = (u32)value;

	memcpy(page + (field - trampoline_start), &v, sizeof(v));
}

static void
trampoline_install(void)
{
	u64 page = trampoline_page;

	assert(trampoline_end - trampoline_start <= (isize)PAGE_SIZE);
	memcpy(phys_to_virt(page), trampoline_start,
	    (usize)(trampoline_end - trampoline_start));
	trampoline_fill(trampoline_base, page);
	trampoline_fill(trampoline_gdtr + 2, page +
	    (u64)(trampoline_gdt - trampoline_start));
	trampoline_fill(trampoline_far32, page +
	    (u64)(trampoline_32 - trampoline_start));
	trampoline_fill(trampoline_far64, page +
	    (u64)(trampoline_64 - trampoline_start));
	trampoline_fill(trampoline_cr3, (u64)early_pml4 - KERNEL_BASE);
}

/* First C code of another CPU, on its idle stack, with its per-CPU area. */
noreturn void
smp_ap_start(u32 cpu)
{
	cpu_init();
	tlb_flush_all();
	intr_init_cpu();
	clock_init_cpu();
	atomic_store(&cpu_state[cpu], CPU_ARRIVED);
	/* The interrupt that releases it comes after the change of state. */
	while (atomic_load(&cpu_state[cpu]) != CPU_RELEASED) {
		cpu_idle_wait();
		cpu_irq_disable();
	}
	cpu_main();
	cpu_halt();
}

static bool
cpu_is_wanted(const struct acpi_cpu *c)
{
	return c->enabled && c->apic_id != lapic_id() &&
	    (cpu_has.x2apic || c->apic_id < 255);
}

/* Send to each other CPU of the MADT, up to n of them. */
static void
send_to_candidates(u32 n, u32 icr)
{
	for (u32 i = 0; i < x86_acpi->ncpus && n > 0; i++)
		if (cpu_is_wanted(&x86_acpi->cpu[i])) {
			lapic_send(x86_acpi->cpu[i].apic_id, icr);
			n--;
		}
}

static u32
count_candidates(void)
{
	u32 n = 0, max;

	for (u32 i = 0; i < x86_acpi->ncpus; i++)
		n += cpu_is_wanted(&x86_acpi->cpu[i]);
	max = (u32)cmdline_u64(boot_info->cmdline, "maxcpus", MAX_CPUS);
	if (cmdline_has(boot_info->cmdline, "nosmp") || max == 0)
		max = 1;
	return MIN(n, MIN(max, (u32)MAX_CPUS) - 1);
}

/* Wait until CPUs 1..n have all arrived, or a deadline; true if they have. */
static bool
wait_for_arrival(u32 n, u64 wait_ns)
{
	u64 deadline = clock_now_ns() + wait_ns;
	u32 cpu = 1;

	while (cpu <= n) {
		if (atomic_load(&cpu_state[cpu]) == CPU_ARRIVED)
			cpu++;
		else if (clock_now_ns() > deadline)
			return false;
		else
			cpu_pause();
	}
	return true;
}

static void
start_candidates(u32 n)
{
	bool modern = cpu_has.family >= 6;
	u32 startup = ICR_STARTUP | ICR_ASSERT | (u32)(trampoline_page >> 12);

	send_to_candidates(n, ICR_INIT | ICR_ASSERT);
	clock_spin_ns(modern ? INIT_WAIT_NS : INIT_WAIT_OLD_NS);
	send_to_candidates(n, startup);
	if (wait_for_arrival(n, STARTUP_RETRY_NS))
		return;
	send_to_candidates(n, startup);	/* ignored by those who came */
	if (!wait_for_arrival(n, ARRIVE_DEADLINE_NS))
		x86_warn("smp: not all of %u other CPUs came up", n);
}

void
smp_prepare(void)
{
	ncpus_possible = 1 + count_candidates();
	for (u32 c = 1; c < ncpus_possible; c++) {
		u64 stack = cpu_idle_stack(c);

		percpu_create(c, stack, stack + CPU_IDLE_STACK_BYTES);
		cpu_stacks_create(c);
		smp_stack_of[c] = stack + CPU_IDLE_STACK_BYTES;
	}
}

void
smp_start(void (*main)(void))
{
	u32 n = ncpus_possible - 1, came;

	cpu_main = main;
	if (n == 0 || trampoline_page == 0)
		return;
	trampoline_install();
	atomic_store(&smp_tickets_end, n + 1);
	start_candidates(n);
	atomic_store(&smp_tickets_end, 0);	/* late ones stop */
	for (came = 1; came <= n; came++)
		if (atomic_load(&cpu_state[came]) != CPU_ARRIVED)
			break;
	atomic_store(&ncpus, came);
	for (u32 c = 1; c < came; c++) {
		atomic_store(&cpu_state[c], CPU_RELEASED);
		smp_send(c, VECTOR_IPI_CALL);
	}
	x86_info("smp: %u CPUs", came);
}

void
smp_call_irq(void)
{
	struct cpumask *from = PERCPU_THIS(struct cpumask, call_from);

	for (u32 w = 0; w < ARRAY_LEN(from->bits); w++) {
		u64 bits = READ_ONCE(from->bits[w]) == 0 ? 0 :
		    atomic_xchg(&from->bits[w], 0);

		for (; bits != 0; bits &= bits - 1) {
			u32 caller = w * 64 + (u32)__builtin_ctzll(bits);
			struct call_request *r = PERCPU_OF(
			    struct call_request, call_request, caller);

			r->fn(r->arg);
			atomic_dec(&r->pending);
		}
	}
}

void
smp_call(const struct cpumask *mask, void (*fn)(void *arg), void *arg)
{
	struct call_request *r = PERCPU_THIS(struct call_request,
	    call_request);
	u32 me = cpu_id, n = 0;

	assert(cpu_irq_is_enabled());
	for (u32 c = 0; c < ncpus; c++)
		n += c != me && cpumask_test(mask, c);
	if (n == 0)
		return;
	r->fn = fn;
	r->arg = arg;
	atomic_store(&r->pending, n);
	for (u32 c = 0; c < ncpus; c++) {
		struct cpumask *from = PERCPU_OF(struct cpumask, call_from, c);

		if (c == me || !cpumask_test(mask, c))
			continue;
		/* A word that was not empty has an interrupt on its way. */
		if (atomic_fetch_or(&from->bits[me / 64], BIT(me % 64)) == 0)
			smp_send(c, VECTOR_IPI_CALL);
	}
	while (atomic_load_acquire(&r->pending) != 0)
		cpu_pause();
}
