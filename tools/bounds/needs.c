/*
 * The table that the kernel compiles in: kernel/vm/bounds_table.c.
 *
 * It is checked in, so that a change of any bound is seen in review, and the
 * build compares it with what the sources need. One row stands on one line
 * where that fits; nothing in it depends on anything but the needs (no lines of
 * the source, no dates), so that a row changes only when its need does.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/bounds/output.h"
#include "tools/bounds/table.h"

#define WIDTH		80
#define COMMENT_AT	56	/* column of a row's frames */

static const char head[] =
"/*\n"
" * What each row of the table of bounds needs, see kernel/vm/bounds.h.\n"
" *\n"
" * Generated from the kernel's source by `make bounds-update`: not by hand.\n"
" * `make bounds` fails when it is not what the source needs, and\n"
" * `tools/bounds/bounds why NAME` shows how a row comes about. A comment\n"
" * says the whole of a row in frames, as a release kernel packs objects.\n"
" */\n"
"#include \"kernel/vm/bounds.h\"\n"
"\n"
"const struct bound_need bound_needs[] = {\n";
static const char tail[] =
"};\n"
"const u32 nbound_needs = sizeof(bound_needs) / sizeof(bound_needs[0]);\n";

static int
compare_rows(const void *a, const void *b)
{
	const struct row *x = *(const struct row *const *)a;
	const struct row *y = *(const struct row *const *)b;

	return strcmp(x->name, y->name);
}

const struct row **
rows_sorted(int *n)
{
	const struct row **rows = table_alloc(heap_nrows, sizeof(*rows));

	for (int i = 0; i < heap_nrows; i++)
		rows[i] = &heap_row[i];
	qsort(rows, heap_nrows, sizeof(*rows), compare_rows);
	*n = heap_nrows;
	return rows;
}

static int
compare_classes(const void *a, const void *b)
{
	return strcmp(heap_class[*(const int *)a].name,
	    heap_class[*(const int *)b].name);
}

/* The caches that v has objects of, by name. */
static int
caches_of(const struct need *v, int *out)
{
	int n = 0;

	for (int c = 1; c < heap_nclasses; c++)
		if (v->n[c] > 0)
			out[n++] = c;
	qsort(out, n, sizeof(*out), compare_classes);
	return n;
}

static int
columns(const char *s)
{
	int n = 0;

	for (; *s != '\0'; s++)
		n = *s == '\t' ? (n | 7) + 1 : n + 1;
	return n;
}

/* text + more, or, where that is too wide, more on a line of its own. */
static char *
append(char *text, const char *more, const char *indent)
{
	char *line = strrchr(text, '\n');

	line = line != NULL ? line + 1 : text;
	if (columns(line) + (int)strlen(more) <= WIDTH - 5)
		return table_printf("%s%s", text, more);
	return table_printf("%s\n%s%s", text, indent, more + (*more == ' '));
}

/* Add the comment that says the frames of a row with caches. */
static char *
append_frames(char *row, const struct row *r)
{
	char *end = strchr(row, '\n');
	char *first = end == NULL ? row :
	    table_printf("%.*s", (int)(end - row), row);
	char *says = table_printf("/* %u */", r->frames);
	const char *gap = "";

	while (columns(first) + (int)strlen(gap) < COMMENT_AT)
		gap = table_printf("%s ", gap);
	if (*gap == '\0')
		gap = " ";
	return table_printf("%s%s%s%s", first, gap, says,
	    end != NULL ? end : "");
}

static char *
row_text(const struct row *r)
{
	int cache[HEAP_CLASSES];
	int n = caches_of(&r->peak, cache);
	char *s = table_printf("\t{ \"%s\", .frames = %d", r->name,
	    r->peak.n[0]);

	if (n == 0)
		return table_printf("%s },\n", s);
	/* The caches stand below: names in one column make a quiet diff. */
	s = append_frames(table_printf("%s,", s), r);
	s = table_printf("%s\n\t  .cache = {", s);
	for (int i = 0; i < n; i++)
		s = append(s, table_printf(" { \"%s\", %d }%s",
		    heap_class[cache[i]].name, r->peak.n[cache[i]],
		    i + 1 < n ? "," : ""), "\t      ");
	return table_printf("%s } },\n", s);
}

static char *
table_text(void)
{
	int n;
	const struct row **rows = rows_sorted(&n);
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	fputs(head, f);
	for (int i = 0; i < n; i++)
		fputs(row_text(rows[i]), f);
	fputs(tail, f);
	fclose(f);
	return text;
}

int
needs_write(const char *path)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(table_text(), f) == EOF || fclose(f) != 0) {
		perror(path);
		return -1;
	}
	return 0;
}

