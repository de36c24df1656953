/* expect: E-STRUCTCAST */
/* One structure with a function pointer is looked at as another. */
#include "tests/bounds/mini.h"

struct alpha {
	u64	pad;
	void	(*run)(u64 n);
};
struct beta {
	u64	other;
	void	(*step)(u64 n);
};

static void
run(u64 n)
{
	use(frame_get(FRAME_KERNEL));
}

static void
idle(u64 n)
{
}

struct alpha alpha = { 1, run };
struct beta beta = { 2, idle };

CALL(a)
{
	struct beta *b = rnd() ? &beta : (struct beta *)&alpha;	/* line */

	b->step(1);
	return 0;
}

SYSCALLS = { ROW(a) };
