/* expect: E-RECURSION */
/* facts: fine.facts */
/* args: --stack gcc=STACK */
/* A cycle by a pointer: told of the calls, and of the stack. */
#include "tests/bounds/stack/stack.h"

const unsigned stack_bytes = 16384;

struct ops { void (*call)(int n); };
static volatile int seen;
static struct ops ops;

static noinline void
again(int n)					/* line */
{
	volatile char buf[64];

	buf[n & 63] = 1;
	if (n > 0)
		ops.call(n - 1);		/* line */
	seen += buf[0];
}

static struct ops ops = { .call = again };

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
	again(seen);
}
