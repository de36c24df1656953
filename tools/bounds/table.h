/*
 * Storage for a tool that runs for two seconds: nothing is ever freed, and
 * what cannot be had ends the run. Two hash tables, by pointer and by string.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Zeroed; ends the run when there is no memory. */
void	*table_alloc(size_t n, size_t size);
/* A copy of a string, the same pointer for equal strings. */
const char *table_intern(const char *s, size_t len);
char	*table_printf(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

/* Make room for one more element at the end of an array. */
#define TABLE_GROW(array, n)						\
	((array) = table_grow((array), (n), sizeof(*(array))))
void	*table_grow(void *array, size_t n, size_t size);

struct ptr_table {
	const void	**key;
	void		**value;
	size_t		cap, n;
};

void	*ptr_table_get(const struct ptr_table *, const void *key);
void	ptr_table_put(struct ptr_table *, const void *key, void *value);

/* Keys are copied. */
struct str_table {
	const char	**key;
	void		**value;
	size_t		cap, n;
};

void	*str_table_get(const struct str_table *, const char *key);
void	str_table_put(struct str_table *, const char *key, void *value);
