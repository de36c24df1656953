/*
 * Self-tests: run inside the kernel, in a thread of their own, when the command
 * line says `selftest`.
 *
 *	SELFTEST(bitmap_finds_first)
 *	{
 *		CHECK(bitmap_find_first(map, 64) == 3);
 *	}
 *
 * A CHECK that fails is logged and counted; the test goes on. The set is
 * gathered by the linker.
 */
#pragma once

#include "kernel/lib/types.h"

struct selftest {
	const char	*name;
	void		(*run)(void);
};

#define SELFTEST(id) \
	static void selftest_##id(void); \
	static const struct selftest selftest_entry_##id \
	    __attribute__((section("selftests"), used)) aligned(16) = \
	    { #id, selftest_##id }; \
	static void selftest_##id(void)

void	selftest_check(bool ok, const char *expr, const char *file, int line);
#define CHECK(e)	selftest_check((e), #e, __FILE__, __LINE__)

/*
 * Run all tests whose name begins with prefix ("": all), log each failure, and
 * in the end "selftest: N passed, M failed". Returns M. In a thread.
 */
u32	selftest_run(const char *prefix);
