/*
 * The boot memory map: collected from a loader, then normalised.
 *
 * After memmap_normalise the ranges are sorted, disjoint, page-aligned (usable
 * ones inward, others outward) and merged where neighbours agree; where
 * ranges overlapped, the kind with the higher precedence holds.
 */
#pragma once

#include "kernel/lib/bootinfo.h"

/* Memory above what a pfn_t can number is not used. */
#define MEMMAP_LIMIT		(1ul << (32 + PAGE_SHIFT))

/*
 * Add a range. An empty one is ignored, an end above MEMMAP_LIMIT is cut. One
 * that starts above, or a usable one that wraps around, is refused and counted
 * in dropped_ranges. Returns 0, -EINVAL refused, -ENOSPC full.
 */
int	memmap_add(struct bootinfo *info, paddr_t start, u64 len_bytes,
	    enum boot_range_kind kind);

/*
 * Sort, clip and merge, on the boot CPU only (there is one scratch area).
 * Returns 0, or -EINVAL if no usable page is left. Pieces past BOOT_RANGES are
 * dropped from the top and counted: what no range names is not used.
 */
int	memmap_normalise(struct bootinfo *info);

/* Take [start, start + len) out of the usable ranges of a normalised map. */
int	memmap_reserve(struct bootinfo *info, paddr_t start, u64 len_bytes,
	    enum boot_range_kind kind);

/* Bytes of one kind. */
u64	memmap_total(const struct bootinfo *info, enum boot_range_kind kind);

/* End of the highest range of one kind, or 0. */
paddr_t	memmap_end(const struct bootinfo *info, enum boot_range_kind kind);

/* True if all of [start, start + len) has one kind, the one given. */
bool	memmap_is(const struct bootinfo *info, paddr_t start, u64 len_bytes,
	    enum boot_range_kind kind);

const char	*memmap_kind_name(enum boot_range_kind kind);
