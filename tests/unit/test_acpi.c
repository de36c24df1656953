/*
 * ACPI tables.
 */
#include "tests/unit/unit.h"

#include "kernel/abi/errno.h"
#include "kernel/acpi/acpi.h"
#include "tests/unit/samples.h"

static struct sample s;
static struct acpi_info info;
static char last_warning[200];
static int warnings;

static const void *
map(paddr_t addr, usize len)
{
	if (addr < SAMPLE_BASE || addr > SAMPLE_BASE + s.len ||
	    len > SAMPLE_BASE + s.len - addr)
		return NULL;
	return s.data + (addr - SAMPLE_BASE);
}

static void
warn(const char *line)
{
	snprintf(last_warning, sizeof(last_warning), "%s", line);
	warnings++;
}

static const struct acpi_env env = { map, warn };

static int
parse(void)
{
	warnings = 0;
	last_warning[0] = '\0';
	return acpi_parse(s.data, 36, &env, &info);
}

static u32
find(const char *name)
{
	for (u32 at = 0; at + 4 <= s.len; at += 16)
		if (memcmp(s.data + at, name, 4) == 0)
			return at;
	return 0;
}

static void
test_madt(void)
{
	u16 flags;

	sample_acpi(&s);
	CHECK_EQ(parse(), 0);
	CHECK_EQ(warnings, 0);
	CHECK_STR(last_warning, "");
	CHECK(info.present);
	CHECK_EQ(info.ntables, 6);
	CHECK_EQ(info.ncpus, 5);
	CHECK_EQ(info.cpu[3].apic_id, 3);
	CHECK(info.cpu[3].enabled);
	CHECK_EQ(info.cpu[4].apic_id, 300);
	CHECK(info.cpu[4].x2apic);
	CHECK_EQ(info.cpu[2].node, 1);
	CHECK_EQ(info.lapic_addr, 0xfee00000);
	CHECK(info.has_8259);
	CHECK_EQ(info.nioapics, 1);
	CHECK_EQ(info.ioapic[0].addr, 0xfec00000);
	CHECK_EQ(info.noverrides, 2);
	CHECK_EQ(acpi_isa_gsi(&info, 0, &flags), 2);
	CHECK_EQ(flags, ACPI_INTI_HIGH | ACPI_INTI_EDGE);
	CHECK_EQ(acpi_isa_gsi(&info, 9, &flags), 9);
	CHECK_EQ(flags, ACPI_INTI_HIGH | ACPI_INTI_LEVEL);
	CHECK_EQ(acpi_isa_gsi(&info, 4, &flags), 4);
	CHECK_EQ(info.nnmis, 2);
	CHECK(info.nmi[0].all_cpus);
	CHECK_EQ(info.nmi[0].lint, 1);
}

static void
test_other_tables(void)
{
	sample_acpi(&s);
	CHECK_EQ(parse(), 0);
	CHECK_EQ(info.necam, 1);
	CHECK_EQ(info.ecam[0].base, 0xb0000000);
	CHECK_EQ(info.ecam[0].last_bus, 255);
	CHECK_EQ(info.hpet.addr, 0xfed00000);
	CHECK_EQ(info.fadt.pm1a_cnt.addr, 0x604);
	CHECK_EQ(info.fadt.reset.addr, 0xcf9);
	CHECK(info.fadt.reset_supported);
	CHECK_EQ(info.fadt.century, 0x32);
	CHECK_EQ(info.fadt.boot_flags, ACPI_BOOT_8042);
	CHECK(info.spcr.present);
	CHECK_EQ(info.spcr.base.addr, 0x3f8);
	CHECK_EQ(info.spcr.baud, 115200);
	CHECK(info.s5.present);
	CHECK_EQ(info.s5.typ_a, 5);
	CHECK_EQ(info.s5.typ_b, 6);
	CHECK_EQ(info.nmem_nodes, 1);
}

