/* The second unit of ../two_units.c. */
#include "tests/bounds/mini.h"

struct step {
	u64	id;
	void	(*go)(u64 id);
};
void	other_run(void);

static void
take(u64 id)
{
	use(frame_get(FRAME_KERNEL));
	use(frame_get(FRAME_KERNEL));
}

static struct step step = { 1, take };

void
other_run(void)
{
	step.go(step.id);
}
