/*
 * The PVH start info of Xen and QEMU: struct hvm_start_info, version 1, with
 * its memory map (Xen's public/arch-x86/hvm/start_info.h).
 */
#pragma once

#include "kernel/lib/bootinfo.h"

#define PVH_MAGIC		0x336ec578u	/* "xEn3" with bit 7 of E set */

/* Make len bytes of physical memory readable, or return NULL. */
typedef const void *(*pvh_phys_fn)(paddr_t addr, usize len);

/*
 * Parse the len bytes at start_info; what it points to is read through phys.
 * Returns 0 or -EINVAL with *why set, as multiboot2_parse.
 */
int	pvh_parse(const void *start_info, usize len, pvh_phys_fn phys,
	    struct bootinfo *out, const char **why);
