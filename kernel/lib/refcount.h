/*
 * Reference counts in plain u32 fields, marked [a] in their legends.
 *
 * A count never returns from zero. One that would pass REF_SATURATED stays
 * there, so that an overflow leaks the object instead of freeing it in use.
 */
#pragma once

#include "kernel/lib/atomic.h"

#define REF_SATURATED		0xc0000000u

static always_inline void
ref_init(u32 *ref, u32 n)
{
	atomic_store_relaxed(ref, n);
}

/* Take one more reference; the caller already holds one. */
static always_inline void
ref_get(u32 *ref)
{
	u32 old = __atomic_fetch_add(ref, 1, __ATOMIC_RELAXED);

	if (unlikely(old >= REF_SATURATED))
		atomic_store_relaxed(ref, REF_SATURATED);
}

/* Take a reference to something found under RCU; false if it is dying. */
static always_inline bool
ref_get_unless_zero(u32 *ref)
{
	u32 old = atomic_load_relaxed(ref);

	do {
		if (old == 0)
			return false;
		if (unlikely(old >= REF_SATURATED))
			return true;
	} while (!atomic_try_cmpxchg(ref, &old, old + 1));
	return true;
}

/* Drop a reference; true if it was the last, and the object is the caller's. */
static always_inline bool
ref_put(u32 *ref)
{
	u32 old = __atomic_fetch_sub(ref, 1, __ATOMIC_ACQ_REL);

	if (unlikely(old >= REF_SATURATED)) {
		atomic_store_relaxed(ref, REF_SATURATED);
		return false;
	}
	return old == 1;
}

static always_inline u32
ref_read(const u32 *ref)
{
	return atomic_load_relaxed(ref);
}
