/*
 * The window of text that a reader of /proc wants: procfs_priv.h.
 */
#include "fs/procfs/procfs_priv.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"

#define LINE_MAX	320

void
pt_add(struct ptext *t, const char *s, usize len)
{
	usize n;

	if (t->skip >= len) {
		t->skip -= len;
		return;
	}
	s += t->skip;
	len -= t->skip;
	t->skip = 0;
	n = MIN(len, t->cap - t->len);
	memcpy(t->buf + t->len, s, n);
	t->len += n;
}

void
pt_puts(struct ptext *t, const char *s)
{
	pt_add(t, s, strlen(s));
}

/* Pieces of at most LINE_MAX - 1 bytes. */
void
pt_printf(struct ptext *t, const char *fmt, ...)
{
	char line[LINE_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = kvsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	pt_add(t, line, MIN(n, (int)sizeof(line) - 1));
}

struct text_number
text_of_number(u64 n)
{
	struct text_number t;

	(void)ksnprintf(t.text, sizeof(t.text), "%lu", n);
	return t;
}
