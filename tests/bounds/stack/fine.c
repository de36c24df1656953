/* expect: */
/* facts: fine.facts */
/* args: --stack gcc=STACK */
/*
 * Deep enough for what there is: a call by pointer, one that gcc makes a clone
 * of, and one that does not return and would be too deep.
 */
#include "tests/bounds/stack/stack.h"

const unsigned stack_bytes = 1024;

struct ops { void (*call)(int n); };
static volatile int seen;

static noinline void
leaf(int n)
{
	volatile char buf[200];

	buf[n & 63] = 1;
	seen += buf[0];
}

static struct ops ops = { .call = leaf };

static once void
sometimes(int n, int unused)
{
	(void)unused;
	ops.call(n);
}

void
stop(void)
{
	volatile char buf[900];

	for (;;)
		buf[0] = 1;
}

void
handler(void)
{
	seen++;
}

void
enter(void)
{
	if (seen == 3)
		stop();
	sometimes(seen, 1);
}
