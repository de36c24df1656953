/*
 * Exceptions of user mode become signals.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/signal.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/trace/log.h"
#include "kernel/vm/aspace.h"
#include "kernel/x86/clock.h"
#include "kernel/x86/trap.h"

#define NS_PER_SEC		1000000000ul
#define LOG_LINES_PER_SEC	4

/* Intel SDM 3A table 6-1; codes as Linux gives them. */
static const struct {
	u8	sig, code;
	bool	has_addr;		/* si_addr is rip */
} trap_signals[32] = {
	[0] = { SIGFPE, FPE_INTDIV, true },
	[1] = { SIGTRAP, TRAP_TRACE, true },
	[3] = { SIGTRAP, SI_KERNEL, false },
	[4] = { SIGSEGV, SI_KERNEL, false },
	[5] = { SIGSEGV, SI_KERNEL, false },
	[6] = { SIGILL, ILL_ILLOPN, true },
	[7] = { SIGSEGV, SI_KERNEL, false },
	[9] = { SIGFPE, SI_KERNEL, false },
	[10] = { SIGSEGV, SI_KERNEL, false },
	[11] = { SIGBUS, SI_KERNEL, false },
	[12] = { SIGBUS, SI_KERNEL, false },
	[13] = { SIGSEGV, SI_KERNEL, false },
	[16] = { SIGFPE, FPE_FLTINV, true },
	[17] = { SIGBUS, BUS_ADRALN, true },
	[19] = { SIGFPE, FPE_FLTINV, true },
};

/* Say in the log who is about to die of a fault; only so many in a second. */
static void
fault_log(const struct trapframe *tf, int sig, u64 addr, u64 error)
{
	static u64 second, lines;
	u64 now = clock_now_ns() / NS_PER_SEC;

	if (current_proc()->sighand->act[sig - 1].handler != LX_SIG_DFL)
		return;
	if (now != second) {
		second = now;
		lines = 0;
	}
	if (lines++ < LOG_LINES_PER_SEC)
		kinfo("%s[%u]: signal %d, at 0x%lx ip 0x%lx sp 0x%lx "
		    "vector %lu error %lu", current->name, current->tid, sig,
		    addr, tf->rip, tf->rsp, tf->vector_error >> 32, error);
}

static void
user_trap(struct trapframe *tf, u32 vector, u64 error)
{
	int sig = SIGSEGV, code = SI_KERNEL;
	u64 addr = 0;

	if (vector < 32 && trap_signals[vector].sig != 0) {
		sig = trap_signals[vector].sig;
		code = trap_signals[vector].code;
		addr = trap_signals[vector].has_addr ? tf->rip : 0;
	}
	fault_log(tf, sig, addr, error);
	signal_force(sig, code, addr);
}

static void
fault_signal(u64 addr, int error)
{
	if (error == -EACCES)
		signal_force(SIGSEGV, SEGV_ACCERR, addr);
	else if (error == -ENXIO)
		signal_force(SIGBUS, BUS_ADRERR, addr);
	else
		signal_force(SIGSEGV, SEGV_MAPERR, addr);
}

static void
user_fault(struct trapframe *tf, u64 addr, u64 error)
{
	int result = vm_user_fault(tf, addr, error);

	current_task()->minflt++;
	/* -EINTR: killed meanwhile; the return to user mode ends it. */
	if (unlikely(result != 0 && result != -EINTR)) {
		fault_log(tf, SIGSEGV, addr, error);
		fault_signal(addr, result);
	}
}

void
fault_init(void)
{
	trap_ops.user_fault = user_fault;
	trap_ops.user_trap = user_trap;
}