/* ---- the check ---- */

/* A row as a table says it. */
struct stated {
	const char	*name;
	long		frames;
	struct {
		const char	*name;
		long		n;
	} cache[HEAP_CLASSES];
	int		ncaches;
};

/*
 * Read the row that begins at s; its end, or NULL if s is none. It is our own
 * format that is read, with any layout, so that a hand's change is found.
 */
static const char *
stated_read(const char *s, struct stated *out)
{
	char name[64];
	int len = 0;
	long n;

	memset(out, 0, sizeof(*out));
	if (sscanf(s, " { \"%63[^\"]\"%n", name, &len) < 1 || len == 0)
		return NULL;
	out->name = table_printf("%s", name);
	for (s += len; *s != '\0' && *s != ';';) {
		len = 0;
		if (sscanf(s, ".frames = %ld%n", &n, &len) == 1 && len > 0) {
			out->frames = n;
		} else if (sscanf(s, "{ \"%63[^\"]\" , %ld }%n", name, &n,
		    &len) == 2 && len > 0 && out->ncaches < HEAP_CLASSES) {
			out->cache[out->ncaches].name =
			    table_printf("%s", name);
			out->cache[out->ncaches++].n = n;
		} else if (strncmp(s, "},\n", 3) == 0) {
			return s + 3;
		} else {
			len = 1;
		}
		s += len;
	}
	return s;
}

static struct stated *
stated_read_all(const char *text, int *n)
{
	struct stated *all = NULL, one;
	const char *s = strstr(text, "bound_needs[] = {\n");

	*n = 0;
	if (s == NULL)
		return NULL;
	s = strchr(s, '\n') + 1;
	while ((s = stated_read(s, &one)) != NULL) {
		TABLE_GROW(all, *n);
		all[(*n)++] = one;
	}
	return all;
}

static long
stated_count(const struct stated *s, const char *cache)
{
	for (int i = 0; i < s->ncaches; i++)
		if (strcmp(s->cache[i].name, cache) == 0)
			return s->cache[i].n;
	return 0;
}

static const char *
change(const char *says, const char *what, long old, long new)
{
	return table_printf("%s%s%s %ld -> %ld", says, *says != '\0' ? ", " :
	    "", what, old, new);
}

/* Say what differs in a row; true if anything does. */
static bool
differs(const struct stated *old, const struct stated *new)
{
	const char *says = "";

	if (old->frames != new->frames)
		says = change(says, "frames", old->frames, new->frames);
	for (int i = 0; i < new->ncaches; i++) {
		long was = stated_count(old, new->cache[i].name);

		if (was != new->cache[i].n)
			says = change(says, new->cache[i].name, was,
			    new->cache[i].n);
	}
	for (int i = 0; i < old->ncaches; i++)
		if (stated_count(new, old->cache[i].name) == 0 &&
		    old->cache[i].n != 0)
			says = change(says, old->cache[i].name,
			    old->cache[i].n, 0);
	if (*says == '\0')
		return false;
	printf("\t%s: %s\n", new->name, says);
	return true;
}

/* Both are sorted, unless a hand has been at the old one. */
static int
differences(struct stated *old, int nold, struct stated *new, int nnew)
{
	int count = 0;

	for (int i = 0; i < nnew; i++) {
		int k = 0;

		while (k < nold && strcmp(old[k].name, new[i].name) != 0)
			k++;
		if (k == nold) {
			printf("\t%s: a new row\n", new[i].name);
			count++;
		} else {
			count += differs(&old[k], &new[i]);
		}
	}
	for (int k = 0; k < nold; k++) {
		int i = 0;

		while (i < nnew && strcmp(old[k].name, new[i].name) != 0)
			i++;
		if (i == nnew) {
			printf("\t%s: is no row any more\n", old[k].name);
			count++;
		}
	}
	return count;
}

static char *
file_text(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t room = 0;

	if (f == NULL || getdelim(&text, &room, '\0', f) < 0)
		text = NULL;
	if (f != NULL)
		fclose(f);
	return text;
}

int
needs_check(const char *path)
{
	char *is = file_text(path), *must = table_text();
	struct stated *old, *new;
	int nold, nnew, count;

	if (is != NULL && strcmp(is, must) == 0)
		return 0;
	printf("%s is not what the source needs:\n", path);
	if (is == NULL) {
		perror(path);
		return 1;
	}
	old = stated_read_all(is, &nold);
	new = stated_read_all(must, &nnew);
	count = differences(old, nold, new, nnew);
	if (count == 0)
		printf("\tthe same needs, another layout or text\n");
	printf("\t`make bounds-update` writes it anew; look at the difference"
	    " before you commit it.\n");
	return count > 0 ? count : 1;
}
