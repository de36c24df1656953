/*
 * Formatted text.
 *
 * The C99 rules for d i u x X o p s c %, with the flags - 0 + space #, width
 * and precision (also * and .*), and the sizes hh h l ll z t j. No floating
 * point, no %n. A NULL string prints as (null); %p prints 0x and 16 digits
 * unless a width is given.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * Write at most size bytes with the ending NUL (if size > 0). Returns the
 * length that the whole text has without it: a result >= size means cut.
 */
int	kvsnprintf(char *buf, usize size, const char *fmt, va_list ap)
	    printf_like(3, 0);
int	ksnprintf(char *buf, usize size, const char *fmt, ...)
	    printf_like(3, 4);

/*
 * The same, but returns the length actually stored (at most size - 1), so that
 * pieces can be added one after another: n += kscnprintf(buf + n, size - n,..).
 */
int	kscnprintf(char *buf, usize size, const char *fmt, ...)
	    printf_like(3, 4);
