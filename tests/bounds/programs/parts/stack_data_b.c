/* The second unit of ../stack_data.c. */
#include "tests/bounds/mini.h"			/* whole file */

void	other_unit(void);

void
other_unit(void)
{
	use(NULL);
}
