/*
 * What the boot loader told us, in one form whatever the loader was.
 *
 * A parser (multiboot2.h, pvh.h) checks foreign data and copies all of it
 * here, so that nothing points into the loader's memory but the modules, whose
 * ranges are kept out of the free memory.
 */
#pragma once

#include "kernel/lib/types.h"

#define BOOT_RANGES		256
#define BOOT_MODULES		16
#define BOOT_CMDLINE		4096
#define BOOT_MODULE_NAME	128
#define BOOT_LOADER_NAME	64
#define BOOT_RSDP		36

/* In rising order of precedence where ranges overlap: reserved wins. */
enum boot_range_kind {
	BOOT_RAM_USABLE = 1,
	BOOT_RAM_ACPI,			/* tables; usable once they are read */
	BOOT_RAM_NVS,			/* firmware's own */
	BOOT_RAM_RESERVED,
	BOOT_RAM_BAD,
};

struct boot_range {
	paddr_t start;
	u64 len_bytes;
	enum boot_range_kind kind;
};

struct boot_module {
	paddr_t start, end;		/* [start, end), not empty */
	char name[BOOT_MODULE_NAME];	/* the loader's string, maybe cut */
};

enum boot_fb_kind {
	BOOT_FB_NONE,
	BOOT_FB_INDEXED,
	BOOT_FB_RGB,
	BOOT_FB_TEXT,			/* EGA text: w, h in characters */
};

struct boot_fb {
	enum boot_fb_kind kind;
	paddr_t addr;
	u32 pitch_bytes, width, height;
	u8 bpp;
	u8 red_pos, red_bits, green_pos, green_bits, blue_pos, blue_bits;
};

#define BOOT_EFI64		BIT(0)	/* started by a 64-bit UEFI */
#define BOOT_EFI_SERVICES	BIT(1)	/* boot services were not ended */
#define BOOT_EFI_MEMMAP		BIT(2)	/* ranges come from the EFI map */

/* Filled once, early in boot, by one CPU; immutable afterwards. */
struct bootinfo {
	u32 nranges;
	struct boot_range range[BOOT_RANGES];
	u32 nmodules;
	struct boot_module module[BOOT_MODULES];
	struct boot_fb fb;
	u32 rsdp_len;			/* 0 none, 20 ACPI 1, 36 ACPI 2+ */
	u8 rsdp[BOOT_RSDP];
	paddr_t rsdp_paddr;		/* PVH gives an address; else 0 */
	u64 efi_flags;
	u64 efi_system_table;		/* 0 if unknown */
	u32 dropped_ranges;		/* map entries refused or past 256 */
	char loader[BOOT_LOADER_NAME];
	char cmdline[BOOT_CMDLINE];
};

/*
 * Check what parsers cannot: that each module lies in usable memory, apart
 * from the other modules and from the kernel at [kernel_start, kernel_end).
 * Returns 0, or -EINVAL with *why set. The memory map is normalised.
 */
int	bootinfo_check(const struct bootinfo *info, paddr_t kernel_start,
	    paddr_t kernel_end, const char **why);
