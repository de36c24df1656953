/*
 * What the files of system calls have to set up at boot.
 */
#pragma once

void	sys_time_init(void);
void	sys_futex_init(void);
