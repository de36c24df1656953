/* expect: E-LOCK-BALANCE */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* Takes one lock and releases another. */
#include "tests/bounds/context/context.h"

struct queue {
	struct spinlock	head, tail;
};
static struct queue queue;

CALL(a)
{
	struct queue *q = &queue;

	spin_lock(&q->head);			/* line */
	use(q);
	spin_unlock(&q->tail);
	return 0;
}

SYSCALLS = { ROW(a) };
