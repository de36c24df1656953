/* expect: E-STACK */
/* facts: fault.facts */
/* args: --stack gcc=STACK */
/* A handler that may fault: two trap frames on top. */
#include "tests/bounds/stack/stack.h"

const unsigned stack_bytes = 16384;

static volatile int seen;

void	copy(void);

void
stop(void)
{
	for (;;)
		seen = 1;
}

void
handler(void)
{
	copy();					/* line */
	seen++;
}

void
enter(void)
{
	seen = 0;
	copy();
}
