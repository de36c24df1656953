/* expect: E-STACK-DATA */
/* facts: data.facts */
/* args: --stack gcc=STACK */
/* Something is opaque to the other analyses, and nobody tells its frame. */
#include "tests/bounds/stack/stack.h"

const unsigned stack_bytes = 16384;

static volatile int seen;

void	unseen(void);

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
	unseen();				/* line */
	seen++;
}
