/*
 * From the entry code to the handler of a system call.
 *
 * Each row of syscalls.def becomes a small function that takes the arguments
 * out of the trap frame with their types, and an entry of the table: that
 * function, and the bound that is reserved before it runs, holding nothing. A
 * handler whose bound depends on the file finds it itself; either way what is
 * left is given back here.
 */
#include "kernel/abi/errno.h"
#include "kernel/lib/parse.h"
#include "kernel/proc/task.h"
#include "kernel/syscall/strace.h"
#include "kernel/syscall/subject.h"
#include "kernel/syscall/syscall.h"
#include "kernel/trace/counter.h"
#include "kernel/trace/log.h"
#include "kernel/vm/reserve.h"
#include "kernel/x86/trap.h"

#define NSYSCALLS	512

struct syscall {
	long	(*call)(const struct trapframe *tf);	/* NULL: -ENOSYS */
	struct bound *row;
};

/* The value of an argument, read with its type (little-endian). */
#define ARG(type, reg)	(*(const type *)&tf->reg)

#define CALL(name, ...) \
static long \
call_##name(const struct trapframe *tf) \
{ \
	(void)tf; \
	return sys_##name(__VA_ARGS__); \
}
#define SYS0(nr, name) CALL(name)
#define SYS1(nr, name, t1, a1) CALL(name, ARG(t1, rdi))
#define SYS2(nr, name, t1, a1, t2, a2) \
	CALL(name, ARG(t1, rdi), ARG(t2, rsi))
#define SYS3(nr, name, t1, a1, t2, a2, t3, a3) \
	CALL(name, ARG(t1, rdi), ARG(t2, rsi), ARG(t3, rdx))
#define SYS4(nr, name, t1, a1, t2, a2, t3, a3, t4, a4) \
	CALL(name, ARG(t1, rdi), ARG(t2, rsi), ARG(t3, rdx), ARG(t4, r10))
#define SYS5(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5) \
	CALL(name, ARG(t1, rdi), ARG(t2, rsi), ARG(t3, rdx), ARG(t4, r10), \
	    ARG(t5, r8))
#define SYS6(nr, name, t1, a1, t2, a2, t3, a3, t4, a4, t5, a5, t6, a6) \
	CALL(name, ARG(t1, rdi), ARG(t2, rsi), ARG(t3, rdx), ARG(t4, r10), \
	    ARG(t5, r8), ARG(t6, r9))
#include "kernel/syscall/syscalls.def"

#define SYS0(nr, name, ...) static BOUND_ROW(sys_##name);
#define SYS1(nr, name, ...) static BOUND_ROW(sys_##name);
#define SYS2(nr, name, ...) static BOUND_ROW(sys_##name);
#define SYS3(nr, name, ...) static BOUND_ROW(sys_##name);
#define SYS4(nr, name, ...) static BOUND_ROW(sys_##name);
#define SYS5(nr, name, ...) static BOUND_ROW(sys_##name);
#define SYS6(nr, name, ...) static BOUND_ROW(sys_##name);
#include "kernel/syscall/syscalls.def"

#define ROW(nr, name)	[nr] = { call_##name, &bound_sys_##name },
#define SYS0(nr, name, ...) ROW(nr, name)
#define SYS1(nr, name, ...) ROW(nr, name)
#define SYS2(nr, name, ...) ROW(nr, name)
#define SYS3(nr, name, ...) ROW(nr, name)
#define SYS4(nr, name, ...) ROW(nr, name)
#define SYS5(nr, name, ...) ROW(nr, name)
#define SYS6(nr, name, ...) ROW(nr, name)
static const struct syscall syscalls[NSYSCALLS] = {
#include "kernel/syscall/syscalls.def"
};

static noinline long
syscall_traced(struct trapframe *tf, const struct syscall *s)
{
	long result;

	strace_enter(tf);
	result = s->call(tf);
	strace_exit(tf, result);
	return result;
}

static void
syscall_dispatch(struct trapframe *tf)
{
	const struct syscall *s = &syscalls[tf->orig_rax];
	struct thread *me = current;

	counter_inc(syscalls);
	if (unlikely(tf->orig_rax >= NSYSCALLS || s->call == NULL)) {
		tf->rax = (u64)-ENOSYS;
		return;
	}
	if (unlikely(reserve_first(me, s->row) != 0)) {
		tf->rax = (u64)-EINTR;
		return;
	}
	if (likely(!(me->x86.work & WORK_TRACE)))
		tf->rax = (u64)s->call(tf);
	else
		tf->rax = (u64)syscall_traced(tf, s);
	/* No -ERESTART* leaves the kernel: delivery turns it into something. */
	if (unlikely(tf->rax + ERESTART_BLOCK <= ERESTART_BLOCK - ERESTARTSYS))
		thread_set_work(me, WORK_SIGNAL);
	reserve_end();
}

void
syscall_init(const char *cmdline)
{
	proc_trace_init = cmdline_has(cmdline, "strace");
	sys_time_init();
	sys_futex_init();
	trap_ops.syscall = syscall_dispatch;
}
