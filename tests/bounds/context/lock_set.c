/* expect: E-SLEEP-ATOMIC */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* A loop takes a set of locks, another gives it back; a sleep is between. */
#include "tests/bounds/context/context.h"

struct inode {
	struct spinlock	lock;
};
struct set {
	u32		n;
	struct inode	*inode[4];
};

static void
set_lock(const struct set *s)
{
	for (u32 i = 0; i < s->n; i++)
		spin_lock(&s->inode[i]->lock);
}

static void
set_unlock(const struct set *s)
{
	for (u32 i = s->n; i-- > 0; )
		spin_unlock(&s->inode[i]->lock);
}

CALL(a)
{
	struct set s = { 0 };

	use(&s);
	set_lock(&s);
	sleep_short();				/* line */
	set_unlock(&s);
	sleep_short();
	return 0;
}

SYSCALLS = { ROW(a) };
