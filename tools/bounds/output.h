/*
 * What the analyzer says: the table that the kernel compiles in (needs.c), all
 * results for other tools (json.c), the costliest path for people (why.c).
 * All are the same for the same sources: sorted, no dates, no host's names.
 */
#pragma once

#include <stdio.h>

#include "tools/bounds/heap.h"

#define BOUNDS_VERSION		"1.0"

/* kernel/vm/bounds_table.c, see needs.c. -1: cannot be written, was said. */
int	needs_write(const char *path);
/* Compare the file with what would be written; say which rows differ, and
 * return how many differences there are. */
int	needs_check(const char *path);

/* Everything; json.c names the fields. -1: cannot be written. */
int	json_write(const char *path);

/* The costliest path of a system call (with or without sys_), row or function.
 * -1: there is no such name, and like ones were suggested. */
int	why_print(FILE *out, const char *name);
/* The same for the deepest stack of an entry. */
int	why_stack_print(FILE *out, const char *name);

/* Rows by name, as all outputs list them. */
const struct row **rows_sorted(int *n);
const char *row_kind_name(enum row_kind kind);

/* The comment at a line of the source (on it, else ending just above it, else
 * on the next line), in one line; "" when there is none. */
const char *src_reason(struct src at);
