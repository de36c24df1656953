/*
 * Only for kernel/x86.
 */
#pragma once

void	clock_mark_start(void);		/* now is time 0 */
void	clock_init_cpu(void);		/* its timer, after clock_init() */
