/*
 * Atomic operations on plain u32, u64 and pointers, over the compilers'
 * builtins. A field that they touch is marked [a] in its struct's legend.
 *
 * The order is in the name where it is weaker than sequential consistency;
 * read-modify-write operations without a suffix are full barriers (on x86 the
 * locked instruction is one anyway).
 */
#pragma once

#include "kernel/lib/types.h"

#define atomic_load_relaxed(p)		__atomic_load_n((p), __ATOMIC_RELAXED)
#define atomic_load_acquire(p)		__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define atomic_load(p)			__atomic_load_n((p), __ATOMIC_SEQ_CST)
#define atomic_store_relaxed(p, v) \
	__atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define atomic_store_release(p, v) \
	__atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define atomic_store(p, v)	__atomic_store_n((p), (v), __ATOMIC_SEQ_CST)

/* Nothing returned: the compiler picks lock add, inc, or, and. */
#define atomic_add(p, v)	((void)__atomic_fetch_add((p), (v), \
	__ATOMIC_SEQ_CST))
#define atomic_sub(p, v)	((void)__atomic_fetch_sub((p), (v), \
	__ATOMIC_SEQ_CST))
#define atomic_inc(p)		atomic_add((p), 1)
#define atomic_dec(p)		atomic_sub((p), 1)
#define atomic_or(p, v)		((void)__atomic_fetch_or((p), (v), \
	__ATOMIC_SEQ_CST))
#define atomic_and(p, v)	((void)__atomic_fetch_and((p), (v), \
	__ATOMIC_SEQ_CST))

/* The value before (fetch_) or after (_return) the operation. */
#define atomic_fetch_add(p, v)	__atomic_fetch_add((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_sub(p, v)	__atomic_fetch_sub((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_or(p, v)	__atomic_fetch_or((p), (v), __ATOMIC_SEQ_CST)
#define atomic_fetch_and(p, v)	__atomic_fetch_and((p), (v), __ATOMIC_SEQ_CST)
#define atomic_add_return(p, v)	__atomic_add_fetch((p), (v), __ATOMIC_SEQ_CST)
#define atomic_sub_return(p, v)	__atomic_sub_fetch((p), (v), __ATOMIC_SEQ_CST)

/* True if the value fell to zero. */
#define atomic_dec_and_test(p) \
	(__atomic_sub_fetch((p), 1, __ATOMIC_SEQ_CST) == 0)

#define atomic_xchg(p, v)	__atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)

/* Store desired if *p is old; returns what *p held: equal to old on success. */
#define atomic_cmpxchg(p, old, desired) ({ \
	__typeof__(*(p)) cx_old_ = (old); \
	(void)__atomic_compare_exchange_n((p), &cx_old_, (desired), false, \
	    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	cx_old_; })

/* Store desired if *p is *oldp and return true; else load *oldp, false. */
#define atomic_try_cmpxchg(p, oldp, desired) \
	__atomic_compare_exchange_n((p), (oldp), (desired), false, \
	    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

/* Keep the compiler, or compiler and CPU, from moving accesses across. */
#define compiler_barrier()	__asm__ volatile("" ::: "memory")
#define smp_mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb()		__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define smp_wmb()		__atomic_thread_fence(__ATOMIC_RELEASE)

/* Raise *p to v if it is lower: high-water marks. */
static always_inline void
atomic_max_u64(u64 *p, u64 v)
{
	u64 old = atomic_load_relaxed(p);

	while (old < v && !atomic_try_cmpxchg(p, &old, v))
		;
}
