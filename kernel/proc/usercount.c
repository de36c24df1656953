/*
 * What one user has of things that are limited per user: processes and queued
 * signals. Users share counters by a hash of their number, so that counting
 * takes no memory.
 *
 * LIMIT: two users in one of 512 places share their limits.
 */
#include "kernel/lib/atomic.h"
#include "kernel/lib/hash.h"
#include "kernel/proc/proc_priv.h"

#define USER_HASH_BITS	9

static u32 user_counts[1 << USER_HASH_BITS][USER_COUNTS];	/* [a] */

static u32 *
user_counter(u32 uid, enum user_count which)
{
	return &user_counts[hash_bits(uid + 1, USER_HASH_BITS)][which];
}

/* False, and not counted, if that would pass limit. */
bool
user_count_add(u32 uid, enum user_count which, u64 limit)
{
	u32 *n = user_counter(uid, which);

	if (atomic_add_return(n, 1) <= limit)
		return true;
	atomic_sub(n, 1);
	return false;
}

void
user_count_sub(u32 uid, enum user_count which)
{
	atomic_sub(user_counter(uid, which), 1);
}

/* setuid: what it has goes with it. */
void
user_count_move(u32 from, u32 to, enum user_count which)
{
	atomic_inc(user_counter(to, which));
	atomic_sub(user_counter(from, which), 1);
}
