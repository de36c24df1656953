/* expect: */
/* facts: fine.facts */
/* args: --stack gcc=STACK */
/*
 * Two functions come to one call by a pointer, which is inlined: where gcc sees
 * which of them it is, it inlines that, too, and has no such function any more.
 * By its place in the source the other call still leads to both.
 */
#include "tests/bounds/stack/stack.h"

const unsigned stack_bytes = 1024;

struct ops { void (*call)(int n); };
static volatile int seen;

static inline void
apply(void (*fn)(int n), int n)
{
	seen++;
	fn(n);
}

static void
one(int n)
{
	seen += n;
}

static void
two(int n)
{
	seen -= n;
}

struct ops ops = { .call = two };

void
stop(void)
{
	for (;;)
		seen = 1;
}

void
handler(void)
{
	seen = 2;
}

void
enter(void)
{
	apply(one, 2);
	apply(ops.call, 3);
}
