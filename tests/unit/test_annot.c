/*
 * Stated loops as a debug kernel runs them: as many turns as they state and
 * not one more, with break and continue as in any loop.
 */
#define HARDTACK_DEBUG
#include "tests/unit/unit.h"

#include <setjmp.h>

#include "kernel/lib/annot.h"

static jmp_buf breach;
static u64 breached_bound;

void
bound_breached(const char *file, int line, u64 bound)
{
	(void)file;
	(void)line;
	breached_bound = bound;
	longjmp(breach, 1);
}

/* Turns taken before the loop ended, or was stopped: *stopped. */
static int
turns_of_for(int n, bool *stopped)
{
	volatile int turns = 0;

	*stopped = setjmp(breach) != 0;
	if (!*stopped) {
		for_bound(4, int i = 0; i < n; i++)
			turns++;
	}
	return turns;
}

static int
turns_of_while(int n, bool *stopped)
{
	volatile int turns = 0, left = n;

	*stopped = setjmp(breach) != 0;
	if (!*stopped) {
		while_bound(4, left > 0) {
			left--;
			turns++;
		}
	}
	return turns;
}

static void
test_counted(void)
{
	bool stopped;

	for (int n = 0; n <= 4; n++) {
		CHECK_EQ(turns_of_for(n, &stopped), n);
		CHECK(!stopped);
		CHECK_EQ(turns_of_while(n, &stopped), n);
		CHECK(!stopped);
	}
}

static void
test_one_too_many(void)
{
	bool stopped;

	CHECK_EQ(turns_of_for(5, &stopped), 4);
	CHECK(stopped && breached_bound == 4);
	breached_bound = 0;
	CHECK_EQ(turns_of_while(100, &stopped), 4);
	CHECK(stopped && breached_bound == 4);
}

static void
test_leaves_as_any_loop(void)
{
	int turns = 0, odd = 0;

	for_bound(3, int i = 0; i < 100; i++) {
		turns++;
		if (i == 2)
			break;
	}
	CHECK_EQ(turns, 3);
	for_bound(10, int i = 0; i < 10; i++) {
		if (i % 2 == 0)
			continue;
		odd++;
	}
	CHECK_EQ(odd, 5);
}

UNIT_MAIN("annot",
	{ "counted", test_counted },
	{ "one_too_many", test_one_too_many },
	{ "leaves_as_any_loop", test_leaves_as_any_loop },
)
