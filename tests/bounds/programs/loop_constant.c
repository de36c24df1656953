/* expect: sys_up frame:16; sys_down frame:8; sys_step frame:6;
 *	sys_table frame:10; sys_do frame:7; sys_both frame:4 */
/* Turns that the analyzer derives, in the forms that kernels write. */
#include "tests/bounds/mini.h"

static const u32 table[10];

CALL(up)
{
	for (int i = 0; i < 16; i++)
		use(frame_get(FRAME_KERNEL));
	return 0;
}

CALL(down)
{
	int n = 8;

	while (n-- > 0)
		use(frame_get(FRAME_KERNEL));
	return 0;
}

CALL(step)
{
	for (u32 shift = 12; shift < 64; shift += 9)
		use(frame_get(FRAME_KERNEL));
	return 0;
}

CALL(table)
{
	for (u32 i = 0; i < ARRAY_SIZE(table); i++) {
		if (table[i] != tf->rdi)
			continue;
		use(frame_get(FRAME_KERNEL));
	}
	return 0;
}

CALL(do)
{
	int i = 0;

	do {
		use(frame_get(FRAME_KERNEL));
	} while (++i < 7);
	return 0;
}

CALL(both)
{
	for (u32 i = 0; i < 4 && !(tf->rdi & (1u << i)); i++)
		use(frame_get(FRAME_KERNEL));
	return 0;
}

SYSCALLS = {
	ROW(up), ROW(down), ROW(step), ROW(table), ROW(do), ROW(both),
};
