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

/* A debug kernel's loop was about to take a turn more than it states. */
noreturn void	bound_breached(const char *file, int line, u64 bound);

/*
 * Loops whose turns the analyzer cannot count, and that take memory.
 *
 *	for_bound(n, int i = 0; i < m; i++)	at most n turns; a debug kernel
 *	while_bound(n, cond)			counts them and panics
 *	LOOP_PAID(&bound_x);	what a turn takes is row x, and as many were
 *				reserved as there are turns: reserve_linear()
 */
#if defined(HARDTACK_ANALYZE)
void	analyzer_loop_bound(u64 bound);
void	analyzer_loop_paid(const void *turn);
#define LOOP_PAID(turn)		analyzer_loop_paid(turn)
#define LOOP_STATED(n)		if (analyzer_loop_bound(n), 0) { } else
#define for_bound(n, ...)	for (__VA_ARGS__) LOOP_STATED(n)
#define while_bound(n, cond)	while (cond) LOOP_STATED(n)
#else
#define LOOP_PAID(turn)		((void)sizeof(turn))
#if defined(HARDTACK_DEBUG)
#define LOOP_COUNTED(n, loop) \
	for (u64 turns_ = 0, once_ = 1; once_; once_ = 0) \
		loop \
			if (++turns_ > (u64)(n)) \
				bound_breached(__FILE__, __LINE__, (n)); \
			else
#define for_bound(n, ...)	LOOP_COUNTED(n, for (__VA_ARGS__))
#define while_bound(n, cond)	LOOP_COUNTED(n, while (cond))
#else
#define for_bound(n, ...)	for (__VA_ARGS__)
#define while_bound(n, cond)	while (cond)
#endif
#endif
