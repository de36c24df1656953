/* expect: sys_a - */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* Two locks of a kind, or one when they are the same. */
#include "tests/bounds/context/context.h"

struct bucket {
	struct spinlock	lock;
	u32		n;
};
static struct bucket bucket[16];

static void
lock_both(struct bucket *a, struct bucket *b)
{
	if (a == b) {
		spin_lock(&a->lock);
	} else {
		spin_lock(a < b ? &a->lock : &b->lock);
		spin_lock(a < b ? &b->lock : &a->lock);
	}
}

static void
unlock_both(struct bucket *a, struct bucket *b)
{
	spin_unlock(&a->lock);
	if (b != a)
		spin_unlock(&b->lock);
}

CALL(a)
{
	struct bucket *from, *to;

	for (;;) {
		from = &bucket[tf->rdi & 15];
		to = &bucket[tf->rsi & 15];
		lock_both(from, to);
		if (from->n != 0)
			break;
		unlock_both(from, to);
		sleep_short();
	}
	unlock_both(from, to);
	sleep_short();
	return 0;
}

SYSCALLS = { ROW(a) };
