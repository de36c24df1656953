/*
 * The boot memory map.
 *
 * Normalising cuts the address space at every start and end of a range. Inside
 * one such piece the covering ranges do not change, so the highest kind among
 * them is the piece's kind; equal neighbours are merged. That is quadratic in
 * the number of ranges, which is a dozen or two, and at most BOOT_RANGES.
 */
#include "kernel/lib/memmap.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/sort.h"
#include "kernel/lib/string.h"

#define POINTS_MAX		(2 * BOOT_RANGES + 2)

/* Owned by memmap_normalise; the boot CPU is alone. */
static struct {
	u64 point[POINTS_MAX];
	struct boot_range range[BOOT_RANGES];
	u32 npoints, nranges;
} scratch;

int
memmap_add(struct bootinfo *info, paddr_t start, u64 len_bytes,
    enum boot_range_kind kind)
{
	bool wraps = len_bytes > UINT64_MAX - start;

	if (len_bytes == 0)
		return 0;
	if (start >= MEMMAP_LIMIT || (wraps && kind == BOOT_RAM_USABLE)) {
		info->dropped_ranges++;
		return -EINVAL;
	}
	if (info->nranges == BOOT_RANGES) {
		info->dropped_ranges++;
		return -ENOSPC;
	}
	len_bytes = MIN(len_bytes, MEMMAP_LIMIT - start);
	info->range[info->nranges++] =
	    (struct boot_range){ start, len_bytes, kind };
	return 0;
}

/* Align to pages: usable memory inwards, the rest outwards; maybe empty. */
static void
range_align(struct boot_range *r)
{
	paddr_t start, end;

	if (r->kind == BOOT_RAM_USABLE) {
		start = PAGE_UP(r->start);
		end = PAGE_DOWN(r->start + r->len_bytes);
	} else {
		start = PAGE_DOWN(r->start);
		end = PAGE_UP(r->start + r->len_bytes);
	}
	r->start = start;
	r->len_bytes = end > start ? end - start : 0;
}

static int
point_compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* The highest kind over [start, start + 1), or 0 if nothing covers it. */
static u32
kind_at(const struct bootinfo *info, const struct boot_range *extra,
    paddr_t start)
{
	const struct boot_range *r = info->range;
	u32 kind = 0;

	for (u32 i = 0; i < info->nranges; i++, r++)
		if (start - r->start < r->len_bytes && r->kind > kind)
			kind = r->kind;
	if (start - extra->start < extra->len_bytes && extra->kind > kind)
		kind = extra->kind;
	return kind;
}

/* Append a piece to the scratch map, or grow its last range. */
static void
piece_add(struct bootinfo *info, paddr_t start, u64 len_bytes, u32 kind)
{
	struct boot_range *last = scratch.nranges ?
	    &scratch.range[scratch.nranges - 1] : NULL;

	if (last && last->kind == kind &&
	    last->start + last->len_bytes == start) {
		last->len_bytes += len_bytes;
	} else if (scratch.nranges == BOOT_RANGES) {
		info->dropped_ranges++;
	} else {
		scratch.range[scratch.nranges++] =
		    (struct boot_range){ start, len_bytes, kind };
	}
}

static void
points_add(const struct boot_range *r)
{
	if (r->len_bytes) {
		scratch.point[scratch.npoints++] = r->start;
		scratch.point[scratch.npoints++] = r->start + r->len_bytes;
	}
}

/* Normalise the ranges of info with one more, which may be empty. */
static int
normalise_with(struct bootinfo *info, struct boot_range extra)
{
	u64 start, end;
	u32 kind;

	scratch.npoints = 0;
	scratch.nranges = 0;
	for (u32 i = 0; i < info->nranges; i++) {
		range_align(&info->range[i]);
		points_add(&info->range[i]);
	}
	range_align(&extra);
	points_add(&extra);
	sort(scratch.point, scratch.npoints, sizeof(u64), point_compare);
	for (u32 i = 0; i + 1 < scratch.npoints; i++) {
		start = scratch.point[i];
		end = scratch.point[i + 1];
		if (start == end)
			continue;
		kind = kind_at(info, &extra, start);
		if (kind)
			piece_add(info, start, end - start, kind);
	}
	info->nranges = scratch.nranges;
	memcpy(info->range, scratch.range,
	    scratch.nranges * sizeof(scratch.range[0]));
	return memmap_total(info, BOOT_RAM_USABLE) ? 0 : -EINVAL;
}

int
memmap_normalise(struct bootinfo *info)
{
	return normalise_with(info, (struct boot_range){ 0, 0,
	    BOOT_RAM_RESERVED });
}

int
memmap_reserve(struct bootinfo *info, paddr_t start, u64 len_bytes,
    enum boot_range_kind kind)
{
	if (start >= MEMMAP_LIMIT || len_bytes == 0)
		return 0;
	len_bytes = MIN(len_bytes, MEMMAP_LIMIT - start);
	return normalise_with(info, (struct boot_range){ start, len_bytes,
	    kind });
}

u64
memmap_total(const struct bootinfo *info, enum boot_range_kind kind)
{
	u64 total = 0;

	for (u32 i = 0; i < info->nranges; i++)
		if (info->range[i].kind == kind)
			total += info->range[i].len_bytes;
	return total;
}

paddr_t
memmap_end(const struct bootinfo *info, enum boot_range_kind kind)
{
	const struct boot_range *r = info->range;
	paddr_t end = 0;

	for (u32 i = 0; i < info->nranges; i++, r++)
		if (r->kind == kind && r->start + r->len_bytes > end)
			end = r->start + r->len_bytes;
	return end;
}

bool
memmap_is(const struct bootinfo *info, paddr_t start, u64 len_bytes,
    enum boot_range_kind kind)
{
	const struct boot_range *r = info->range;

	/* Neighbours of one kind are merged: one range holds it all or none. */
	for (u32 i = 0; i < info->nranges; i++, r++)
		if (r->kind == kind && start >= r->start &&
		    start - r->start < r->len_bytes)
			return len_bytes <= r->len_bytes - (start - r->start);
	return false;
}

const char *
memmap_kind_name(enum boot_range_kind kind)
{
	static const char *const names[] = {
		[BOOT_RAM_USABLE] = "usable",
		[BOOT_RAM_ACPI] = "ACPI tables",
		[BOOT_RAM_NVS] = "ACPI NVS",
		[BOOT_RAM_RESERVED] = "reserved",
		[BOOT_RAM_BAD] = "bad",
	};

	return (u32)kind < ARRAY_LEN(names) && names[kind] ? names[kind] :
	    "unknown";
}
