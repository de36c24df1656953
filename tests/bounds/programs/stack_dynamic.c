/* expect: E-STACK-DYNAMIC */
/* facts: ../mini.facts facts/stack_fits.facts */
/* args: --stack release=STACK */
/* An array as long as the user says. */
#include "tests/bounds/mini.h"

CALL(a)					/* line */
{
	volatile char big[tf->rdi];

	big[0] = 0;
	use((const void *)big);
	return 0;
}

SYSCALLS = { ROW(a) };
