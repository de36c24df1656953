/*
 * The boot-time allocator: bumps through the usable ranges, lowest address
 * first, around what is held (modules, boot data). What it gave away is never
 * given back; the rest goes to the frame allocator.
 */
#include "kernel/lib/assert.h"
#include "kernel/lib/bootinfo.h"
#include "kernel/lib/string.h"
#include "kernel/mem/boot.h"
#include "kernel/mem/mem_priv.h"
#include "kernel/trace/panic.h"
#include "kernel/x86/paging.h"

#define LOW_END		0x100000ul	/* below: firmware's, and the CPUs'
					   start-up trampoline */

extern char kernel_start[], kernel_end[];	/* boot/kernel.ld */

/* Boot CPU only, until frame_init(). */
static struct interval taken[BOOT_INTERVALS];
static u32 ntaken;
static const struct bootinfo *info;
static bool is_handed_on;		/* to the frame allocator */
static paddr_t mapped_end = 1ul << 30;

static void
interval_add(paddr_t start, paddr_t end)
{
	for (u32 i = 0; i < ntaken; i++) {
		if (taken[i].end == start) {
			taken[i].end = end;
			return;
		}
	}
	if (ntaken == BOOT_INTERVALS)
		panic("boot memory: more than %d pieces", BOOT_INTERVALS);
	taken[ntaken++] = (struct interval){ start, end };
}

/* The first byte at or after pos that is not taken; *end: up to where. */
paddr_t
boot_mem_next_free(paddr_t pos, paddr_t *end)
{
	bool moved;

	do {
		moved = false;
		for (u32 i = 0; i < ntaken; i++) {
			if (pos >= taken[i].start && pos < taken[i].end) {
				pos = taken[i].end;
				moved = true;
			}
		}
	} while (moved);
	for (u32 i = 0; i < ntaken; i++)
		if (taken[i].start > pos && taken[i].start < *end)
			*end = taken[i].start;
	return pos;
}

void
boot_mem_hold(paddr_t start, paddr_t end)
{
	interval_add(PAGE_DOWN(start), PAGE_UP(end));
}

void
boot_mem_mapped(paddr_t limit)
{
	mapped_end = limit;
}

void
boot_mem_init(const struct bootinfo *bi)
{
	info = bi;
	interval_add(0, LOW_END);
	boot_mem_hold((u64)kernel_start - KERNEL_BASE,
	    (u64)kernel_end - KERNEL_BASE);
	for (u32 i = 0; i < bi->nmodules; i++)
		boot_mem_hold(bi->module[i].start, bi->module[i].end);
}

/* The rest has gone to the frame allocator: now from there, till the boot ends,
 * since until then nobody is owed a frame. */
static void *
boot_get_frame(usize len_bytes, usize align)
{
	assert(mem_booting && len_bytes <= PAGE_SIZE && align <= PAGE_SIZE);
	return frame_virt(frame_get_zero(FRAME_KERNEL));
}

void
boot_mem_end(void)
{
	is_handed_on = true;
}

void *
boot_get(usize len_bytes, usize align)
{
	if (is_handed_on)
		return boot_get_frame(len_bytes, align);
	assert(align != 0 && (align & (align - 1)) == 0);
	for (u32 i = 0; i < info->nranges; i++) {
		const struct boot_range *r = &info->range[i];
		paddr_t range_end = MIN(r->start + r->len_bytes, mapped_end);
		paddr_t pos = r->start;

		if (r->kind != BOOT_RAM_USABLE)
			continue;
		while (pos < range_end) {
			paddr_t end = range_end;

			pos = boot_mem_next_free(pos, &end);
			if (ROUND_UP(pos, align) + len_bytes <= end) {
				pos = ROUND_UP(pos, align);
				interval_add(pos, pos + len_bytes);
				memset(phys_to_virt(pos), 0, len_bytes);
				return phys_to_virt(pos);
			}
			pos = end;
		}
	}
	panic("out of memory at boot: no room for %zu bytes", len_bytes);
}
