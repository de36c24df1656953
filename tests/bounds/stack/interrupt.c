/* expect: E-STACK */
/* facts: enter.facts */
/* args: --stack gcc=STACK */
/* Neither the call nor the interrupt is too deep, but one on the other is. */
#include "tests/bounds/stack/stack.h"

const unsigned stack_bytes = 1024;

static volatile int seen;

static noinline void
fill(int n)
{
	volatile char buf[400];

	buf[n & 63] = 1;
	seen += buf[0];
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
	fill(seen);
}

void
enter(void)
{
	fill(seen);
}
