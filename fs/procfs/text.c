/*
 * The window of text that a reader of /proc wants: procfs_priv.h.
 */
#include "fs/procfs/procfs_priv.h"
#include "kernel/lib/fmt.h"
#include "kernel/lib/string.h"

#define LINE_MAX	320

/* A mark: the position in 32 bits, the line in 20, the column in 12. */
#define MARK_LINES	(1ul << 20)
#define MARK_COLUMNS	(1ul << 12)
#define MARK(pos, line, col) \
	((u64)(pos) << 32 | (u64)(line) << 12 | (u64)(col))
#define MARK_POS(m)	((m) >> 32)
#define MARK_LINE(m)	((m) >> 12 & (MARK_LINES - 1))
#define MARK_COL(m)	((m) & (MARK_COLUMNS - 1))

void
pt_resume(struct ptext *t, pmark_t mark, u64 pos)
{
	t->by_line = pos != 0 && MARK_POS(mark) == pos;
	t->skip_lines = t->by_line ? MARK_LINE(mark) : 0;
	t->skip = t->by_line ? MARK_COL(mark) : pos;
}

void
pt_cut(struct ptext *t)
{
	usize n = t->len;

	if (!pt_is_full(t))
		return;
	while (n > 0 && t->buf[n - 1] != '\n')
		n--;
	if (n > 0)
		t->len = n;
}

pmark_t
pt_mark(const struct ptext *t, pmark_t mark, u64 pos, usize n)
{
	u64 line = t->by_line ? MARK_LINE(mark) : 0;
	u64 col = t->by_line ? MARK_COL(mark) : 0;

	if (!t->by_line && pos != 0)
		return 0;
	for (usize i = 0; i < n; i++) {
		col = t->buf[i] == '\n' ? 0 : col + 1;
		line += t->buf[i] == '\n';
	}
	return pos + n > UINT32_MAX || line >= MARK_LINES ||
	    col >= MARK_COLUMNS ? 0 : MARK(pos + n, line, col);
}

/* How many of len bytes at s lie before the window. */
static usize
drop(struct ptext *t, const char *s, usize len)
{
	usize at = 0, n;
	const char *nl;

	while (t->skip_lines > 0 && at < len) {
		nl = memchr(s + at, '\n', len - at);
		if (nl == NULL)
			return len;
		at = (usize)(nl - s) + 1;
		t->skip_lines--;
	}
	n = MIN(t->skip, len - at);
	nl = t->by_line ? memchr(s + at, '\n', n) : NULL;
	if (nl != NULL) {		/* the line has become shorter */
		t->skip = 0;
		return (usize)(nl - s);
	}
	t->skip -= n;
	return at + n;
}

void
pt_add(struct ptext *t, const char *s, usize len)
{
	usize at = drop(t, s, len), n;

	n = MIN(len - at, t->cap - t->len);
	memcpy(t->buf + t->len, s + at, n);
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
