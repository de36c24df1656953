/* expect: E-STACK-DATA */
/* facts: ../mini.facts facts/stack_fits.facts */
/* with: parts/stack_data_b.c */
/* args: --stack release=STACK */
/* no-data: parts/stack_data_b.c */
/* A function of a unit for which the compiler has told no frames. */
#include "tests/bounds/mini.h"

void	other_unit(void);

CALL(a)
{
	other_unit();				/* line */
	return 0;
}

SYSCALLS = { ROW(a) };
