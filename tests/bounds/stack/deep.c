/* expect: E-STACK */
/* facts: enter.facts */
/* args: --stack gcc=STACK */
/* Too deep only by what a pointer calls, behind an inlined function. */
#include "tests/bounds/stack/stack.h"

const unsigned stack_bytes = 1024;

struct ops { void (*call)(int n); };
static volatile int seen;

static noinline void
leaf(int n)
{
	volatile char buf[900];

	buf[n & 63] = 1;
	seen += buf[0];
}

struct ops ops = { .call = leaf };

static inline void
inlined(int n)
{
	ops.call(n);
}

void
stop(void)
{
	for (;;)
		seen = 1;
}

void
handler(void)
{
	seen++;
}

void
enter(void)
{
	inlined(seen);
}
