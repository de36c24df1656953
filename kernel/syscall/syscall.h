/*
 * System calls: the prototypes, made from the one table.
 */
#pragma once

#include "kernel/lib/types.h"

/* Set trap_ops.syscall; the command line may say "strace". Boot. */
void	syscall_init(const char *cmdline);

#define SYS0(nr, name) \
	long	sys_##name(void);
#define SYS1(nr, name, t1, a1) \
	long	sys_##name(t1 a1);
#define SYS2(nr, name, t1, a1, t2, a2) \
	long	sys_##name(t1 a1, t2 a2);
#define SYS3(nr, name, t1, a1, t2, a2, t3, a3) \
	long	sys_##name(t1 a1, t2 a2, t3 a3);
#define SYS4(nr, name, t1, a1, t2, a2, t3, a3, t4, a4) \
	long	sys_##name(t1 a1, t2 a2, t3 a3, t4 a4);
#define SYS5(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5) \
	long	sys_##name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5);
#define SYS6(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6) \
	long	sys_##name(t1 a1, t2 a2, t3 a3, t4 a4, t5 a5, t6 a6);
#include "kernel/syscall/syscalls.def"
