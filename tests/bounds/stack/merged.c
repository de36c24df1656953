/* expect: E-STACK */
/* facts: enter.facts */
/* args: --stack gcc=STACK */
/*
 * Two functions whose code is the same: gcc keeps one of them, and the other,
 * which is called by a pointer, becomes a jump to it.
 */
#include "tests/bounds/stack/stack.h"

const unsigned stack_bytes = 1024;

struct first { void (*call)(int n); };
struct second { void (*call)(int n); };
static volatile int seen;

static void
one(int n)
{
	volatile char buf[800];

	buf[n & 63] = 1;
	seen += buf[0];
}

static void
other(int n)
{
	volatile char buf[800];

	buf[n & 63] = 1;
	seen += buf[0];
}

struct first first = { .call = one };
struct second second = { .call = other };

void
stop(void)
{
	for (;;)
		first.call(seen);
}

void
handler(void)
{
	seen++;
}

void
enter(void)
{
	second.call(seen);
}
