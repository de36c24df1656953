/*
 * Only for kernel/x86.
 */
#pragma once

void	fpu_init(void);			/* boot CPU: choose the format */
void	fpu_init_cpu(void);		/* every CPU: CR0, CR4, XCR0 */
