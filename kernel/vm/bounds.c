/*
 * From what rows need to what they reserve.
 *
 * Rows are defined in the code, their needs in a generated table; both name
 * each other by text, so that a file of the kernel can be built without the
 * table. Here, at boot, they meet, and must fit: a row without a need would
 * reserve nothing, so it is a panic with its name (the table is older than the
 * source: make it anew). A need without a row is only noted: its code went.
 *
 * n objects of a cache are in at most ceil(n / per_slab) new slabs, whatever
 * others do, since a call's slabs are its own until it ends (slab.c).
 */
#include "kernel/lib/string.h"
#include "kernel/mem/charge.h"
#include "kernel/mem/frame.h"
#include "kernel/mem/slab.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"
#include "kernel/vm/bounds.h"

/* No row may be more than this share of memory (policy: chunk it). */
#define ROW_SHARE	8

static const struct kmem_cache *
cache_by_name(const char *name)
{
	const struct kmem_cache *k;

	for (k = __kmem_caches_start; k < __kmem_caches_end; k++)
		if (strcmp(k->name, name) == 0)
			return k;
	return NULL;
}

static u32
need_frames(const struct bound_need *need)
{
	u64 n = need->frames;

	for (u32 i = 0; i < BOUND_CACHES && need->cache[i].name != NULL; i++) {
		const struct kmem_cache *k = cache_by_name(need->cache[i].name);

		if (k == NULL)
			panic("bound of %s: no slab cache \"%s\"", need->name,
			    need->cache[i].name);
		n += DIV_UP(need->cache[i].count, k->per_slab);
	}
	return (u32)n;
}

static struct bound *
row_by_name(const char *name)
{
	struct bound *b;

	for (b = __bounds_start; b < __bounds_end; b++)
		if (strcmp(b->name, name) == 0)
			return b;
	return NULL;
}

static void
rows_check(u64 most)
{
	struct bound *b;

	for (b = __bounds_start; b < __bounds_end; b++) {
		if (!b->is_known)
			panic("bound of %s: not in the table", b->name);
		if (b->frames > most)
			panic("bound of %s, %u frames, is over 1/%d of memory",
			    b->name, b->frames, ROW_SHARE);
	}
}

void
bounds_init(void)
{
	struct frame_stats fs;

	for (u32 i = 0; i < nbound_needs; i++) {
		const struct bound_need *need = &bound_needs[i];
		struct bound *b = row_by_name(need->name);

		if (b == NULL) {
			kwarn("bound of %s: no such row", need->name);
		} else if (!b->is_known) {
			b->frames = need_frames(need);
			b->promise = CHARGE_PROMISE(b->frames);
			b->is_known = true;
		}
	}
	frame_stats(&fs);
	rows_check(fs.total / ROW_SHARE);
	kinfo("reserve: %ld bounds", __bounds_end - __bounds_start);
}
