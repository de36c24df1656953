/*
 * The boot memory map: collected from a loader, then normalised.
 *
 * After memmap_normalise the ranges are sorted, disjoint, page-aligned (usable
 * ones inward, others outward) and merged where neighbours agree; where
 * ranges overlapped, the kind with the higher precedence holds.
 */
#pragma once

#include "kernel/lib/bootinfo.h"

/*
 * Add a range. An empty one is ignored; one that wraps around or lies above
 * the 52-bit physical space is refused (dropped_ranges counts it), unless only
 * its end does: that is cut. Returns 0, -EINVAL refused, -ENOSPC full.
 */
int	memmap_add(struct bootinfo *info, paddr_t start, u64 len_bytes,
	    enum boot_range_kind kind);

/* Sort, clip and merge. Returns 0, or -EINVAL if no usable page is left. */
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
