/*
 * Time from the TSC, alarms from the local APIC.
 *
 * The TSC's rate comes from CPUID where the CPU or hypervisor tells it, else it
 * is measured against the best clock there is (HPET, ACPI timer, PIT) over some
 * milliseconds. A reading of two clocks is only as good as the two are close
 * together, and an emulator may stop us between them: each reading is the
 * tightest of several. The alarm is TSC-deadline mode or the APIC's one-shot
 * counter, whose rate is measured in the same interval.
 *
 * LIMIT: the TSCs of all CPUs are taken to agree, as firmware of this age sets
 * them; they are not compared.
 */
#include "kernel/acpi/acpi.h"
#include "kernel/lib/assert.h"
#include "kernel/lib/bootinfo.h"
#include "kernel/lib/parse.h"
#include "kernel/x86/apic.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/clock_priv.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/env.h"
#include "kernel/x86/features.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/start.h"
#include "kernel/x86/trap.h"

#define NS_PER_S		1000000000ull
#define SCALE_SHIFT		32
#define CALIBRATE_MS		10
#define TSC_FASTEST_GHZ		6	/* before the rate is known */
#define SAMPLE_TRIES		8
#define MSR_TSC_DEADLINE	0x6e0

#define HPET_CAP		0x000	/* upper half: period in fs */
#define HPET_CONFIG		0x010
#define  HPET_CONFIG_ENABLE	BIT(0)
#define HPET_COUNTER		0x0f0
#define HPET_BYTES		1024
#define HPET_PERIOD_MAX_FS	100000000
#define FS_PER_S		1000000000000000ull

#define PM_TIMER_HZ		3579545
#define PIT_HZ			1193182
#define PIT_CHANNEL2		0x42
#define PIT_COMMAND		0x43
#define  PIT_CH2_MODE0		0xb0
#define  PIT_CH2_LATCH		0x80
#define PORT_B			0x61
#define  PORT_B_GATE2		BIT(0)
#define  PORT_B_SPEAKER		BIT(1)

#define CPUID_KVM_TIMING	0x40000010	/* EAX: TSC kHz */

struct clock_scale clock_scale = { .shift = SCALE_SHIFT };
static u64 alarm_mult;		/* [I] alarm ticks per ns, << SCALE_SHIFT */

/* A counter of known rate to measure others by. */
struct reference {
	const char	*name;
	u64		hz;
	u64		mask;
	u64		(*read)(void);
};

/* The three clocks at one moment. */
struct sample {
	u64	tsc, ref, apic;
};

static u8 *hpet;
static u16 pm_timer_port;

static u64
hpet_read(void)
{
	return *(volatile u32 *)(hpet + HPET_COUNTER);
}

static u64
pm_timer_read(void)
{
	return io_in32(pm_timer_port);
}

static u64
pit_read(void)
{
	u16 v;

	io_out8(PIT_COMMAND, PIT_CH2_LATCH);
	v = io_in8(PIT_CHANNEL2);
	v |= (u16)(io_in8(PIT_CHANNEL2) << 8);
	return (u16)~v;			/* it counts down */
}

static bool
hpet_choose(struct reference *r)
{
	u64 period_fs;

	if (!x86_acpi->hpet.present)
		return false;
	hpet = vmap_device(x86_acpi->hpet.addr, HPET_BYTES);
	period_fs = *(volatile u32 *)(hpet + HPET_CAP + 4);
	if (period_fs == 0 || period_fs > HPET_PERIOD_MAX_FS)
		return false;
	*(volatile u32 *)(hpet + HPET_CONFIG) |= HPET_CONFIG_ENABLE;
	*r = (struct reference){ "HPET", FS_PER_S / period_fs, 0xffffffff,
	    hpet_read };
	return true;
}

static bool
pm_timer_choose(struct reference *r)
{
	const struct acpi_fadt *f = &x86_acpi->fadt;

	if (!f->present || f->pm_timer.addr == 0 ||
	    f->pm_timer.space != ACPI_SPACE_IO || f->pm_timer.addr > 0xffff)
		return false;
	pm_timer_port = (u16)f->pm_timer.addr;
	*r = (struct reference){ "ACPI timer", PM_TIMER_HZ,
	    f->pm_timer_is_32bit ? 0xffffffff : 0xffffff, pm_timer_read };
	return true;
}

static void
pit_choose(struct reference *r)
{
	io_out8(PORT_B, (u8)((io_in8(PORT_B) & ~PORT_B_SPEAKER) |
	    PORT_B_GATE2));
	io_out8(PIT_COMMAND, PIT_CH2_MODE0);
	io_out8(PIT_CHANNEL2, 0xff);
	io_out8(PIT_CHANNEL2, 0xff);
	*r = (struct reference){ "PIT", PIT_HZ, 0xffff, pit_read };
}

static void
sample_take(const struct reference *r, struct sample *out)
{
	u64 best = ~0ull;

	for (u32 i = 0; i < SAMPLE_TRIES; i++) {
		u64 t0 = cpu_rdtsc();
		u64 ref = r->read();
		u64 apic = lapic_read(LAPIC_TIMER_CURRENT);
		u64 t1 = cpu_rdtsc();

		if (t1 - t0 < best) {
			best = t1 - t0;
			*out = (struct sample){ t0 + (t1 - t0) / 2, ref, apic };
		}
	}
}

