/*
 * Numbers in text, and options on the kernel command line.
 *
 * The command line is words separated by blanks: "key" or "key=value". A value
 * in double quotes may hold blanks. Where a key comes twice, the last wins.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * Read an unsigned number: base 10, 16 or 8; base 0 takes the 0x and 0
 * prefixes. *end, if not NULL, gets the first character not read. Errors:
 * -EINVAL no digit, -ERANGE too large.
 */
int	parse_u64(const char *s, const char **end, u32 base, u64 *out);

/* The same with an optional sign. */
int	parse_s64(const char *s, const char **end, u32 base, s64 *out);

/* A byte count: a number with an optional K, M or G suffix (powers of 1024). */
int	parse_size(const char *s, const char **end, u64 *out);

/*
 * Copy key's value ("" for a bare key) to buf, cut to len - 1 bytes and ended.
 * Returns the value's full length, or -ENOENT.
 */
int	cmdline_get(const char *cmdline, const char *key, char *buf, usize len);

/* True if key stands on the command line, with or without a value. */
bool	cmdline_has(const char *cmdline, const char *key);

/* key's value as parse_size reads it; fallback if it is bad or absent. */
u64	cmdline_u64(const char *cmdline, const char *key, u64 fallback);
