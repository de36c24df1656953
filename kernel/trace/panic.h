/*
 * The end: registers, a symbolised backtrace of every CPU, the last log lines,
 * on serial line and screen; then halt, or reboot after panic=SECONDS.
 */
#pragma once

#include "kernel/lib/types.h"

struct trapframe;

noreturn void	panic(const char *fmt, ...) printf_like(1, 2);
noreturn void	panic_frame(struct trapframe *tf, const char *fmt, ...)
		printf_like(2, 3);

/* Log the backtrace from frame pointer rbp (0: here). Any context. */
void	backtrace_log(u64 rip, u64 rbp);
/* Backtraces of all CPUs (by NMI) in the log; the system goes on. */
void	backtrace_all_cpus(const char *why);

/* The function that holds addr, and the offset in it; "?" when unknown. */
const char *symbol_of(u64 addr, u64 *offset);

extern bool panic_under_way;

/* Obey panic=SECONDS: reboot so long after a panic; negative: at once. */
void	panic_init(const char *cmdline);

/* For trap_ops: .nmi and .fatal. */
void	panic_nmi(struct trapframe *tf);
void	panic_fatal(struct trapframe *tf, u32 vector, u64 error, u64 addr);

/*
 * Set by higher ranks. panic_reboot resets the machine (drivers/power);
 * panic_thread_name writes who runs on a CPU ("123 sh") without locks
 * (kernel/sched). Both may be NULL.
 */
extern void (*panic_reboot)(void);
extern void (*panic_thread_name)(u32 cpu, char *buf, usize len);
