/*
 * System calls about signals: thin; the work is in kernel/proc.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/signal.h"
#include "kernel/proc/restart.h"
#include "kernel/proc/sigcall.h"
#include "kernel/syscall/syscall.h"
#include "kernel/syscall/timeval.h"
#include "kernel/vm/uaccess.h"
#include "kernel/x86/trap.h"

long
sys_rt_sigaction(int sig, uptr_t new, uptr_t old, usize setlen)
{
	struct lx_sigaction n, o;
	int error;

	if (setlen != LX_SIGSET_BYTES)
		return -EINVAL;
	if (new.addr != 0 && copy_in_obj(&n, new) != 0)
		return -EFAULT;
	error = signal_action(sig, new.addr != 0 ? &n : NULL,
	    old.addr != 0 ? &o : NULL);
	if (error == 0 && old.addr != 0)
		error = copy_out_obj(old, &o);
	return error;
}

long
sys_rt_sigprocmask(int how, uptr_t new, uptr_t old, usize setlen)
{
	u64 was = signal_mask(), set;

	if (setlen != LX_SIGSET_BYTES)
		return -EINVAL;
	if (new.addr != 0) {
		if (copy_in_obj(&set, new) != 0)
			return -EFAULT;
		if (how == SIG_BLOCK)
			set |= was;
		else if (how == SIG_UNBLOCK)
			set = was & ~set;
		else if (how != SIG_SETMASK)
			return -EINVAL;
		signal_change_mask(set);
	}
	return old.addr != 0 ? copy_out_obj(old, &was) : 0;
}

long
sys_rt_sigreturn(void)
{
	return signal_return(trap_user_frame());
}

long
sys_rt_sigpending(uptr_t set, usize setlen)
{
	u64 pending = signal_pending();

	if (setlen > LX_SIGSET_BYTES)
		return -EINVAL;
	return copy_out(set, &pending, setlen);
}

long
sys_rt_sigtimedwait(uptr_t set, uptr_t info, uptr_t timeout, usize setlen)
{
	u64 mask, deadline = CLOCK_NEVER, ns;
	struct lx_siginfo si;
	int sig;

	if (setlen != LX_SIGSET_BYTES)
		return -EINVAL;
	if (copy_in_obj(&mask, set) != 0)
		return -EFAULT;
	if (timeout.addr != 0) {
		int error = timespec_in(timeout, &ns);

		if (error != 0)
			return error;
		deadline = deadline_after(ns);
	}
	sig = signal_wait(mask, deadline, &si);
	if (sig > 0 && info.addr != 0 && copy_out_obj(info, &si) != 0)
		return -EFAULT;
	return sig;
}

/* Only the kernel says who it is; sigqueue(3) may not pretend to be it. */
static int
queue_info(uptr_t from, int sig, bool to_self, struct lx_siginfo *si)
{
	if (copy_in_obj(si, from) != 0)
		return -EFAULT;
	if ((si->si_code >= 0 || si->si_code == SI_TKILL) && !to_self)
		return -EPERM;
	si->si_signo = sig;
	return 0;
}

long
sys_rt_sigqueueinfo(int pid, int sig, uptr_t info)
{
	struct lx_siginfo si;
	int error;

	if (pid <= 0)
		return pid == 0 ? -ESRCH : -EINVAL;
	error = queue_info(info, sig, (u32)pid == current_proc()->pid, &si);
	return error != 0 ? error : signal_queue_info((u32)pid, &si);
}

long
sys_rt_tgsigqueueinfo(int tgid, int tid, int sig, uptr_t info)
{
	struct lx_siginfo si;
	int error;

	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	error = queue_info(info, sig, (u32)tgid == current_proc()->pid, &si);
	return error != 0 ? error :
	    signal_queue_task_info((u32)tgid, (u32)tid, &si);
}

long
sys_rt_sigsuspend(uptr_t set, usize setlen)
{
	int error;

	if (setlen != LX_SIGSET_BYTES)
		return -EINVAL;
	if (set.addr == 0)
		return -EFAULT;
	error = signal_temp_mask(set, setlen);
	return error != 0 ? error : signal_pause();
}

long
sys_pause(void)
{
	return signal_pause();
}

long
sys_sigaltstack(uptr_t new, uptr_t old)
{
	u64 sp = trap_user_frame()->rsp;
	struct lx_stack n, o;
	int error;

	if (new.addr != 0 && copy_in_obj(&n, new) != 0)
		return -EFAULT;
	error = signal_altstack(sp, new.addr != 0 ? &n : NULL, &o);
	if (error == 0 && old.addr != 0)
		error = copy_out_obj(old, &o);
	return error;
}

long
sys_kill(int pid, int sig)
{
	return signal_kill(pid, sig);
}

long
sys_tkill(int tid, int sig)
{
	return tid > 0 ? signal_kill_task(0, (u32)tid, sig) : -EINVAL;
}

long
sys_tgkill(int tgid, int tid, int sig)
{
	return tgid > 0 && tid > 0 ?
	    signal_kill_task((u32)tgid, (u32)tid, sig) : -EINVAL;
}

long
sys_restart_syscall(void)
{
	return restart_go();
}
