/*
 * The parsers of boot data: memory map, multiboot2, PVH.
 */
#include "tests/unit/unit.h"

#include "kernel/abi/errno.h"
#include "kernel/lib/memmap.h"
#include "kernel/lib/multiboot2.h"
#include "kernel/lib/pvh.h"
#include "tests/unit/samples.h"

static struct sample sample;
static struct bootinfo info;
static const char *why;

static void
add(u64 start, u64 len, enum boot_range_kind kind)
{
	(void)memmap_add(&info, start, len, kind);
}

static void
test_memmap_overlap(void)
{
	memset(&info, 0, sizeof(info));
	add(0x1000, 0x9000, BOOT_RAM_USABLE);
	add(0x5800, 0x1000, BOOT_RAM_RESERVED);
	add(0xa000, 0x1800, BOOT_RAM_USABLE);
	add(0x8000, 0x1000, BOOT_RAM_ACPI);
	add(0x8800, 0x10, BOOT_RAM_NVS);
	CHECK_EQ(memmap_normalise(&info), 0);
	CHECK_EQ(info.nranges, 5);
	CHECK_EQ(info.range[0].start, 0x1000);
	CHECK_EQ(info.range[0].len_bytes, 0x4000);
	CHECK_EQ(info.range[1].kind, BOOT_RAM_RESERVED);
	CHECK_EQ(info.range[1].len_bytes, 0x2000);
	CHECK_EQ(info.range[2].len_bytes, 0x1000);
	CHECK_EQ(info.range[3].kind, BOOT_RAM_NVS);
	CHECK_EQ(info.range[4].start, 0x9000);
	CHECK_EQ(info.range[4].len_bytes, 0x2000);
	CHECK_EQ(memmap_total(&info, BOOT_RAM_USABLE), 0x7000);
	CHECK_EQ(memmap_end(&info, BOOT_RAM_USABLE), 0xb000);
	CHECK(memmap_is(&info, 0x9800, 0x1800, BOOT_RAM_USABLE));
	CHECK(!memmap_is(&info, 0x9800, 0x1801, BOOT_RAM_USABLE));
	CHECK(!memmap_is(&info, 0x4000, 0x1001, BOOT_RAM_USABLE));
	CHECK_EQ(memmap_reserve(&info, 0x9000, 0x1000, BOOT_RAM_RESERVED), 0);
	CHECK_EQ(memmap_total(&info, BOOT_RAM_USABLE), 0x6000);
	CHECK_STR(memmap_kind_name(BOOT_RAM_NVS), "ACPI NVS");
	CHECK_STR(memmap_kind_name(99), "unknown");
}

static void
test_memmap_hostile(void)
{
	memset(&info, 0, sizeof(info));
	CHECK_EQ(memmap_normalise(&info), -EINVAL);
	CHECK_EQ(memmap_add(&info, ~0ul - 10, 100, BOOT_RAM_USABLE), -EINVAL);
	CHECK_EQ(memmap_add(&info, 0x1000, ~0ul, BOOT_RAM_USABLE), -EINVAL);
	CHECK_EQ(memmap_add(&info, MEMMAP_LIMIT, 1, BOOT_RAM_BAD), -EINVAL);
	CHECK_EQ(info.dropped_ranges, 3);
	CHECK_EQ(memmap_add(&info, 0x2000, ~0ul, BOOT_RAM_RESERVED), 0);
	CHECK_EQ(memmap_add(&info, 0, 0, BOOT_RAM_USABLE), 0);
	CHECK_EQ(memmap_add(&info, 0, 0x3000, BOOT_RAM_USABLE), 0);
	CHECK_EQ(memmap_normalise(&info), 0);
	CHECK_EQ(memmap_total(&info, BOOT_RAM_USABLE), 0x2000);
	CHECK_EQ(memmap_end(&info, BOOT_RAM_RESERVED), MEMMAP_LIMIT);
	memset(&info, 0, sizeof(info));
	for (u64 i = 0; i < 300; i++)
		add(i * 0x10000, 0x2000, BOOT_RAM_USABLE + i % 2);
	CHECK_EQ(info.nranges, BOOT_RANGES);
	CHECK_EQ(info.dropped_ranges, 300 - BOOT_RANGES);
	CHECK_EQ(memmap_normalise(&info), 0);
	CHECK_EQ(memmap_reserve(&info, 0x1000, 0x1000, BOOT_RAM_BAD), 0);
	CHECK_EQ(info.nranges, BOOT_RANGES);
}

