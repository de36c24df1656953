/*
 * Formatted text.
 *
 * The problem: messages must be made in any context, a panic and an interrupt
 * among them, with no memory but the caller's buffer and a little stack.
 *
 * One pass over the format; each directive is parsed into a struct spec, its
 * argument is rendered into a small buffer or taken as it is, and put out with
 * padding by way of a struct out.
 *
 * Invariants: I1 out.len is the length of the text so far, stored or not; only
 *	put() and pad() touch the buffer, and neither stores at size or past it.
 *	I2 a NUL follows what was stored, if size > 0.
 * Locks: none; nothing is static.
 * Rejected: floating point (the kernel has none) and %n (a hole).
 * See ISO C99 7.19.6.1.
 */
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"

#define FL_LEFT			BIT(0)	/* - */
#define FL_ZERO			BIT(1)	/* 0 */
#define FL_PLUS			BIT(2)	/* + */
#define FL_SPACE		BIT(3)	/* blank */
#define FL_ALT			BIT(4)	/* # */

#define DIGITS_MAX		24	/* 64 bits in octal are 22 */

struct out {
	char *buf;
	usize size;
	usize len;		/* produced so far, stored or not */
};

struct spec {
	u32 flags;
	int width;
	int prec;		/* -1: none given */
	int size;		/* -2 hh, -1 h, 0, 1 l (and ll, z, t, j) */
	char conv;
};

static void
put(struct out *o, const char *s, usize n)
{
	usize room;

	if (o->len < o->size) {
		room = o->size - o->len;
		memcpy(o->buf + o->len, s, MIN(n, room));
	}
	o->len += n;
}

static void
pad(struct out *o, char c, int n)
{
	usize room;

	if (n <= 0)
		return;
	if (o->len < o->size) {
		room = o->size - o->len;
		memset(o->buf + o->len, c, MIN((usize)n, room));
	}
	o->len += (usize)n;
}

static void
put_string(struct out *o, const struct spec *sp, const char *s)
{
	usize n;
	int fill;

	if (!s)
		s = "(null)";
	n = sp->prec >= 0 ? strnlen(s, (usize)sp->prec) : strlen(s);
	fill = sp->width - (int)MIN(n, (usize)INT32_MAX);
	if (!(sp->flags & FL_LEFT))
		pad(o, ' ', fill);
	put(o, s, n);
	if (sp->flags & FL_LEFT)
		pad(o, ' ', fill);
}

/* Digits of value, from the end of buf downwards; returns the first. */
static char *
render(char *end, u64 value, u32 base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	if (base == 16) {
		do {
			*--end = digits[value & 15];
		} while (value >>= 4);
	} else if (base == 8) {
		do {
			*--end = digits[value & 7];
		} while (value >>= 3);
	} else {
		do {
			*--end = digits[value % 10];
		} while (value /= 10);
	}
	return end;
}

/* prefix (a sign, 0x, or nothing), zeros, digits, padded to the width. */
static void
put_number(struct out *o, const struct spec *sp, const char *prefix,
    u64 value, u32 base)
{
	char buf[DIGITS_MAX], *end = buf + sizeof(buf), *first;
	int ndigits, nprefix = (int)strlen(prefix), zeros, fill;

	first = render(end, value, base, sp->conv == 'X');
	if (value == 0 && sp->prec == 0)
		first = end;
	ndigits = (int)(end - first);
	zeros = MAX(sp->prec - ndigits, 0);
	fill = sp->width - zeros - ndigits - nprefix;
	if ((sp->flags & FL_ZERO) && !(sp->flags & FL_LEFT) && sp->prec < 0) {
		zeros += MAX(fill, 0);
		fill = 0;
	}
	if (!(sp->flags & FL_LEFT))
		pad(o, ' ', fill);
	put(o, prefix, (usize)nprefix);
	pad(o, '0', zeros);
	put(o, first, (usize)ndigits);
	if (sp->flags & FL_LEFT)
		pad(o, ' ', fill);
}

static void
put_signed(struct out *o, const struct spec *sp, s64 value)
{
	const char *sign = value < 0 ? "-" : sp->flags & FL_PLUS ? "+" :
	    sp->flags & FL_SPACE ? " " : "";

	put_number(o, sp, sign, value < 0 ? 0 - (u64)value : (u64)value, 10);
}

static void
put_unsigned(struct out *o, const struct spec *sp, u64 value)
{
	const char *prefix = "";
	u32 base = sp->conv == 'u' ? 10 : sp->conv == 'o' ? 8 : 16;

	if ((sp->flags & FL_ALT) && value)
		prefix = sp->conv == 'x' ? "0x" : sp->conv == 'X' ? "0X" :
		    sp->conv == 'o' ? "0" : "";
	put_number(o, sp, prefix, value, base);
}

