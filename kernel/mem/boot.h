/*
 * Memory before the allocators: the boot-time bump allocator.
 */
#pragma once

#include "kernel/lib/types.h"

struct bootinfo;

/* Choose the free ranges; from now on boot_get() works. */
void	boot_mem_init(const struct bootinfo *bi);
/* Zeroed memory, never given back; panics when there is none. After
 * frame_init() at most a page, and none after frame_boot_end(). */
void	*boot_get(usize len_bytes, usize align);
/* A physical range that stays reserved until boot_mem_release(). */
void	boot_mem_hold(paddr_t start, paddr_t end);

/* Memory up to limit can be reached through the physical map from now on. */
void	boot_mem_mapped(paddr_t limit);

/* Make the frame descriptors and hand the rest to the frame allocator. */
void	frame_init(const struct bootinfo *bi);
/* Give a held physical range (the cpio module) to the allocator. */
void	boot_mem_release(paddr_t start, paddr_t end);
