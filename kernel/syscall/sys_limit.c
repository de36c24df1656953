/*
 * System calls about limits and accounts.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/resource.h"
#include "kernel/proc/lifecall.h"
#include "kernel/syscall/syscall.h"
#include "kernel/vm/uaccess.h"

long
sys_prlimit64(int pid, int which, uptr_t new, uptr_t old)
{
	struct lx_rlimit n, o;
	int error;

	if (new.addr != 0 && copy_in_obj(&n, new) != 0)
		return -EFAULT;
	error = proc_set_limit((u32)pid, which, new.addr != 0 ? &n : NULL,
	    &o);
	if (error == 0 && old.addr != 0)
		error = copy_out_obj(old, &o);
	return error;
}

long
sys_getrlimit(int which, uptr_t limit)
{
	return sys_prlimit64(0, which, UPTR(0), limit);
}

long
sys_setrlimit(int which, uptr_t limit)
{
	struct lx_rlimit n, o;

	if (copy_in_obj(&n, limit) != 0)
		return -EFAULT;
	return proc_set_limit(0, which, &n, &o);
}

long
sys_getrusage(int who, uptr_t usage)
{
	struct lx_rusage u;

	if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN &&
	    who != RUSAGE_THREAD)
		return -EINVAL;
	u = proc_usage(who);
	return copy_out_obj(usage, &u);
}
