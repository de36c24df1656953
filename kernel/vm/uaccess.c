/*
 * Copies to and from user space that fault pages in.
 *
 * The raw copy stops at a page that is not there. The fault-in is a renewal
 * point: the caller's charge is dropped, each page is resolved under the charge
 * of a fault, and the caller's bound is reserved again. Then the copy goes on.
 */
#include "kernel/vm/reserve.h"
#include "kernel/vm/uaccess.h"
#include "kernel/vm/vm_priv.h"
#include "kernel/x86/trap.h"

#define FAULT_IN_PAGES	16

int
user_fault_in(uptr_t addr, usize len, enum user_access how)
{
	u32 error = PF_USER | (how == USER_WRITE ? PF_WRITE : 0);
	u64 at = PAGE_DOWN(addr.addr), end;
	struct renewal r;
	int rc = 0;

	if (!user_range_ok(addr, len) || !current->aspace)
		return -EFAULT;
	end = MIN(addr.addr + MAX(len, 1ul), at + FAULT_IN_PAGES * PAGE_SIZE);
	r = renewal_begin();
	for (; at < end && rc == 0; at += PAGE_SIZE)
		rc = vm_fault_charged(current->aspace, at, error);
	if (renewal_end(r) != 0)
		return -EINTR;
	return rc == 0 || rc == -EINTR ? rc : -EFAULT;
}

int
copy_in(void *dst, uptr_t src, usize len)
{
	usize done = 0;
	int rc;

	if (unlikely(!user_range_ok(src, len)))
		return -EFAULT;
	for (;;) {
		done += copy_in_nofault((u8 *)dst + done,
		    UPTR(src.addr + done), len - done);
		if (likely(done == len))
			return 0;
		rc = user_fault_in(UPTR(src.addr + done), len - done,
		    USER_READ);
		if (rc != 0)
			return rc;
	}
}

int
copy_out(uptr_t dst, const void *src, usize len)
{
	usize done = 0;
	int rc;

	if (unlikely(!user_range_ok(dst, len)))
		return -EFAULT;
	for (;;) {
		done += copy_out_nofault(UPTR(dst.addr + done),
		    (const u8 *)src + done, len - done);
		if (likely(done == len))
			return 0;
		rc = user_fault_in(UPTR(dst.addr + done), len - done,
		    USER_WRITE);
		if (rc != 0)
			return rc;
	}
}

int
clear_user(uptr_t dst, usize len)
{
	usize done = 0;
	int rc;

	if (unlikely(!user_range_ok(dst, len)))
		return -EFAULT;
	for (;;) {
		usize left = len - done;

		done += left - usercopy_zero(UPTR(dst.addr + done), left);
		if (likely(done == len))
			return 0;
		rc = user_fault_in(UPTR(dst.addr + done), len - done,
		    USER_WRITE);
		if (rc != 0)
			return rc;
	}
}

isize
copy_in_str(char *dst, uptr_t src, usize max)
{
	usize done = 0, n;
	isize len;
	int rc;

	for (;;) {
		n = 0;
		len = usercopy_str(dst + done, UPTR(src.addr + done),
		    max - done, &n);
		if (likely(len >= 0))
			return done + len;
		if (len != -EFAULT)
			return len;
		done += n;
		rc = user_fault_in(UPTR(src.addr + done), 1, USER_READ);
		if (rc != 0)
			return rc;
	}
}