/* kHz of the TSC as the CPU or hypervisor tells it, or 0. */
static u64
tsc_khz_told(void)
{
	struct cpuid r;

	if (cpu_has.hypervisor) {
		r = cpu_cpuid(0x40000000, 0);
		if (r.eax >= CPUID_KVM_TIMING && r.eax < 0x40010000)
			return cpu_cpuid(CPUID_KVM_TIMING, 0).eax;
		return 0;
	}
	if (cpu_has.max_leaf < 0x15)
		return 0;
	r = cpu_cpuid(0x15, 0);		/* ECX crystal Hz * EBX / EAX */
	if (r.eax == 0 || r.ebx == 0)
		return 0;
	if (r.ecx != 0)
		return (u64)r.ecx * r.ebx / r.eax / 1000;
	if (cpu_has.max_leaf < 0x16)
		return 0;
	return (u64)(cpu_cpuid(0x16, 0).eax & 0xffff) * 1000;
}

/* Measure over CALIBRATE_MS; returns kHz of the TSC and of the APIC timer. */
static void
calibrate(const struct reference *r, u64 *tsc_khz, u64 *apic_khz)
{
	u64 want = r->hz * CALIBRATE_MS / 1000;
	u64 limit = cpu_rdtsc() + 10 * NS_PER_S;	/* a dead clock */
	struct sample a, b;
	u64 ref, khz = 0;

	lapic_write(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	lapic_write(LAPIC_TIMER_INITIAL, ~0u);
	sample_take(r, &a);
	while (((r->read() - a.ref) & r->mask) < want)
		if (cpu_rdtsc() > limit)
			x86_env.panic("clock: the %s does not count", r->name);
	sample_take(r, &b);
	lapic_write(LAPIC_TIMER_INITIAL, 0);
	ref = (b.ref - a.ref) & r->mask;
	khz = (b.tsc - a.tsc) * r->hz / ref / 1000;
	*tsc_khz = khz;
	*apic_khz = (u64)(u32)(a.apic - b.apic) * r->hz / ref / 1000;
}

void
clock_mark_start(void)
{
	clock_scale.tsc_base = cpu_rdtsc();
}

void
clock_init_cpu(void)
{
	u32 lvt = VECTOR_TIMER;

	if (cpu_has.tsc_deadline)
		lvt |= LVT_TSC_DEADLINE;
	lapic_write(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
	lapic_write(LAPIC_LVT_TIMER, lvt);
	/* The switch of mode comes before the first deadline (SDM 10.5.4.1). */
	__asm__ volatile("mfence" ::: "memory");
}

void
clock_init(void)
{
	struct reference r;
	u64 told = tsc_khz_told(), tsc_khz, apic_khz;

	if (!hpet_choose(&r) && !pm_timer_choose(&r))
		pit_choose(&r);
	calibrate(&r, &tsc_khz, &apic_khz);
	if (told != 0)
		tsc_khz = told;
	if (tsc_khz < 1000 || (apic_khz == 0 && !cpu_has.tsc_deadline))
		x86_env.panic("clock: TSC %llu kHz, APIC timer %llu kHz",
		    (unsigned long long)tsc_khz, (unsigned long long)apic_khz);
	clock_scale.tsc_khz = tsc_khz;
	clock_scale.mult = (1000000ull << SCALE_SHIFT) / tsc_khz;
	alarm_mult = ((cpu_has.tsc_deadline ? tsc_khz : apic_khz) <<
	    SCALE_SHIFT) / 1000000;
	clock_init_cpu();
	x86_info("clock: TSC %llu.%03llu MHz (%s), alarm by %s %llu.%03llu MHz",
	    (unsigned long long)tsc_khz / 1000,
	    (unsigned long long)tsc_khz % 1000, told ? "told" : r.name,
	    cpu_has.tsc_deadline ? "TSC deadline" : "APIC timer",
	    (unsigned long long)apic_khz / 1000,
	    (unsigned long long)apic_khz % 1000);
}

void
clock_set_alarm(u64 deadline_ns)
{
	u64 now, ticks;

	if (cpu_has.tsc_deadline) {
		ticks = 0;
		if (deadline_ns != CLOCK_NEVER)
			ticks = clock_scale.tsc_base + 1 + (u64)(
			    (unsigned __int128)deadline_ns * alarm_mult >>
			    SCALE_SHIFT);
		cpu_wrmsr(MSR_TSC_DEADLINE, ticks);
		return;
	}
	if (deadline_ns == CLOCK_NEVER) {
		lapic_write(LAPIC_TIMER_INITIAL, 0);
		return;
	}
	now = clock_now_ns();
	ticks = 1;
	if (deadline_ns > now)
		ticks += (u64)((unsigned __int128)(deadline_ns - now) *
		    alarm_mult >> SCALE_SHIFT);
	/* A far deadline rings early; who set it looks and sets it again. */
	lapic_write(LAPIC_TIMER_INITIAL, (u32)MIN(ticks, 0xfffffffful));
}

void
clock_spin_ns(u64 ns)
{
	u64 start = cpu_rdtsc(), ticks = ns * TSC_FASTEST_GHZ;

	if (clock_scale.tsc_khz != 0)
		ticks = ns * clock_scale.tsc_khz / 1000000;
	while (cpu_rdtsc() - start < ticks)
		cpu_pause();
}
