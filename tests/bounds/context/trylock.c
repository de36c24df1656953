/* expect: sys_a - */
/* facts: ../mini.facts context.facts */
/* with: parts/primitives.c */
/* The result of a try decides, also through variables and loops. */
#include "tests/bounds/context/context.h"

static struct spinlock lock;

CALL(a)
{
	bool locked = spin_trylock(&lock);

	for (u32 i = 0; !locked && i < 100; i++) {
		if (tf->rdi && i > 10)
			break;
		locked = spin_trylock(&lock);
	}
	use(&lock);
	if (locked)
		spin_unlock(&lock);
	sleep_short();
	return 0;
}

SYSCALLS = { ROW(a) };
