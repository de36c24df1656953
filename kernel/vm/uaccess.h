/*
 * Copies to and from user space, as the kernel uses them.
 *
 * Two kinds. The plain ones (copy_in, copy_out, ...) are renewal points: they
 * may fault pages in, so they may wait in reserve_row(), and the caller holds
 * nothing. The _nofault ones stop short at a page that is not there and may be
 * used under locks; the caller then drops its locks, calls user_fault_in() and
 * goes on.
 */
#pragma once

#include "kernel/lib/types.h"
#include "kernel/x86/usercopy.h"

/* 0, -EFAULT, or -EINTR when killed. Hold nothing: renewal points. */
int	copy_in(void *dst, uptr_t src, usize len);
int	copy_out(uptr_t dst, const void *src, usize len);
int	clear_user(uptr_t dst, usize len);
/* Length without NUL, -EFAULT, -ENAMETOOLONG. */
isize	copy_in_str(char *dst, uptr_t src, usize max);

#define copy_in_obj(dst, src)	copy_in((dst), (src), sizeof(*(dst)))
#define copy_out_obj(dst, src)	copy_out((dst), (src), sizeof(*(src)))

/* Bytes copied: less than len when a page was missing. Under locks allowed. */
static inline usize
copy_in_nofault(void *dst, uptr_t src, usize len)
{
	return len - usercopy_in(dst, src, len);
}

static inline usize
copy_out_nofault(uptr_t dst, const void *src, usize len)
{
	return len - usercopy_out(dst, src, len);
}

/*
 * Make the pages of [addr, addr + len), at most 16, present (and writable when
 * write). A renewal point. 0, -EFAULT, -EINTR when killed.
 */
enum user_access { USER_READ, USER_WRITE };
int	user_fault_in(uptr_t addr, usize len, enum user_access how);

static inline bool
user_range_ok(uptr_t a, usize len)
{
	return a.addr < 0x00007ffffffff000ul &&
	    len <= 0x00007ffffffff000ul - a.addr;
}
