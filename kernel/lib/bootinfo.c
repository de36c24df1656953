/*
 * Checks on boot data as a whole, whichever loader gave it.
 */
#include "kernel/lib/bootinfo.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/memmap.h"

static bool
overlap(paddr_t a_start, paddr_t a_end, paddr_t b_start, paddr_t b_end)
{
	return a_start < b_end && b_start < a_end;
}

int
bootinfo_check(const struct bootinfo *info, paddr_t kernel_start,
    paddr_t kernel_end, const char **why)
{
	const struct boot_module *m, *n;

	for (u32 i = 0; i < info->nmodules; i++) {
		m = &info->module[i];
		if (!memmap_is(info, m->start, m->end - m->start,
		    BOOT_RAM_USABLE)) {
			*why = "boot data: a module lies outside of memory";
			return -EINVAL;
		}
		if (overlap(m->start, m->end, kernel_start, kernel_end)) {
			*why = "boot data: a module overlaps the kernel";
			return -EINVAL;
		}
		for (u32 j = 0; j < i; j++) {
			n = &info->module[j];
			if (overlap(m->start, m->end, n->start, n->end)) {
				*why = "boot data: two modules overlap";
				return -EINVAL;
			}
		}
	}
	return 0;
}
