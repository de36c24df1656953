/*
 * Robust futexes: locks that a dying thread holds are marked OWNER_DIED and one
 * waiter is woken (set_robust_list(2); the kernel-user protocol is described in
 * Linux's Documentation/locking/robust-futexes).
 *
 * The list is the user's: at most ROBUST_LIST_LIMIT entries are followed, and
 * nothing in it is believed.
 */
#include "kernel/abi/futex.h"
#include "kernel/proc/futex.h"
#include "kernel/proc/proc_priv.h"
#include "kernel/vm/uaccess.h"

#define ROBUST_PI	1ul	/* bit 0 of an entry: a PI futex */

static void
robust_owner_died(u64 addr, u32 tid)
{
	u32 old, new, found;

	if (addr & 3 || copy_in_obj(&old, UPTR(addr)) != 0)
		return;
	for (;;) {
		if ((old & FUTEX_TID_MASK) != tid)
			return;
		new = (old & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
		if (usercopy_cmpxchg32(UPTR(addr), old, new, &found) != 0) {
			if (user_fault_in(UPTR(addr), sizeof(u32),
			    USER_WRITE) != 0)
				return;
			continue;
		}
		if (found == old)
			break;
		old = found;
	}
	if (old & FUTEX_WAITERS)
		futex_wake_at(UPTR(addr), 1);
}

void
robust_list_exit(struct task *t)
{
	struct lx_robust_list_head head;
	u64 entry, next, pending;
	u32 n;

	if (t->robust_list.addr == 0 ||
	    copy_in_obj(&head, t->robust_list) != 0)
		return;
	pending = head.list_op_pending & ~ROBUST_PI;
	entry = head.list & ~ROBUST_PI;
	for (n = 0; entry != t->robust_list.addr && n < ROBUST_LIST_LIMIT;
	    n++) {
		if (copy_in_obj(&next, UPTR(entry)) != 0)
			break;
		if (entry != pending)
			robust_owner_died(entry + (u64)head.futex_offset,
			    t->thread.tid);
		entry = next & ~ROBUST_PI;
	}
	if (pending != 0)
		robust_owner_died(pending + (u64)head.futex_offset,
		    t->thread.tid);
}
