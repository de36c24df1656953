/* expect: E-RECURSION */
/* A function that calls itself. */
#include "tests/bounds/mini.h"

struct node { struct node *left, *right; };
static struct node root;

static void
walk(struct node *n)
{
	if (n == NULL)
		return;
	walk(n->left);				/* line */
	use(frame_get(FRAME_KERNEL));
}

CALL(a)
{
	walk(&root);
	return 0;
}

SYSCALLS = { ROW(a) };
