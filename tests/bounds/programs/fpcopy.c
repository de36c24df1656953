/* expect: E-FPCOPY */
/* A copy of bytes carries a function pointer into another structure. */
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

static struct alpha alpha = { 1, run };
static struct beta beta = { 2, idle };

CALL(a)
{
	memcpy(&beta, &alpha, sizeof(beta));	/* line */
	beta.step(1);
	return 0;
}

SYSCALLS = { ROW(a) };
