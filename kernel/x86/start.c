/*
 * The first C code: from the loader's data to kernel_main().
 *
 * The loader's structures are foreign data at physical addresses that it
 * chose. They are read through boot_phys(), which answers only for memory that
 * the early page tables map (the low 4 GiB), and copied into bootinfo by
 * parsers that check every length. Data that makes no sense stops the machine
 * here, with a sentence on COM1 and the text screen.
 */
#include "kernel/lib/bootinfo.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/memmap.h"
#include "kernel/lib/multiboot2.h"
#include "kernel/lib/parse.h"
#include "kernel/lib/pvh.h"
#include "kernel/lib/string.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/desc.h"
#include "kernel/x86/env.h"
#include "kernel/x86/features.h"
#include "kernel/x86/fpu_priv.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/clock_priv.h"
#include "kernel/x86/percpu_priv.h"
#include "kernel/x86/smp_priv.h"
#include "kernel/x86/start.h"
#include "kernel/x86/usercopy_priv.h"

#define EARLY_MAPPED		(4ul << 30)
#define PVH_INFO_BYTES		56	/* struct hvm_start_info, version 1 */
#define MULTIBOOT2_MAX		(1u << 20)
#define COM1			0x3f8
#define  UART_LSR		5
#define   LSR_THRE		BIT(5)
#define EGA_TEXT		0xb8000ul
#define EGA_WHITE_ON_RED	0x4f

noreturn void x86_start(u32 kind, u32 info);

extern char kernel_start[], kernel_end[], boot_stack[], boot_stack_top[];

static struct bootinfo early_info;
const struct bootinfo *boot_info = &early_info;

/* -fstack-protector's guard; features_init() is done when it changes, in a
 * function that never returns. */
u64 __stack_chk_guard = 0x5bd1e995c0ffee00ul;

/* Its low byte is 0: a string that overflows cannot copy it. */
static u64
guard_value(void)
{
	u64 v = 0;

	if (cpu_has.rdrand)
		__asm__ volatile("rdrand %0" : "+r"(v) :: "cc");
	return (v ^ cpu_rdtsc() * 0x9e3779b97f4a7c15ul) & ~0xfful;
}

static void
early_puts(const char *s)
{
	static u32 column;
	volatile u16 *screen = phys_to_virt(EGA_TEXT);

	for (; *s; s++) {
		for (u32 i = 0; i < 100000; i++)
			if (io_in8(COM1 + UART_LSR) & LSR_THRE)
				break;
		io_out8(COM1, (u8)*s);
		if (*s >= ' ')
			screen[column++ % 2000] =
			    (u16)(EGA_WHITE_ON_RED << 8 | (u8)*s);
		else
			column = ROUND_UP(column + 1, 80);
	}
}

static void
early_log(u32 level, const char *fmt, ...)
{
	char line[200];
	va_list ap;

	(void)level;
	va_start(ap, fmt);
	(void)kvsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	early_puts(line);
	early_puts("\r\n");
}

static void
early_panic(const char *fmt, ...)
{
	char line[200];
	va_list ap;

	va_start(ap, fmt);
	(void)kvsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	early_puts("Hardtack: panic: ");
	early_puts(line);
	early_puts("\r\n");
	cpu_halt();
}

struct x86_env x86_env = { .log = early_log, .panic = early_panic };

noreturn void
cpu_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

noreturn void
cpu_triple_fault(void)
{
	static const struct { u16 limit; u64 base; } packed none = { 0, 0 };

	__asm__ volatile("lidt %0; int3" :: "m"(none));
	cpu_halt();
}

/* Physical memory as the parsers may read it, or NULL. */
static const void *
boot_phys(paddr_t addr, usize len)
{
	if (len > EARLY_MAPPED || addr > EARLY_MAPPED - len)
		return NULL;
	return phys_to_virt(addr);
}

static int
parse_multiboot2(paddr_t info, const char **why)
{
	const u32 *total = boot_phys(info, 8);

	*why = "its address is not below 4 GiB";
	if (total == NULL || info == 0 || info % 8 != 0)
		return -1;
	*why = "its total size is not sensible";
	if (*total < 16 || *total > MULTIBOOT2_MAX ||
	    boot_phys(info, *total) == NULL)
		return -1;
	return multiboot2_parse(total, *total, &early_info, why);
}

static int
parse_pvh(paddr_t info, const char **why)
{
	const void *start_info = boot_phys(info, PVH_INFO_BYTES);

	*why = "its address is not below 4 GiB";
	if (start_info == NULL || info == 0)
		return -1;
	return pvh_parse(start_info, PVH_INFO_BYTES, boot_phys, &early_info,
	    why);
}

/* The loader's data are bad: say so and stop. */
static noreturn void
refuse(const char *loader, const char *why)
{
	x86_env.panic("bad boot data from %s: %s", loader, why);
	cpu_halt();
}

static void
parse_loader_data(u32 kind, paddr_t info)
{
	const char *why = "unknown";

	if (kind == MULTIBOOT2_MAGIC) {
		if (parse_multiboot2(info, &why) != 0)
			refuse("multiboot2 loader", why);
	} else if (kind == PVH_MAGIC) {
		if (parse_pvh(info, &why) != 0)
			refuse("PVH loader", why);
	} else {
		refuse("loader", "neither multiboot2 nor PVH");
	}
	for (u32 i = 0; i < early_info.nmodules; i++) {
		paddr_t from = (u64)kernel_start - KERNEL_BASE;
		paddr_t to = (u64)kernel_end - KERNEL_BASE;

		if (early_info.module[i].start < to &&
		    early_info.module[i].end > from)
			refuse("loader", "a module overlaps the kernel");
	}
}

noreturn void
x86_start(u32 kind, u32 info)
{
	clock_mark_start();
	percpu_init_boot((u64)boot_stack, (u64)boot_stack_top);
	desc_init_boot();
	parse_loader_data(kind, info);
	features_init(early_info.cmdline);
	usercopy_patch();
	fpu_init();
	cpu_init();
	smp_choose_trampoline(&early_info);
	__stack_chk_guard = guard_value();
	kernel_main(&early_info);
}
