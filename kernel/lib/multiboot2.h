/*
 * Multiboot2 boot information (specification 2.0, section 3.6).
 */
#pragma once

#include "kernel/lib/bootinfo.h"

#define MULTIBOOT2_MAGIC	0x36d76289u	/* in eax at entry */

/*
 * Parse the information structure at info, of which len_bytes bytes may be
 * touched (the caller maps at least 8, reads total_size, and maps that many).
 * Returns 0 with *out filled and its memory map normalised (memmap.h), or
 * -EINVAL with *why set to a sentence fit for the screen.
 */
int	multiboot2_parse(const void *info, usize len_bytes,
	    struct bootinfo *out, const char **why);
