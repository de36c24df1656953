/*
 * futex(2).
 */
#pragma once

#include "kernel/lib/types.h"

/* The call: op with flags; val2 or deadline as the op wants. */
long	futex_wait(uptr_t addr, u32 op, u32 val, u64 deadline_ns, u32 bitset);
long	futex_wake(uptr_t addr, u32 op, u32 n, u32 bitset);
long	futex_requeue(uptr_t addr, uptr_t to, u32 op, u32 nwake, u32 nmove,
	    const u32 *expected);
long	futex_wake_op(uptr_t addr, uptr_t addr2, u32 op, u32 n, u32 n2,
	    u32 encoded);
/* The kernel's own: shared or private, whoever waits there. */
void	futex_wake_at(uptr_t addr, u32 n);
