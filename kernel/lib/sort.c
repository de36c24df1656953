/*
 * Heap sort.
 */
#include "kernel/lib/sort.h"

static void
swap(u8 *a, u8 *b, usize size)
{
	u64 word;
	u8 t;
	usize i;

	for (i = 0; size - i >= sizeof(word); i += sizeof(word)) {
		__builtin_memcpy(&word, a + i, sizeof(word));
		__builtin_memcpy(a + i, b + i, sizeof(word));
		__builtin_memcpy(b + i, &word, sizeof(word));
	}
	for (; i < size; i++) {
		t = a[i];
		a[i] = b[i];
		b[i] = t;
	}
}

/* Sink the element at i until neither child below n is larger. */
static void
sink(u8 *base, usize i, usize n, usize size,
    int (*cmp)(const void *a, const void *b))
{
	usize child;

	while ((child = 2 * i + 1) < n) {
		if (child + 1 < n && cmp(base + child * size,
		    base + (child + 1) * size) < 0)
			child++;
		if (cmp(base + i * size, base + child * size) >= 0)
			return;
		swap(base + i * size, base + child * size, size);
		i = child;
	}
}

void
sort(void *base, usize n, usize size,
    int (*cmp)(const void *a, const void *b))
{
	for (usize i = n / 2; i > 0; i--)
		sink(base, i - 1, n, size, cmp);
	for (usize i = n; i > 1; i--) {
		swap(base, (u8 *)base + (i - 1) * size, size);
		sink(base, 0, i - 1, size, cmp);
	}
}
