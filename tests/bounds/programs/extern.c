/* expect: E-EXTERN */
/* Neither source nor fact. */
#include "tests/bounds/mini.h"

void	nobody_knows(void);

CALL(a)
{
	nobody_knows();				/* line */
	return 0;
}

SYSCALLS = { ROW(a) };
