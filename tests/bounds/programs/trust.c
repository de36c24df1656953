/* expect: W-TRUST */
/* A field that nobody ever fills is called if it is not NULL. */
#include "tests/bounds/mini.h"

struct ops {
	void	(*go)(void);
};
static struct ops ops;

CALL(a)
{
	if (ops.go != NULL)
		ops.go();			/* line */
	return 0;
}

SYSCALLS = { ROW(a) };
