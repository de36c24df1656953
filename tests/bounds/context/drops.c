/* expect: E-SLEEP-ATOMIC */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* A wait that lets its lock go: no sleep under that one, but under others. */
#include "tests/bounds/context/context.h"

struct pipe {
	struct spinlock	lock;
	struct cond	cond;
	u32		full;
};
static struct spinlock other;

static void
pipe_wait(struct pipe *p)
{
	while (p->full)
		cond_wait(&p->cond, &p->lock);
}

CALL(a)
{
	static struct pipe pipe;
	struct pipe *p = &pipe;

	spin_lock(&p->lock);
	pipe_wait(p);
	spin_unlock(&p->lock);
	spin_lock(&other);
	spin_lock(&p->lock);
	pipe_wait(p);				/* line */
	spin_unlock(&p->lock);
	spin_unlock(&other);
	return 0;
}

SYSCALLS = { ROW(a) };
