/*
 * strace: the log of system calls, for threads with WORK_TRACE.
 */
#pragma once

#include "kernel/lib/types.h"

struct trapframe;

/* How one call prints: a "type name" for each argument. */
struct strace_row {
	const char	*name;
	u8		nargs;
	const char	*arg[6];
};
extern const struct strace_row strace_rows[];
extern const u32 strace_nrows;

void	strace_enter(const struct trapframe *tf);
void	strace_exit(const struct trapframe *tf, long result);
