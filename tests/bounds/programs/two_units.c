/* expect: sys_a frame:3 */
/* with: parts/two_units_b.c */
/* Two translation units with statics and structures of the same names. */
#include "tests/bounds/mini.h"

struct step {
	void	(*go)(void);
};
void	other_run(void);

static void
take(void)
{
	use(frame_get(FRAME_KERNEL));
}

static struct step step = { take };

CALL(a)
{
	step.go();
	other_run();
	return 0;
}

SYSCALLS = { ROW(a) };
