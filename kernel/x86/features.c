/*
 * CPU features, and the report of them and of the mitigations.
 */
#include "kernel/lib/checksum.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/parse.h"
#include "kernel/lib/string.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/env.h"
#include "kernel/x86/features.h"
#include "kernel/x86/fpu.h"
#include "kernel/x86/start.h"
#include "kernel/lib/bootinfo.h"

#define MSR_ARCH_CAPABILITIES	0x10a

struct cpu_features cpu_has;

static void
features_read_names(void)
{
	struct cpuid r = cpu_cpuid(0, 0);

	cpu_has.max_leaf = r.eax;
	memcpy(cpu_has.vendor, &r.ebx, 4);
	memcpy(cpu_has.vendor + 4, &r.edx, 4);
	memcpy(cpu_has.vendor + 8, &r.ecx, 4);
	cpu_has.max_ext_leaf = cpu_cpuid(0x80000000, 0).eax;
	if (cpu_has.max_ext_leaf < 0x80000004)
		return;
	for (u32 i = 0; i < 3; i++) {
		r = cpu_cpuid(0x80000002 + i, 0);
		memcpy(cpu_has.name + 16 * i, &r, 16);
	}
}

static void
features_read_leaf1(void)
{
	struct cpuid r = cpu_cpuid(1, 0);

	cpu_has.family = r.eax >> 8 & 0xf;
	cpu_has.model = r.eax >> 4 & 0xf;
	if (cpu_has.family == 0xf)
		cpu_has.family += r.eax >> 20 & 0xff;
	if (cpu_has.family >= 6)
		cpu_has.model |= (r.eax >> 16 & 0xf) << 4;
	cpu_has.pge = r.edx & BIT(13);
	cpu_has.pat = r.edx & BIT(16);
	cpu_has.pcid = r.ecx & BIT(17);
	crc32c_by_cpu = r.ecx & BIT(20);	/* SSE 4.2 */
	cpu_has.x2apic = r.ecx & BIT(21);
	cpu_has.tsc_deadline = r.ecx & BIT(24);
	cpu_has.xsave = r.ecx & BIT(26);
	cpu_has.rdrand = r.ecx & BIT(30);
	cpu_has.hypervisor = r.ecx & BIT(31);
}

/* Each word on the command line that takes a feature away. */
static const struct {
	const char	*word;
	bool		*feature;
} feature_words[] = {
	{ "nosmap", &cpu_has.smap },
	{ "nosmep", &cpu_has.smep },
	{ "noumip", &cpu_has.umip },
	{ "nopcid", &cpu_has.pcid },
	{ "nox2apic", &cpu_has.x2apic },
	{ "nofsgsbase", &cpu_has.fsgsbase },
	{ "noxsave", &cpu_has.xsave },
	{ "notscdeadline", &cpu_has.tsc_deadline },
};

void
features_init(const char *cmdline)
{
	struct cpuid r;

	features_read_names();
	features_read_leaf1();
	if (cpu_has.max_leaf >= 6)
		cpu_has.arat = cpu_cpuid(6, 0).eax & BIT(2);
	if (cpu_has.max_leaf >= 7) {
		r = cpu_cpuid(7, 0);
		cpu_has.fsgsbase = r.ebx & BIT(0);
		cpu_has.smep = r.ebx & BIT(7);
		cpu_has.erms = r.ebx & BIT(9);
		cpu_has.invpcid = r.ebx & BIT(10);
		cpu_has.smap = r.ebx & BIT(20);
		cpu_has.umip = r.ecx & BIT(2);
		cpu_has.arch_capabilities = r.edx & BIT(29);
	}
	if (cpu_has.max_leaf >= 0xd && cpu_has.xsave)
		cpu_has.xsaveopt = cpu_cpuid(0xd, 1).eax & BIT(0);
	if (cpu_has.max_ext_leaf >= 0x80000001) {
		r = cpu_cpuid(0x80000001, 0);
		cpu_has.page_1g = r.edx & BIT(26);
		cpu_has.rdtscp = r.edx & BIT(27);
	}
	if (cpu_has.max_ext_leaf >= 0x80000007)
		cpu_has.tsc_invariant =
		    cpu_cpuid(0x80000007, 0).edx & BIT(8);
	cpu_has.pcid = cpu_has.pcid && cpu_has.pge;
	for (u32 i = 0; i < ARRAY_LEN(feature_words); i++)
		if (cmdline_has(cmdline, feature_words[i].word))
			*feature_words[i].feature = false;
}

/* Leaks that a CPU may have, by the ARCH_CAPABILITIES bit that denies it
 * (SDM 4, IA32_ARCH_CAPABILITIES). */
static const struct {
	u8		bit;
	const char	*name;
} cpu_leaks[] = {
	{ 0, "Meltdown" }, { 3, "L1TF" }, { 5, "MDS" }, { 8, "TAA" },
};

/*
 * LIMIT: no mitigation of speculative execution is implemented (no KPTI, no
 * retpolines, no IBRS); on a CPU with one of these leaks a program may read
 * kernel memory. The boot log says so.
 */
static void
report_mitigations(void)
{
	u64 caps = 0;
	char leaks[64] = "";

	if (str_has_prefix(cpu_has.vendor, "GenuineIntel")) {
		if (cpu_has.arch_capabilities)
			caps = cpu_rdmsr(MSR_ARCH_CAPABILITIES);
	} else {
		caps = ~0ul;		/* AMD has none of these four */
	}
	for (u32 i = 0; i < ARRAY_LEN(cpu_leaks); i++)
		if (!(caps >> cpu_leaks[i].bit & 1)) {
			(void)strlcat(leaks, " ", sizeof(leaks));
			(void)strlcat(leaks, cpu_leaks[i].name, sizeof(leaks));
		}
	x86_info("mitigations: none on; CPU reports it may leak by:%s",
	    leaks[0] ? leaks : " nothing it knows of");
}

void
x86_report(void)
{
	static const struct {
		const bool	*has;
		const char	*name;
	} shown[] = {
		{ &cpu_has.smep, "SMEP" }, { &cpu_has.smap, "SMAP" },
		{ &cpu_has.umip, "UMIP" }, { &cpu_has.pge, "PGE" },
		{ &cpu_has.pcid, "PCID" }, { &cpu_has.fsgsbase, "FSGSBASE" },
		{ &cpu_has.page_1g, "1G-pages" }, { &cpu_has.xsave, "XSAVE" },
		{ &cpu_has.xsaveopt, "XSAVEOPT" },
		{ &cpu_has.x2apic, "x2APIC" },
		{ &cpu_has.tsc_deadline, "TSC-deadline" },
		{ &cpu_has.tsc_invariant, "invariant-TSC" },
	};
	char line[160] = "NX WP";

	for (u32 i = 0; i < ARRAY_LEN(shown); i++)
		if (*shown[i].has) {
			(void)strlcat(line, " ", sizeof(line));
			(void)strlcat(line, shown[i].name, sizeof(line));
		}
	x86_info("cpu: %s %s family %u model %u", cpu_has.vendor, cpu_has.name,
	    cpu_has.family, cpu_has.model);
	x86_info("cpu: %s, FPU state %u bytes (XCR0 %#llx)", line,
	    fpu_state_bytes, (unsigned long long)fpu_xcr0);
	report_mitigations();
}
