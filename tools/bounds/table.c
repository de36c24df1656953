/* Hash tables with open addressing, at most half full. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bounds/table.h"

static void *
must(void *p)
{
	if (p == NULL) {
		fprintf(stderr, "bounds: out of memory\n");
		exit(2);
	}
	return p;
}

void *
table_alloc(size_t n, size_t size)
{
	return must(calloc(n ? n : 1, size));
}

char *
table_printf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return must(s);
}

/* Room doubles where n is a power of two: no capacity needs to be kept. */
void *
table_grow(void *array, size_t n, size_t size)
{
	if (n != 0 && (n < 8 || (n & (n - 1)) != 0))
		return array;
	return must(realloc(array, (n < 8 ? 8 : 2 * n) * size));
}

static size_t
ptr_slot(const struct ptr_table *t, const void *key)
{
	size_t i = ((uintptr_t)key >> 3) * 0x9e3779b97f4a7c15ull >> 20;

	for (i &= t->cap - 1; t->key[i] != NULL && t->key[i] != key;)
		i = (i + 1) & (t->cap - 1);
	return i;
}

void *
ptr_table_get(const struct ptr_table *t, const void *key)
{
	return t->cap == 0 || key == NULL ? NULL : t->value[ptr_slot(t, key)];
}

void
ptr_table_put(struct ptr_table *t, const void *key, void *value)
{
	struct ptr_table old = *t;
	size_t i;

	if (2 * t->n >= t->cap) {
		t->cap = old.cap ? 2 * old.cap : 256;
		t->n = 0;
		t->key = table_alloc(t->cap, sizeof(*t->key));
		t->value = table_alloc(t->cap, sizeof(*t->value));
		for (i = 0; i < old.cap; i++)
			if (old.key[i] != NULL)
				ptr_table_put(t, old.key[i], old.value[i]);
		free(old.key);
		free(old.value);
	}
	i = ptr_slot(t, key);
	t->n += t->key[i] == NULL;
	t->key[i] = key;
	t->value[i] = value;
}

static size_t
str_slot(const struct str_table *t, const char *key)
{
	size_t i = 14695981039346656037ull;	/* FNV-1a */
	const char *c;

	for (c = key; *c != '\0'; c++)
		i = (i ^ (unsigned char)*c) * 1099511628211ull;
	for (i &= t->cap - 1; t->key[i] && strcmp(t->key[i], key) != 0;)
		i = (i + 1) & (t->cap - 1);
	return i;
}

void *
str_table_get(const struct str_table *t, const char *key)
{
	return t->cap == 0 ? NULL : t->value[str_slot(t, key)];
}

void
str_table_put(struct str_table *t, const char *key, void *value)
{
	struct str_table old = *t;
	size_t i;

	if (2 * t->n >= t->cap) {
		t->cap = old.cap ? 2 * old.cap : 256;
		t->key = table_alloc(t->cap, sizeof(*t->key));
		t->value = table_alloc(t->cap, sizeof(*t->value));
		for (i = 0; i < old.cap; i++) {
			size_t j;

			if (old.key[i] == NULL)
				continue;
			j = str_slot(t, old.key[i]);
			t->key[j] = old.key[i];
			t->value[j] = old.value[i];
		}
		free(old.key);
		free(old.value);
	}
	i = str_slot(t, key);
	if (t->key[i] == NULL) {
		t->key[i] = must(strdup(key));
		t->n++;
	}
	t->value[i] = value;
}

const char *
table_intern(const char *s, size_t len)
{
	static struct str_table names;
	char *copy = must(strndup(s, len));
	char *old = str_table_get(&names, copy);

	if (old != NULL) {
		free(copy);
		return old;
	}
	str_table_put(&names, copy, copy);
	return copy;
}
