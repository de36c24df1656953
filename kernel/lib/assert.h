/*
 * Assertions: always compiled in; dassert() only in debug kernels.
 */
#pragma once

#include "kernel/lib/types.h"

noreturn void	assert_failed(const char *expr, const char *file, int line);

#define assert(e) \
	((void)(likely(e) || (assert_failed(#e, __FILE__, __LINE__), 0)))

#if defined(HARDTACK_DEBUG)
#define dassert(e)		assert(e)
#else
#define dassert(e)		((void)sizeof(!!(e)))
#endif

#define unreachable()		assert_failed("unreachable", __FILE__, __LINE__)
