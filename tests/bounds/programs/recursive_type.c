/* expect: sys_a frame:2 */
/* A structure whose function field takes a pointer to it: clang writes such
 * fields as an opaque type. */
#include "tests/bounds/mini.h"

struct node {
	struct node *next;
	void	(*visit)(struct node *n, void (*then)(struct node *n));
};

static void
then(struct node *n)
{
	use(frame_get(FRAME_KERNEL));
}

static void
visit(struct node *n, void (*next)(struct node *n))
{
	use(frame_get(FRAME_KERNEL));
	next(n);
}

static struct node node = { NULL, visit };

CALL(a)
{
	node.visit(&node, then);
	return 0;
}

SYSCALLS = { ROW(a) };
