/*
 * The runner of the self-tests.
 */
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/trace/log.h"
#include "kernel/trace/selftest.h"
#include "kernel/x86/clock.h"

/* The section's ends, made by the linker. */
extern const struct selftest __start_selftests[], __stop_selftests[];

static u32 failed_checks;		/* [a] of the running test */

void
selftest_check(bool ok, const char *expr, const char *file, int line)
{
	if (ok)
		return;
	atomic_inc(&failed_checks);
	kerr("selftest: %s:%d: %s is false", file, line, expr);
}

u32
selftest_run(const char *prefix)
{
	u32 passed = 0, failed = 0;

	for (const struct selftest *t = __start_selftests;
	    t < __stop_selftests; t++) {
		u64 start = clock_now_ns();

		if (!str_has_prefix(t->name, prefix))
			continue;
		atomic_store(&failed_checks, 0);
		t->run();
		if (atomic_load(&failed_checks) == 0)
			passed++;
		else
			failed++;
		kinfo("selftest: %s %s (%llu us)", t->name,
		    atomic_load(&failed_checks) == 0 ? "passed" : "FAILED",
		    (unsigned long long)(clock_now_ns() - start) / 1000);
	}
	kinfo("selftest: %u passed, %u failed", passed, failed);
	return failed;
}
