/* expect: E-FACT */
/* facts: limit.facts */
/* args: --stack gcc=STACK */
/* The stack's size is no constant. */
#include "tests/bounds/stack/stack.h"

static volatile int seen;
unsigned stack_bytes = 16384;

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
	seen++;
}
