/*
 * The call restart_syscall(2).
 */
#pragma once

long	restart_go(void);
