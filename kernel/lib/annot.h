/*
 * Annotations for the compilers and for the bounds analyzer.
 *
 * The lock annotations are checked by clang (-Wthread-safety) and mean nothing
 * to gcc. The loop annotations state the most turns a loop can take where it
 * allocates; a debug kernel counts the turns and panics past the bound.
 */
#pragma once

#include "kernel/lib/types.h"

#if defined(__clang__)
#define THREAD_ATTR(x)		__attribute__((x))
#else
#define THREAD_ATTR(x)
#endif

#define CAPABILITY(name)	THREAD_ATTR(capability(name))
#define GUARDED_BY(l)		THREAD_ATTR(guarded_by(l))
#define REQUIRES(...)		THREAD_ATTR(requires_capability(__VA_ARGS__))
#define REQUIRES_SHARED(...) \
	THREAD_ATTR(requires_shared_capability(__VA_ARGS__))
#define EXCLUDES(...)		THREAD_ATTR(locks_excluded(__VA_ARGS__))
#define ACQUIRES(...)		THREAD_ATTR(acquire_capability(__VA_ARGS__))
#define ACQUIRES_SHARED(...) \
	THREAD_ATTR(acquire_shared_capability(__VA_ARGS__))
#define ACQUIRES_TRY(...) \
	THREAD_ATTR(try_acquire_capability(__VA_ARGS__))
#define RELEASES(...)		THREAD_ATTR(release_capability(__VA_ARGS__))
#define RELEASES_SHARED(...) \
	THREAD_ATTR(release_shared_capability(__VA_ARGS__))
#define NO_THREAD_CHECK		THREAD_ATTR(no_thread_safety_analysis)

/* How often a loop bound was broken; provided by kernel/trace in the kernel. */
noreturn void	bound_breached(const char *file, int line, u64 bound);

#if defined(HARDTACK_ANALYZE)
void	analyzer_loop_bound(u64 bound);
#define LOOP_BOUND(n)		analyzer_loop_bound(n)
#define for_bound(n, ...)	for (__VA_ARGS__) if (analyzer_loop_bound(n), 1)
#elif defined(HARDTACK_DEBUG)
#define for_bound(n, ...) \
	for (u64 turns_ = 0, once_ = 1; once_; once_ = 0) \
		for (__VA_ARGS__) \
			if (++turns_ > (u64)(n)) \
				bound_breached(__FILE__, __LINE__, (n)); \
			else
#else
#define for_bound(n, ...)	for (__VA_ARGS__)
#endif