static void
test_rsdt_fallback(void)
{
	sample_acpi(&s);
	s.data[0x180 + 9]++;			/* XSDT checksum */
	CHECK_EQ(parse(), 0);
	CHECK_EQ(warnings, 1);
	CHECK_STR(last_warning, "ACPI: XSDT: bad checksum");
	CHECK_EQ(info.ncpus, 5);
	s.data[0x100]++;			/* and the RSDT's signature */
	CHECK_EQ(parse(), -ENOENT);
	sample_acpi(&s);
	CHECK_EQ(acpi_parse(s.data, 20, &env, &info), 0);
	CHECK_EQ(info.ncpus, 5);
	s.data[8]++;
	CHECK_EQ(parse(), -ENOENT);
}

/* One bad table is skipped with a message; the rest still counts. */
static void
test_bad_tables(void)
{
	static const char *const names[] = {
		"APIC", "MCFG", "HPET", "FACP", "SPCR", "SRAT", "DSDT",
	};

	for (usize i = 0; i < ARRAY_LEN(names); i++) {
		sample_acpi(&s);
		s.data[find(names[i]) + 9]++;
		CHECK_EQ(parse(), 0);
		CHECK_EQ(warnings, 1);
		CHECK(strstr(last_warning, names[i]) != NULL);
		CHECK(strstr(last_warning, "checksum") != NULL);
		CHECK_EQ(info.has_madt, i != 0);
		CHECK_EQ(info.necam, i != 1);
		CHECK_EQ(info.s5.present, i != 3 && i != 6);
	}
	sample_acpi(&s);
	s.data[find("APIC") + 4] = 35;
	CHECK_EQ(parse(), 0);
	CHECK_STR(last_warning, "ACPI: APIC: bad length 35");
	sample_acpi(&s);
	s.data[find("APIC") + 6] = 0x20;
	CHECK_EQ(parse(), 0);
	CHECK(strstr(last_warning, "are not memory") != NULL);
	sample_acpi(&s);
	s.data[find("APIC") + 45] = 0;		/* an entry of length 0 */
	sample_fix(&s);
	CHECK_EQ(parse(), 0);
	CHECK_EQ(info.ncpus, 0);
	CHECK(strstr(last_warning, "bad entry length 0 at 44") != NULL);
}

/* A machine of 400 CPUs: what does not fit is counted, not stored. */
static void
test_many_cpus(void)
{
	u64 addr;
	u32 at;

	sample_acpi(&s);
	sample_pad(&s, 16);
	at = s.len;
	addr = SAMPLE_BASE + at;
	sample_bytes(&s, s.data + find("APIC"), 44);
	for (u32 id = 0; id < 400; id++) {
		sample_put(&s, 0x1009, 4);
		sample_put(&s, id, 4);
		sample_put(&s, 1, 4);
		sample_put(&s, id, 4);
	}
	memcpy(s.data + at + 4, &(u32){ s.len - at }, 4);
	memcpy(s.data + 0x180 + 36 + 5 * 8, &addr, 8);
	s.sum[s.nsums++] = (struct sample_sum){ at, s.len - at, at + 9 };
	sample_fix(&s);
	CHECK_EQ(parse(), 0);
	CHECK_EQ(info.ncpus, ACPI_MAX_CPUS);
	CHECK_EQ(info.cpus_dropped, 400 - ACPI_MAX_CPUS);
	CHECK_EQ(info.cpu[255].apic_id, 255);
	CHECK_STR(last_warning, "ACPI: APIC: 144 CPUs past 256 ignored");
}

static void
test_find_rsdp(void)
{
	u8 rsdp[36];

	sample_acpi(&s);
	CHECK_EQ(acpi_find_rsdp(&env, rsdp), -ENOENT);
}

UNIT_MAIN("acpi", { "madt", test_madt },
    { "other_tables", test_other_tables },
    { "rsdt_fallback", test_rsdt_fallback },
    { "bad_tables", test_bad_tables },
    { "many_cpus", test_many_cpus }, { "find_rsdp", test_find_rsdp })
