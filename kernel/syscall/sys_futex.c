/*
 * futex(2): the operations, by number.
 */
#include "kernel/abi/futex.h"
#include "kernel/abi/errno.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/task.h"
#include "kernel/sched/timer.h"
#include "kernel/syscall/subject.h"
#include "kernel/syscall/syscall.h"
#include "kernel/syscall/timeval.h"

#define OP_FLAGS	((u32)~FUTEX_CMD_MASK)

/* args: addr, op, val, deadline, bitset. */
static long
wait_again(const u64 *args)
{
	long result = futex_wait(UPTR(args[0]), (u32)args[1], (u32)args[2],
	    args[3], (u32)args[4]);

	return result == -ERESTARTSYS ?
	    restart_set(RESTART_FUTEX, args, 5) : result;
}

/* FUTEX_WAIT's timeout is relative, FUTEX_WAIT_BITSET's a time. */
static int
wait_deadline(int op, uptr_t timeout, u64 *deadline)
{
	u64 ns, offset = 0;
	int error;

	*deadline = CLOCK_NEVER;
	if (timeout.addr == 0)
		return 0;
	error = timespec_in(timeout, &ns);
	if (error != 0)
		return error;
	if ((op & FUTEX_CMD_MASK) == FUTEX_WAIT) {
		*deadline = deadline_after(ns);
		return 0;
	}
	if (op & FUTEX_CLOCK_REALTIME)
		offset = clock_realtime_ns() - clock_now_ns();
	*deadline = ns > offset ? ns - offset : 0;
	return 0;
}

static long
do_wait(uptr_t addr, int op, u32 val, uptr_t timeout, u32 bitset)
{
	u64 args[5] = { addr.addr, (u32)op & OP_FLAGS, val, 0, bitset };
	int error = wait_deadline(op, timeout, &args[3]);
	long result;

	if (error != 0)
		return error;
	result = futex_wait(addr, (u32)args[1], val, args[3], bitset);
	if (result != -ERESTARTSYS || timeout.addr == 0)
		return result;
	return restart_set(RESTART_FUTEX, args, 5);
}

long
sys_futex(uptr_t addr, int op, u32 val, uptr_t timeout, uptr_t addr2,
    u32 val3)
{
	u32 flags = (u32)op & OP_FLAGS;
	u32 val2 = (u32)timeout.addr;	/* the same argument, another use */

	switch (op & FUTEX_CMD_MASK) {
	case FUTEX_WAIT:
		return do_wait(addr, op, val, timeout,
		    FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAIT_BITSET:
		return do_wait(addr, op, val, timeout, val3);
	case FUTEX_WAKE:
		return futex_wake(addr, flags, val, FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return futex_wake(addr, flags, val, val3);
	case FUTEX_REQUEUE:
		if ((s32)val < 0 || (s32)val2 < 0)
			return -EINVAL;
		return futex_requeue(addr, addr2, flags, val, val2, NULL);
	case FUTEX_CMP_REQUEUE:
		if ((s32)val < 0 || (s32)val2 < 0)
			return -EINVAL;
		return futex_requeue(addr, addr2, flags, val, val2, &val3);
	case FUTEX_WAKE_OP:
		return futex_wake_op(addr, addr2, flags, val, val2, val3);
	default:
		return -ENOSYS;
	}
}

void
sys_futex_init(void)
{
	restart_register(RESTART_FUTEX, wait_again);
}
