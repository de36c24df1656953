/* expect: E-RECURSION */
/* A ring through a table of functions. */
#include "tests/bounds/mini.h"

struct ops {
	void	(*go)(u64 n);
};
static const struct ops *current_ops;

static void
go_again(u64 n)
{
	if (n != 0)
		current_ops->go(n - 1);		/* line */
}

static const struct ops ops = { go_again };

CALL(a)
{
	current_ops = &ops;
	current_ops->go(tf->rdi);
	return 0;
}

SYSCALLS = { ROW(a) };
