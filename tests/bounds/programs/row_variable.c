/* expect: E-ROW */
/* Which row it is, the pointer alone knows. */
#include "tests/bounds/mini.h"

BOUND_ROW(one);
BOUND_ROW(two);
static struct bound *rows[] = { &bound_one, &bound_two };

CALL(a)
{
	if (reserve_row(rows[tf->rdi & 1]) != 0)	/* line */
		return -4;
	return 0;
}

SYSCALLS = { ROW(a) };