static void
put_pointer(struct out *o, const struct spec *sp, u64 value)
{
	struct spec full = *sp;

	full.conv = 'x';
	if (full.width == 0)
		full.prec = 16;
	put_number(o, &full, "0x", value, 16);
}

/* A run of digits; *p moves past it. Absurd numbers are cut, not wrapped. */
static int
parse_number(const char **p)
{
	int n = 0;

	for (; **p >= '0' && **p <= '9'; (*p)++)
		if (n < 100000)
			n = n * 10 + (**p - '0');
	return n;
}

static const char *
parse_flags(const char *p, struct spec *sp)
{
	for (;; p++) {
		switch (*p) {
		case '-':
			sp->flags |= FL_LEFT;
			break;
		case '0':
			sp->flags |= FL_ZERO;
			break;
		case '+':
			sp->flags |= FL_PLUS;
			break;
		case ' ':
			sp->flags |= FL_SPACE;
			break;
		case '#':
			sp->flags |= FL_ALT;
			break;
		default:
			return p;
		}
	}
}

static const char *
parse_size_letters(const char *p, struct spec *sp)
{
	for (;; p++) {
		switch (*p) {
		case 'h':
			sp->size--;
			break;
		case 'l': case 'z': case 't': case 'j':
			sp->size = 1;
			break;
		default:
			return p;
		}
	}
}

/* Parse what follows a %; returns the character after the directive. */
static const char *
parse_spec(const char *p, struct spec *sp, va_list *ap)
{
	*sp = (struct spec){ .prec = -1 };
	p = parse_flags(p, sp);
	if (*p == '*') {
		p++;
		sp->width = va_arg(*ap, int);
		if (sp->width < 0) {
			sp->flags |= FL_LEFT;
			sp->width = sp->width == INT32_MIN ? 0 : -sp->width;
		}
	} else {
		sp->width = parse_number(&p);
	}
	if (*p == '.') {
		p++;
		if (*p == '*') {
			p++;
			sp->prec = MAX(va_arg(*ap, int), -1);
		} else {
			sp->prec = parse_number(&p);
		}
	}
	p = parse_size_letters(p, sp);
	sp->conv = *p;
	return *p ? p + 1 : p;
}

static s64
arg_signed(const struct spec *sp, va_list *ap)
{
	if (sp->size > 0)
		return va_arg(*ap, s64);
	if (sp->size == 0)
		return va_arg(*ap, int);
	return sp->size == -1 ? (s16)va_arg(*ap, int) :
	    (s8)va_arg(*ap, int);
}

static u64
arg_unsigned(const struct spec *sp, va_list *ap)
{
	if (sp->size > 0)
		return va_arg(*ap, u64);
	if (sp->size == 0)
		return va_arg(*ap, u32);
	return sp->size == -1 ? (u16)va_arg(*ap, u32) : (u8)va_arg(*ap, u32);
}

static void
put_directive(struct out *o, struct spec *sp, va_list *ap)
{
	char c;

	switch (sp->conv) {
	case 'd': case 'i':
		put_signed(o, sp, arg_signed(sp, ap));
		break;
	case 'u': case 'x': case 'X': case 'o':
		put_unsigned(o, sp, arg_unsigned(sp, ap));
		break;
	case 'p':
		put_pointer(o, sp, (u64)va_arg(*ap, void *));
		break;
	case 's':
		put_string(o, sp, va_arg(*ap, const char *));
		break;
	case 'c':
		c = (char)va_arg(*ap, int);
		if (!(sp->flags & FL_LEFT))
			pad(o, ' ', sp->width - 1);
		put(o, &c, 1);
		if (sp->flags & FL_LEFT)
			pad(o, ' ', sp->width - 1);
		break;
	case '\0':
		break;
	default:		/* %% too: the character itself */
		put(o, &sp->conv, 1);
		break;
	}
}

int
kvsnprintf(char *buf, usize size, const char *fmt, va_list ap)
{
	struct out o = { buf, size, 0 };
	struct spec sp;
	const char *p;
	va_list args;

	va_copy(args, ap);
	for (;;) {
		for (p = fmt; *p && *p != '%'; p++)
			;
		put(&o, fmt, (usize)(p - fmt));
		if (*p == '\0')
			break;
		fmt = parse_spec(p + 1, &sp, &args);
		put_directive(&o, &sp, &args);
	}
	va_end(args);
	if (size)
		buf[MIN(o.len, size - 1)] = '\0';
	return (int)o.len;
}

int
ksnprintf(char *buf, usize size, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = kvsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return len;
}

int
kscnprintf(char *buf, usize size, const char *fmt, ...)
{
	va_list ap;
	int len;

	if (size == 0)
		return 0;
	va_start(ap, fmt);
	len = kvsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return (usize)len < size ? len : (int)size - 1;
}
