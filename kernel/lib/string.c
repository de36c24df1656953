/*
 * Memory and strings.
 *
 * Copies and fills take eight bytes a step: up to 32 bytes as loads and stores
 * that may overlap, above that as one rep movsq or stosq with an overlapping
 * last word. The byte forms of rep are avoided on purpose: a CPU without fast
 * short rep, and every emulator, pays for each byte.
 */
#define HARDTACK_STRING_C
#include "kernel/lib/string.h"

/* A word at any address, aliasing anything. */
typedef u64 word_t __attribute__((__may_alias__, __aligned__(1)));
typedef u32 half_t __attribute__((__may_alias__, __aligned__(1)));
typedef u16 quarter_t __attribute__((__may_alias__, __aligned__(1)));

#define ONES			0x0101010101010101ul
#define HIGHS			0x8080808080808080ul

/* Some bit is set if and only if some byte of w is zero. */
static always_inline u64
zero_bytes(u64 w)
{
	return (w - ONES) & ~w & HIGHS;
}

/* Up to 32 bytes; everything is loaded before anything is stored. */
static always_inline void
copy_small(u8 *to, const u8 *from, usize len)
{
	u64 a, b, c, d;

	if (len >= 16) {
		a = *(const word_t *)from;
		b = *(const word_t *)(from + 8);
		c = *(const word_t *)(from + len - 16);
		d = *(const word_t *)(from + len - 8);
		*(word_t *)to = a;
		*(word_t *)(to + 8) = b;
		*(word_t *)(to + len - 16) = c;
		*(word_t *)(to + len - 8) = d;
	} else if (len >= 8) {
		a = *(const word_t *)from;
		b = *(const word_t *)(from + len - 8);
		*(word_t *)to = a;
		*(word_t *)(to + len - 8) = b;
	} else if (len >= 4) {
		a = *(const half_t *)from;
		b = *(const half_t *)(from + len - 4);
		*(half_t *)to = (u32)a;
		*(half_t *)(to + len - 4) = (u32)b;
	} else if (len >= 2) {
		a = *(const quarter_t *)from;
		b = *(const quarter_t *)(from + len - 2);
		*(quarter_t *)to = (u16)a;
		*(quarter_t *)(to + len - 2) = (u16)b;
	} else if (len) {
		*to = *from;
	}
}

/* More than 32 bytes, upwards; to below from may overlap it. */
static always_inline void
copy_up(u8 *to, const u8 *from, usize len)
{
	u64 last = *(const word_t *)(from + len - 8);
	u8 *end = to + len - 8;
	usize words = len / 8;

	__asm__ volatile("rep movsq"
	    : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	*(word_t *)end = last;
}

/* More than 32 bytes, downwards: for to inside [from, from + len). */
static void
copy_down(u8 *to, const u8 *from, usize len)
{
	u64 first = *(const word_t *)from;
	usize i;

	for (i = len; i >= 8; i -= 8) {
		*(word_t *)(to + i - 8) = *(const word_t *)(from + i - 8);
		__asm__ volatile("" : : : "memory");	/* stay a loop */
	}
	*(word_t *)to = first;
}

void *
memcpy(void *restrict to, const void *restrict from, usize len)
{
	if (len <= 32)
		copy_small(to, from, len);
	else
		copy_up(to, from, len);
	return to;
}

void *
memmove(void *to, const void *from, usize len)
{
	if (len <= 32)
		copy_small(to, from, len);
	else if ((usize)to - (usize)from >= len)
		copy_up(to, from, len);
	else
		copy_down(to, from, len);
	return to;
}

void *
memset(void *to, int byte, usize len)
{
	u64 w = (u8)byte * ONES;
	u8 *p = to, *end = p + len;
	usize words = len / 8;

	if (len >= 8) {
		*(word_t *)(end - 8) = w;
		__asm__ volatile("rep stosq"
		    : "+D"(p), "+c"(words) : "a"(w) : "memory");
	} else if (len >= 4) {
		*(half_t *)p = (u32)w;
		*(half_t *)(end - 4) = (u32)w;
	} else if (len) {
		p[0] = (u8)byte;
		p[len / 2] = (u8)byte;
		end[-1] = (u8)byte;
	}
	return to;
}

int
memcmp(const void *a, const void *b, usize len)
{
	const u8 *p = a, *q = b;
	u64 x, y;

	for (; len >= 8; p += 8, q += 8, len -= 8) {
		x = *(const word_t *)p;
		y = *(const word_t *)q;
		if (x != y)
			return __builtin_bswap64(x) < __builtin_bswap64(y) ?
			    -1 : 1;
	}
	for (; len; p++, q++, len--)
		if (*p != *q)
			return *p < *q ? -1 : 1;
	return 0;
}

bool
mem_is_zero(const void *data, usize len)
{
	const u8 *p = data;

	for (; len >= 8; p += 8, len -= 8)
		if (*(const word_t *)p)
			return false;
	for (; len; p++, len--)
		if (*p)
			return false;
	return true;
}

/*
 * The searches below read aligned words, which never cross a page, so that
 * reading past the found byte inside its word is harmless; a sanitizer cannot
 * know that.
 */
__attribute__((no_sanitize_address)) void *
memchr(const void *data, int byte, usize len)
{
	const u8 *p = data;
	u64 pattern = (u8)byte * ONES;

	for (; len && (u64)p & 7; p++, len--)
		if (*p == (u8)byte)
			return (void *)p;
	while (len >= 8 && !zero_bytes(*(const word_t *)p ^ pattern)) {
		p += 8;
		len -= 8;
	}
	for (; len; p++, len--)
		if (*p == (u8)byte)
			return (void *)p;
	return NULL;
}

__attribute__((no_sanitize_address)) usize
strlen(const char *s)
{
	const char *p = s;
	u64 z;

	for (; (u64)p & 7; p++)
		if (*p == '\0')
			return (usize)(p - s);
	while ((z = zero_bytes(*(const word_t *)p)) == 0)
		p += 8;
	return (usize)(p - s) + (u64)__builtin_ctzl(z) / 8;
}

usize
strnlen(const char *s, usize max)
{
	const char *end = memchr(s, '\0', max);

	return end ? (usize)(end - s) : max;
}

int
strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return (int)(u8)*a - (int)(u8)*b;
}

int
strncmp(const char *a, const char *b, usize max)
{
	for (; max && *a && *a == *b; a++, b++, max--)
		;
	return max ? (int)(u8)*a - (int)(u8)*b : 0;
}

char *
strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (*s == '\0')
			return NULL;
	return (char *)s;
}

char *
strrchr(const char *s, int c)
{
	const char *found = NULL;

	do {
		if (*s == (char)c)
			found = s;
	} while (*s++);
	return (char *)found;
}

char *
strstr(const char *s, const char *what)
{
	for (;; s++) {
		if (str_has_prefix(s, what))
			return (char *)s;
		if (*s == '\0')
			return NULL;
	}
}

usize
strlcpy(char *to, const char *from, usize size)
{
	usize len = strlen(from), n;

	if (size) {
		n = len < size ? len : size - 1;
		memcpy(to, from, n);
		to[n] = '\0';
	}
	return len;
}

usize
strlcat(char *to, const char *from, usize size)
{
	usize used = strnlen(to, size);

	return used + strlcpy(to + used, from, size - used);
}
