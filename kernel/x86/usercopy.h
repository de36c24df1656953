/*
 * Raw copies to and from user space. They never fault a page in: a copy that
 * meets a page which is not there stops short. kernel/vm/uaccess.h has the
 * copies that the rest of the kernel calls.
 */
#pragma once

#include "kernel/lib/types.h"

/* Copy len bytes; returns how many were NOT copied. Ranges are checked. */
usize	usercopy_in(void *dst, uptr_t src, usize len);
usize	usercopy_out(uptr_t dst, const void *src, usize len);
usize	usercopy_zero(uptr_t dst, usize len);

/*
 * Copy a string of at most max bytes, with its NUL. Returns its length without
 * the NUL; -EFAULT when a page was not there (*done tells how many bytes were
 * copied); -ENAMETOOLONG when no NUL stood in max bytes.
 */
isize	usercopy_str(char *dst, uptr_t src, usize max, usize *done);

/*
 * Atomically compare and exchange a user's 32-bit word. 0, or -EFAULT when the
 * page is not there or not writable. *found gets the old value.
 */
int	usercopy_cmpxchg32(uptr_t addr, u32 expected, u32 desired, u32 *found);
int	usercopy_read32(uptr_t addr, u32 *out);

/*
 * The running thread's vector registers: the image that signal frames carry
 * (fpu.h). addr: checked user memory, 64-byte aligned. components: those of
 * XCR0, or 0 for the FXSAVE image alone. XSAVE leaves the header but for its
 * first word as it is. 0, or -EFAULT: a page is missing, or the image is bad.
 */
int	usercopy_fpu_out(uptr_t addr, u32 components);
int	usercopy_fpu_in(uptr_t addr, u32 components);