static void
test_multiboot2(void)
{
	const struct boot_fb *fb = &info.fb;

	sample_multiboot2(&sample);
	CHECK_EQ(multiboot2_parse(sample.data, sample.len, &info, &why), 0);
	CHECK_STR(why, "");
	CHECK_STR(info.cmdline, "console=ttyS0 quiet");
	CHECK_STR(info.loader, "GRUB 2.06");
	CHECK_EQ(info.nmodules, 1);
	CHECK_EQ(info.module[0].start, 0x200000);
	CHECK_EQ(info.module[0].end, 0x312345);
	CHECK_STR(info.module[0].name, "initrd");
	CHECK_EQ(info.rsdp_len, 36);
	CHECK(memcmp(info.rsdp, "RSD PTR ", 8) == 0);
	CHECK_EQ(fb->kind, BOOT_FB_RGB);
	CHECK_EQ(fb->width, 1024);
	CHECK_EQ(fb->height, 768);
	CHECK_EQ(fb->red_pos, 16);
	CHECK_EQ(fb->green_bits, 8);
	CHECK_EQ(memmap_total(&info, BOOT_RAM_USABLE),
	    0x9f000 + 0x7ee0000 + 0x40000000);
	CHECK_EQ(memmap_total(&info, BOOT_RAM_ACPI), 0x20000);
	CHECK_EQ(bootinfo_check(&info, 0x400000, 0x800000, &why), 0);
	CHECK_EQ(bootinfo_check(&info, 0x300000, 0x800000, &why), -EINVAL);
}

/* Every truncation is refused, or loses nothing but the end tag's padding. */
static void
test_multiboot2_short(void)
{
	u8 *copy;

	sample_multiboot2(&sample);
	for (u32 len = 0; len < sample.len; len++) {
		copy = malloc(len ? len : 1);
		memcpy(copy, sample.data, len);
		CHECK_EQ(multiboot2_parse(copy, len, &info, &why), -EINVAL);
		CHECK(*why);
		if (len >= 4) {
			memcpy(copy, &len, 4);
			CHECK_EQ(multiboot2_parse(copy, len, &info, &why),
			    -EINVAL);
		}
		free(copy);
	}
}

static const void *
phys(paddr_t addr, usize len)
{
	if (addr < SAMPLE_BASE || addr > SAMPLE_BASE + sample.len ||
	    len > SAMPLE_BASE + sample.len - addr)
		return NULL;
	return sample.data + (addr - SAMPLE_BASE);
}

static void
test_pvh(void)
{
	sample_pvh(&sample);
	CHECK_EQ(pvh_parse(sample.data, 56, phys, &info, &why), 0);
	CHECK_STR(why, "");
	CHECK_STR(info.cmdline, "console=ttyS0 init=/bin/sh");
	CHECK_EQ(info.nmodules, 1);
	CHECK_EQ(info.module[0].end, 0x312345);
	CHECK_STR(info.module[0].name, "initrd");
	CHECK_EQ(info.rsdp_len, 36);
	CHECK_EQ(info.rsdp_paddr, SAMPLE_BASE + 0xc0);
	CHECK_EQ(memmap_total(&info, BOOT_RAM_USABLE),
	    0x9f000 + 0x7ee0000 + 0x40000000);
	CHECK_EQ(pvh_parse(sample.data, 55, phys, &info, &why), -EINVAL);
	sample.data[0] ^= 1;
	CHECK_EQ(pvh_parse(sample.data, 56, phys, &info, &why), -EINVAL);
	CHECK_STR(why, "PVH: bad magic");
}

static void
test_pvh_modules(void)
{
	u64 list = SAMPLE_BASE + 0x400;

	sample_pvh(&sample);
	memcpy(sample.data + 16, &list, 8);
	for (u32 i = 0; i < BOOT_MODULES + 1; i++)
		memcpy(sample.data + 0x400 + i * 32, (u64[]){
		    0x100000 * (i + 1), 0x1000, 0, 0 }, 32);
	sample.data[12] = BOOT_MODULES;
	CHECK_EQ(pvh_parse(sample.data, 56, phys, &info, &why), 0);
	CHECK_EQ(info.nmodules, BOOT_MODULES);
	CHECK_EQ(bootinfo_check(&info, 0x40000, 0x80000, &why), 0);
	info.module[3].start = info.module[9].end - 1;
	info.module[3].end = info.module[9].end + 1;
	CHECK_EQ(bootinfo_check(&info, 0x40000, 0x80000, &why), -EINVAL);
	CHECK_STR(why, "boot data: two modules overlap");
	info.module[3].end = MEMMAP_LIMIT;
	CHECK_EQ(bootinfo_check(&info, 0x40000, 0x80000, &why), -EINVAL);
	CHECK_STR(why, "boot data: a module lies outside of memory");
	sample.data[12] = BOOT_MODULES + 1;
	CHECK_EQ(pvh_parse(sample.data, 56, phys, &info, &why), -EINVAL);
	CHECK_STR(why, "PVH: too many modules");
}

UNIT_MAIN("bootdata", { "memmap_overlap", test_memmap_overlap },
    { "memmap_hostile", test_memmap_hostile },
    { "multiboot2", test_multiboot2 },
    { "multiboot2_short", test_multiboot2_short }, { "pvh", test_pvh },
    { "pvh_modules", test_pvh_modules })
