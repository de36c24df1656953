/*
 * poll(2), select(2) and their forms with a signal mask.
 */
#include "kernel/abi/errno.h"
#include "kernel/abi/poll.h"
#include "kernel/file/poll.h"
#include "kernel/proc/task.h"
#include "kernel/syscall/syscall.h"
#include "kernel/syscall/timeval.h"

#define NS_PER_MS	1000000ul

/* When a wait of ns ends; 0 is now. */
static u64
deadline_in(u64 ns)
{
	return ns == 0 ? 0 : deadline_after(ns);
}

long
sys_poll(uptr_t fds, u32 nfds, int timeout_ms)
{
	return poll_wait_fds(fds, nfds, timeout_ms < 0 ? CLOCK_NEVER :
	    deadline_in((u64)timeout_ms * NS_PER_MS));
}

/* What is left goes back to the program, as Linux's select does. */
static void
time_left_out(uptr_t to, u64 deadline, bool timeval)
{
	u64 now = clock_now_ns();
	u64 left = deadline > now ? deadline - now : 0;
	struct lx_timespec ts = ns_to_timespec(left);
	struct lx_timeval tv = { ts.tv_sec, ts.tv_nsec / (s64)NS_PER_US };

	if (to.addr == 0)
		return;
	/* A place that cannot be written is no reason to fail. */
	if (timeval)
		(void)copy_out_obj(to, &tv);
	else
		(void)copy_out_obj(to, &ts);
}

long
sys_ppoll(uptr_t fds, u32 nfds, uptr_t timeout, uptr_t mask, usize mask_bytes)
{
	u64 ns, deadline = CLOCK_NEVER;
	long rc;

	if (timeout.addr != 0) {
		rc = timespec_in(timeout, &ns);
		if (rc != 0)
			return rc;
		deadline = deadline_in(ns);
	}
	rc = signal_temp_mask(mask, mask_bytes);
	if (rc != 0)
		return rc;
	rc = poll_wait_fds(fds, nfds, deadline);
	if (timeout.addr != 0)
		time_left_out(timeout, deadline, false);
	return rc;
}

long
sys_select(int n, uptr_t in, uptr_t out, uptr_t except, uptr_t timeout)
{
	u64 ns, deadline = CLOCK_NEVER;
	struct lx_timeval tv;
	long rc;

	if (n < 0)
		return -EINVAL;
	if (timeout.addr != 0) {
		if (copy_in_obj(&tv, timeout) != 0)
			return -EFAULT;
		rc = timeval_to_ns(&tv, &ns);
		if (rc != 0)
			return rc;
		deadline = deadline_in(ns);
	}
	rc = poll_wait_sets(n, in, out, except, deadline);
	if (timeout.addr != 0)
		time_left_out(timeout, deadline, true);
	return rc;
}

long
sys_pselect6(int n, uptr_t in, uptr_t out, uptr_t except, uptr_t timeout,
    uptr_t pack)
{
	struct lx_sigset_argpack sig = { 0, 0 };
	u64 ns, deadline = CLOCK_NEVER;
	long rc;

	if (n < 0)
		return -EINVAL;
	if (timeout.addr != 0) {
		rc = timespec_in(timeout, &ns);
		if (rc != 0)
			return rc;
		deadline = deadline_in(ns);
	}
	if (pack.addr != 0 && copy_in_obj(&sig, pack) != 0)
		return -EFAULT;
	rc = signal_temp_mask(UPTR(sig.sigset), sig.size);
	if (rc != 0)
		return rc;
	rc = poll_wait_sets(n, in, out, except, deadline);
	if (timeout.addr != 0)
		time_left_out(timeout, deadline, false);
	return rc;
}
