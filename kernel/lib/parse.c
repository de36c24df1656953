/*
 * Numbers in text, and the kernel command line.
 */
#include "kernel/lib/parse.h"
#include "kernel/abi/errno.h"
#include "kernel/lib/string.h"

/* The value of a digit, or 255. */
static u32
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (u32)(c - '0');
	if (c >= 'a' && c <= 'z')
		return (u32)(c - 'a') + 10;
	if (c >= 'A' && c <= 'Z')
		return (u32)(c - 'A') + 10;
	return 255;
}

/* Resolve base 0, and step over a 0x that the base allows. */
static const char *
skip_prefix(const char *s, u32 *base)
{
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') &&
	    digit_value(s[2]) < 16;

	if (*base == 0)
		*base = hex ? 16 : s[0] == '0' ? 8 : 10;
	return hex && *base == 16 ? s + 2 : s;
}

int
parse_u64(const char *s, const char **end, u32 base, u64 *out)
{
	const char *p;
	u64 value = 0;
	int err = -EINVAL;

	s = skip_prefix(s, &base);
	for (p = s; digit_value(*p) < base; p++) {
		if (p == s)
			err = 0;
		if (__builtin_mul_overflow(value, (u64)base, &value) ||
		    __builtin_add_overflow(value, (u64)digit_value(*p),
		    &value))
			err = -ERANGE;
	}
	if (end)
		*end = p;
	if (err == 0)
		*out = value;
	return err;
}

int
parse_s64(const char *s, const char **end, u32 base, s64 *out)
{
	bool minus = *s == '-';
	u64 value;
	int err;

	err = parse_u64(*s == '-' || *s == '+' ? s + 1 : s, end, base, &value);
	if (err)
		return err;
	if (value > (u64)INT64_MAX + minus)
		return -ERANGE;
	*out = (s64)(minus ? -value : value);
	return 0;
}

int
parse_size(const char *s, const char **end, u64 *out)
{
	const char *p;
	u64 value;
	u32 shift = 0;
	int err;

	err = parse_u64(s, &p, 0, &value);
	if (err == 0) {
		switch (*p) {
		case 'k': case 'K':
			shift = 10;
			break;
		case 'm': case 'M':
			shift = 20;
			break;
		case 'g': case 'G':
			shift = 30;
			break;
		}
		p += shift != 0;
		if (value > UINT64_MAX >> shift)
			err = -ERANGE;
		else
			*out = value << shift;
	}
	if (end)
		*end = p;
	return err;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The end of the word at p: the next blank outside of double quotes. */
static const char *
word_end(const char *p)
{
	bool quoted = false;

	for (; *p && (quoted || !is_blank(*p)); p++)
		if (*p == '"')
			quoted = !quoted;
	return p;
}

/*
 * Find the last word "key" or "key=...": true, with the value's bounds and
 * without its quotes.
 */
static bool
cmdline_find(const char *cmdline, const char *key, const char **value,
    usize *len)
{
	const char *p = cmdline, *end, *v;
	usize key_len = strlen(key);
	bool found = false;

	for (;;) {
		while (is_blank(*p))
			p++;
		if (*p == '\0')
			return found;
		end = word_end(p);
		v = p + key_len;
		if (strncmp(p, key, key_len) == 0 && (v == end || *v == '=')) {
			found = true;
			*value = v == end ? v : v + 1;
			*len = (usize)(end - *value);
			if (*len >= 2 && **value == '"' && end[-1] == '"') {
				*value += 1;
				*len -= 2;
			}
		}
		p = end;
	}
}

int
cmdline_get(const char *cmdline, const char *key, char *buf, usize len)
{
	const char *value;
	usize value_len, n;

	if (!cmdline_find(cmdline, key, &value, &value_len))
		return -ENOENT;
	if (len) {
		n = MIN(value_len, len - 1);
		memcpy(buf, value, n);
		buf[n] = '\0';
	}
	return (int)value_len;
}

bool
cmdline_has(const char *cmdline, const char *key)
{
	const char *value;
	usize len;

	return cmdline_find(cmdline, key, &value, &len);
}

u64
cmdline_u64(const char *cmdline, const char *key, u64 fallback)
{
	const char *end;
	char buf[32];
	u64 value;
	int len = cmdline_get(cmdline, key, buf, sizeof(buf));

	if (len <= 0 || len >= (int)sizeof(buf))
		return fallback;
	if (parse_size(buf, &end, &value) || *end)
		return fallback;
	return value;
}
