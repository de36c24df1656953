/*
 * Why a line of the source is as it is: the comment on it. Annotations of
 * loops are claims by people, so the report shows each with its reason.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bounds/output.h"
#include "tools/bounds/table.h"

#define REASON_LINES	12	/* a comment above may be so long */

struct text {
	char		**line;		/* [0] is line 1 */
	unsigned	nlines;
};

static const struct text *
text_of(const char *path)
{
	static struct str_table texts;
	struct text *t = str_table_get(&texts, path);
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	FILE *f;

	if (t != NULL)
		return t;
	t = table_alloc(1, sizeof(*t));
	str_table_put(&texts, path, t);
	f = fopen(path, "r");
	if (f == NULL)
		return t;
	while ((len = getline(&line, &room, f)) >= 0) {
		TABLE_GROW(t->line, t->nlines);
		while (len > 0 && isspace((unsigned char)line[len - 1]))
			line[--len] = '\0';
		t->line[t->nlines++] = table_printf("%s", line);
	}
	free(line);
	fclose(f);
	return t;
}

static const char *
text_line(const struct text *t, unsigned n)
{
	return n >= 1 && n <= t->nlines ? t->line[n - 1] : "";
}

static bool
ends_comment(const char *line)
{
	size_t len = strlen(line);

	return len >= 2 && strcmp(line + len - 2, "*/") == 0;
}

/* The words from s to the comment's end, without its stars. */
static const char *
comment_words(const struct text *t, unsigned n, const char *s)
{
	const char *out = "";

	for (unsigned i = 0; i < REASON_LINES; i++) {
		const char *end = strstr(s, "*/");
		int len = end != NULL ? (int)(end - s) : (int)strlen(s);

		while (len > 0 && isspace((unsigned char)s[len - 1]))
			len--;
		if (len > 0)
			out = table_printf("%s%s%.*s", out,
			    *out != '\0' ? " " : "", len, s);
		if (end != NULL)
			break;
		s = text_line(t, ++n);
		s += strspn(s, " \t");
		if (s[0] == '*' && s[1] != '/')
			s += 1 + strspn(s + 1, " \t");
	}
	return out;
}

static const char *
comment_on(const struct text *t, unsigned n)
{
	const char *start = strstr(text_line(t, n), "/*");

	return start == NULL ? "" :
	    comment_words(t, n, start + strspn(start, "/* \t"));
}

/* A comment of lines of its own that ends at line n. */
static const char *
comment_ending(const struct text *t, unsigned n)
{
	unsigned first = n;

	if (!ends_comment(text_line(t, n)))
		return "";
	while (first > 1 && n - first < REASON_LINES &&
	    strstr(text_line(t, first), "/*") == NULL)
		first--;
	if (text_line(t, first)[strspn(text_line(t, first), " \t")] != '/')
		return "";		/* belongs to the code before it */
	return comment_on(t, first);
}

const char *
src_reason(struct src at)
{
	const struct text *t = text_of(at.file);
	const char *why = comment_on(t, at.line);

	if (*why == '\0')
		why = comment_ending(t, at.line - 1);
	/* A marker's statement may go on, or stand below the loop's head. */
	if (*why == '\0' && strchr(text_line(t, at.line), '{') == NULL)
		why = comment_on(t, at.line + 1);
	return why;
}
