/*
 * Self-tests of the machine and of the log: run with `selftest`.
 */
#include "kernel/lib/atomic.h"
#include "kernel/lib/string.h"
#include "kernel/trace/log.h"
#include "kernel/trace/panic.h"
#include "kernel/trace/selftest.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/smp.h"
#include "kernel/x86/usercopy.h"

#define CALL_TURNS	100
#define LONG_LINE	300

SELFTEST(log_keeps_a_long_line)
{
	char line[LONG_LINE + 1], out[LOG_LINE_MAX + 8];
	u64 seq = log_next_seq();
	usize n;

	memset(line, 'x', LONG_LINE);
	line[LONG_LINE] = '\0';
	klog(LOG_DEBUG, "%s", line);
	n = log_read(&seq, out, sizeof(out) - 1);
	out[n] = '\0';
	CHECK(n > LONG_LINE);
	CHECK(str_has_prefix(out, "<7>["));
	CHECK(strstr(out, line) != NULL);
}

SELFTEST(log_cuts_a_line_that_is_too_long)
{
	char out[LOG_LINE_MAX + 8];
	u64 seq = log_next_seq();

	klog(LOG_DEBUG, "%0500d", 7);
	CHECK(log_read(&seq, out, sizeof(out)) > LONG_LINE);
}

static u32 calls;

static void
count_call(void *arg)
{
	(void)arg;
	atomic_inc(&calls);
}

SELFTEST(smp_call_runs_on_every_other_cpu)
{
	struct cpumask all = { { ~0ul, ~0ul, ~0ul, ~0ul } };

	atomic_store(&calls, 0);
	for (u32 i = 0; i < CALL_TURNS; i++)
		smp_call(&all, count_call, NULL);
	CHECK(atomic_load(&calls) == CALL_TURNS * (ncpus - 1));
}

SELFTEST(symbols_name_functions)
{
	u64 offset;
	const char *name = symbol_of((u64)clock_set_alarm + 1, &offset);

	CHECK(strcmp(name, "clock_set_alarm") == 0 && offset == 1);
	CHECK(strcmp(symbol_of(PHYSMAP_BASE, &offset), "?") == 0);
}

SELFTEST(clock_does_not_go_back)
{
	u64 last = clock_now_ns();
	bool ok = true;

	for (u32 i = 0; i < 10000; i++) {
		u64 now = clock_now_ns();

		ok = ok && now >= last;
		last = now;
	}
	CHECK(ok);
}

/* No user page is mapped in a kernel thread: every copy stops at once. */
SELFTEST(user_copies_refuse_and_stop)
{
	static char buf[128];
	usize done = 1;
	u32 word;

	CHECK(usercopy_in(buf, UPTR(KERNEL_BASE), 8) == 8);
	CHECK(usercopy_in(buf, UPTR(PHYSMAP_BASE), 8) == 8);
	CHECK(usercopy_in(buf, UPTR(USER_TOP - 4), 8) == 8);
	CHECK(usercopy_in(buf, UPTR(~0ul - 3), 8) == 8);
	CHECK(usercopy_in(buf, UPTR(0), sizeof(buf)) == sizeof(buf));
	CHECK(usercopy_out(UPTR(0), buf, 3) == 3);
	CHECK(usercopy_zero(UPTR(0), 77) == 77);
	CHECK(usercopy_str(buf, UPTR(0), sizeof(buf), &done) == -14 &&
	    done == 0);
	CHECK(usercopy_str(buf, UPTR(USER_TOP), 8, &done) == -14);
	CHECK(usercopy_read32(UPTR(0), &word) == -14);
	CHECK(usercopy_cmpxchg32(UPTR(KERNEL_BASE), 0, 1, &word) == -14);
}

SELFTEST(kernel_map_is_known)
{
	CHECK(paging_kernel_mapped((u64)clock_now_ns));
	CHECK(!paging_kernel_mapped(0));
	CHECK(!paging_kernel_mapped(KSTACK_CPU_BASE));	/* a hole */
}
