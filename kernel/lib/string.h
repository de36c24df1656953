/*
 * Memory and strings.
 *
 * The names and meanings are the C library's. memcpy, memset, memmove and
 * memcmp go through the compiler's builtins, so that small constant sizes
 * become plain moves; other sizes call the functions in string.c.
 */
#pragma once

#include "kernel/lib/types.h"

void	*memcpy(void *restrict to, const void *restrict from, usize len);
void	*memmove(void *to, const void *from, usize len);
void	*memset(void *to, int byte, usize len);
int	memcmp(const void *a, const void *b, usize len);
void	*memchr(const void *data, int byte, usize len);
usize	strlen(const char *s);
usize	strnlen(const char *s, usize max);
int	strcmp(const char *a, const char *b);
int	strncmp(const char *a, const char *b, usize max);
char	*strchr(const char *s, int c);
char	*strrchr(const char *s, int c);
char	*strstr(const char *s, const char *what);

/*
 * Copy or append, always ending with a NUL when size > 0. Both return the
 * length they tried to make: a result >= size means that it was cut.
 */
usize	strlcpy(char *to, const char *from, usize size);
usize	strlcat(char *to, const char *from, usize size);

#if !defined(HARDTACK_STRING_C) && !defined(HARDTACK_HOST)
#define memcpy(...)		__builtin_memcpy(__VA_ARGS__)
#define memmove(...)		__builtin_memmove(__VA_ARGS__)
#define memset(...)		__builtin_memset(__VA_ARGS__)
#define memcmp(...)		__builtin_memcmp(__VA_ARGS__)
#define strlen(s)		__builtin_strlen(s)
#endif

/* True if s begins with prefix. */
static inline bool
str_has_prefix(const char *s, const char *prefix)
{
	while (*prefix)
		if (*s++ != *prefix++)
			return false;
	return true;
}

/* True if len bytes are all zero; no alignment needed. */
bool	mem_is_zero(const void *data, usize len);
