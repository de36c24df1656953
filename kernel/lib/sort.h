/*
 * Sorting in place: heap sort, n log n always, no recursion, no memory.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * Sort n elements of size bytes each. cmp returns <0, 0, >0 and has no side
 * effects. Equal elements may change places.
 */
void	sort(void *base, usize n, usize size,
	    int (*cmp)(const void *a, const void *b));
