/* expect: E-ICALL E-FPCAST */
/* Where the pointer came from cannot be told: out of a number. */
#include "tests/bounds/mini.h"

typedef void (*hook_t)(void);

CALL(a)
{
	hook_t hook = (hook_t)tf->rdi;		/* line E-FPCAST */

	hook();					/* line E-ICALL */
	return 0;
}

SYSCALLS = { ROW(a) };
