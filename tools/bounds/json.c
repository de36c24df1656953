/*
 * All results as JSON, for the page, for diff, and for other people's tools:
 *
 *	tool		format (of this file), version, llvm
 *	program		modules, functions, calls: how many
 *	classes		name, size, per_frame: [0] is frames taken singly
 *	rows		name, kind, frames, bytes, at, need {class: objects},
 *			elsewhere {class: objects that the path lacks}, path;
 *			file operations: ops, field
 *	errors		code, at, text, mend, path; warnings the same
 *	trusted		the facts: role, name, at, args, why
 *	annotations	kind (bound, paid), fn, at, turns, why
 *	loops		total, allocating; and of these constant, stated, paid
 *	indirect	calls, targets (of all), most, most_at
 *	stack		name, kernel, kind, bytes, interrupt (on top, in bytes),
 *			limit, path
 *
 * A row's path is a tree: a node has "fn", "at" (where it is called; the root:
 * where it stands), "slot" (of an indirect call) and "calls"; an allocation
 * has "class", "count" (with all turns; negative: given back) and "turns".
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <llvm/Config/llvm-config.h>

#include "tools/bounds/diag.h"
#include "tools/bounds/facts.h"
#include "tools/bounds/flow.h"
#include "tools/bounds/output.h"
#include "tools/bounds/path.h"
#include "tools/bounds/stack.h"
#include "tools/bounds/table.h"

#define JSON_FORMAT	1
#define JSON_DEPTH	64
#define LINES_TO	3	/* deeper nests stand on one line */

struct json {
	FILE	*f;
	int	depth;
	bool	has[JSON_DEPTH];	/* an element before this one */
};

/* ---- the writer ---- */

static void
json_text(struct json *j, const char *s)
{
	fputc('"', j->f);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(j->f, "\\%c", *s);
		else if ((unsigned char)*s < ' ')
			fprintf(j->f, "\\u%04x", *s);
		else
			fputc(*s, j->f);
	}
	fputc('"', j->f);
}

/* Before an element: its comma, its line, its key. */
static void
json_begin(struct json *j, const char *key)
{
	int at = j->depth < JSON_DEPTH ? j->depth : JSON_DEPTH - 1;

	if (j->has[at])
		fputs(j->depth < LINES_TO ? "," : ", ", j->f);
	j->has[at] = true;
	if (j->depth > 0 && j->depth < LINES_TO)
		fprintf(j->f, "\n%*s", j->depth, "");
	if (key != NULL) {
		json_text(j, key);
		fputs(": ", j->f);
	}
}

static void
json_open(struct json *j, const char *key, char brace)
{
	json_begin(j, key);
	fputc(brace, j->f);
	if (++j->depth < JSON_DEPTH)
		j->has[j->depth] = false;
}

static void
json_close(struct json *j, char brace)
{
	j->depth--;
	if (j->depth + 1 < LINES_TO)
		fprintf(j->f, "\n%*s", j->depth, "");
	fputc(brace, j->f);
}

static void
json_str(struct json *j, const char *key, const char *s)
{
	json_begin(j, key);
	json_text(j, s);
}

static void
json_num(struct json *j, const char *key, int64_t n)
{
	json_begin(j, key);
	fprintf(j->f, "%" PRId64, n);
}

static void
json_src(struct json *j, const char *key, struct src at)
{
	json_str(j, key, table_printf("%s:%u", at.file, at.line));
}

/* ---- rows ---- */

static void
put_need(struct json *j, const char *key, const struct need *v)
{
	json_open(j, key, '{');
	for (int c = 0; c < heap_nclasses; c++)
		if (v->n[c] != 0)
			json_num(j, heap_class[c].name, v->n[c]);
	json_close(j, '}');
}

static void
put_path(struct json *j, const char *key, const struct path *p)
{
	json_open(j, key, '{');
	json_str(j, "fn", p->fn);
	json_src(j, "at", p->at);
	if (p->slot != NULL)
		json_str(j, "slot", p->slot);
	if (p->is_event) {
		json_str(j, "class", heap_class[p->cls].name);
		json_num(j, "count", p->count);
		json_num(j, "turns", p->turns);
	}
	if (p->nkids > 0) {
		json_open(j, "calls", '[');
		for (int i = 0; i < p->nkids; i++)
			put_path(j, NULL, &p->kid[i]);
		json_close(j, ']');
	}
	json_close(j, '}');
}

static void
put_row(struct json *j, const struct row *r)
{
	struct need path, elsewhere = { 0 };
	struct path *tree;
	struct heap_event *event;
	int n;

	event = heap_why_row(r, &n);
	tree = path_tree(event, n, r->name, r->at);
	path = path_peak(tree);
	for (int c = 0; c < heap_nclasses; c++)
		if (r->peak.n[c] > path.n[c])
			elsewhere.n[c] = r->peak.n[c] - path.n[c];
	json_open(j, NULL, '{');
	json_str(j, "name", r->name);
	json_str(j, "kind", row_kind_name(r->kind));
	json_num(j, "frames", r->frames);
	json_num(j, "bytes", need_bytes(&r->peak));
	json_src(j, "at", r->at);
	if (r->ops != NULL)
		json_str(j, "ops", r->ops);
	if (r->field != NULL)
		json_str(j, "field", r->field);
	put_need(j, "need", &r->peak);
	put_need(j, "elsewhere", &elsewhere);
	if (n > 0)
		put_path(j, "path", tree);
	json_close(j, '}');
}

static void
put_rows(struct json *j)
{
	int n;
	const struct row **rows = rows_sorted(&n);

	json_open(j, "rows", '[');
	for (int i = 0; i < n; i++)
		put_row(j, rows[i]);
	json_close(j, ']');
}

static void
put_classes(struct json *j)
{
	json_open(j, "classes", '[');
	for (int c = 0; c < heap_nclasses; c++) {
		json_open(j, NULL, '{');
		json_str(j, "name", heap_class[c].name);
		json_num(j, "size", heap_class[c].size);
		json_num(j, "per_frame", heap_class[c].per_frame);
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* ---- messages and what is trusted ---- */

static void
put_messages(struct json *j, const char *key, char letter)
{
	const struct diag_message *m;
	int n;

	m = diag_messages(&n);
	json_open(j, key, '[');
	for (int i = 0; i < n; i++) {
		if (*diag_code(m[i].code) != letter)
			continue;
		json_open(j, NULL, '{');
		json_str(j, "code", diag_code(m[i].code));
		json_src(j, "at", m[i].at);
		json_str(j, "text", m[i].text);
		json_str(j, "mend", diag_mend(m[i].code));
		json_open(j, "path", '[');
		for (int k = 0; k < m[i].nsteps; k++) {
			json_open(j, NULL, '{');
			json_str(j, "fn", m[i].step[k].fn->name);
			json_src(j, "at", m[i].step[k].at);
			json_close(j, '}');
		}
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void
put_facts(struct json *j)
{
	json_open(j, "trusted", '[');
	for (int i = 0; i < facts.nfacts; i++) {
		const struct fact *f = &facts.fact[i];

		json_open(j, NULL, '{');
		json_str(j, "role", fact_role_name(f->role));
		json_str(j, "name", f->name != NULL ? f->name : "");
		json_src(j, "at", (struct src){ f->file, f->line });
		json_open(j, "args", '{');
		for (int k = 0; k < f->nargs; k++)
			json_str(j, f->arg[k].key, f->arg[k].value);
		json_close(j, '}');
		json_str(j, "why", f->why != NULL ? f->why : "");
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* ---- annotations ---- */

struct annotation {
	const struct fn		*fn;
	const struct loop	*loop;
};

static int
compare_src(struct src a, struct src b)
{
	int d = strcmp(a.file, b.file);

	return d != 0 ? d : (a.line > b.line) - (a.line < b.line);
}

static int
compare_annotations(const void *a, const void *b)
{
	const struct annotation *x = a, *y = b;
	int d = compare_src(x->loop->marker->at, y->loop->marker->at);

	return d != 0 ? d : strcmp(x->fn->name, y->fn->name);
}

/* Loops that people have made a claim of. */
static struct annotation *
annotations(int *n)
{
	struct annotation *all = NULL;

	*n = 0;
	for (int i = 0; i < prog.nfns; i++) {
		const struct fn *f = prog.fn[i];

		for (int k = 0; k < f->nloops; k++) {
			if (f->loop[k].marker == NULL)
				continue;
			TABLE_GROW(all, *n);
			all[(*n)++] = (struct annotation){ f, &f->loop[k] };
		}
	}
	qsort(all, *n, sizeof(*all), compare_annotations);
	return all;
}

/* An inline function of a header is in many modules, and is one claim. */
static bool
is_repeated(const struct annotation *a, int i)
{
	return i > 0 && compare_annotations(&a[i - 1], &a[i]) == 0;
}

static void
put_annotations(struct json *j)
{
	int n;
	struct annotation *a = annotations(&n);

	json_open(j, "annotations", '[');
	for (int i = 0; i < n; i++) {
		const struct loop *l = a[i].loop;

		if (is_repeated(a, i))
			continue;
		json_open(j, NULL, '{');
		json_str(j, "kind", l->kind == LOOP_PAID ? "paid" : "bound");
		json_str(j, "fn", a[i].fn->name);
		json_src(j, "at", l->marker->at);
		json_num(j, "turns", l->kind == LOOP_PAID ? 0 : l->turns);
		json_str(j, "why", src_reason(l->marker->at));
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* ---- figures ---- */

static void
put_program(struct json *j)
{
	int defined = 0, calls = 0;

	for (int i = 0; i < prog.nfns; i++) {
		defined += prog.fn[i]->is_defined;
		calls += prog.fn[i]->ncalls;
	}
	json_open(j, "program", '{');
	json_num(j, "modules", prog.nmodules);
	json_num(j, "functions", defined);
	json_num(j, "calls", calls);
	json_close(j, '}');
}

static void
put_loops(struct json *j)
{
	struct heap_loops l;

	heap_loops(&l);
	json_open(j, "loops", '{');
	json_num(j, "total", l.total);
	json_num(j, "allocating", l.allocating);
	json_num(j, "constant", l.constant);
	json_num(j, "stated", l.stated);
	json_num(j, "paid", l.paid);
	json_close(j, '}');
}

static void
put_indirect(struct json *j)
{
	const struct call *most = NULL;
	int ncalls, ntargets;

	flow_stats(&ncalls, &ntargets);
	for (int i = 0; i < prog.nfns; i++)
		for (int k = 0; k < prog.fn[i]->ncalls; k++) {
			const struct call *c = &prog.fn[i]->call[k];

			if (c->indirect &&
			    (most == NULL || c->ntargets > most->ntargets))
				most = c;
		}
	json_open(j, "indirect", '{');
	json_num(j, "calls", ncalls);
	json_num(j, "targets", ntargets);
	if (most != NULL) {
		json_num(j, "most", most->ntargets);
		json_src(j, "most_at", most->at);
	}
	json_close(j, '}');
}

static void
put_stack(struct json *j)
{
	json_open(j, "stack", '[');
	for (int i = 0; i < stack_nentries; i++) {
		const struct stack_entry *e = &stack_entry[i];

		json_open(j, NULL, '{');
		json_str(j, "name", e->name);
		json_str(j, "kernel", e->kernel);
		json_str(j, "kind", e->kind);
		json_num(j, "bytes", stack_total(e));
		json_num(j, "interrupt", e->irq);
		json_num(j, "limit", e->limit);
		json_open(j, "path", '[');
		for (int k = 0; k < e->npath; k++) {
			json_open(j, NULL, '{');
			json_str(j, "fn", e->path[k].name);
			json_num(j, "bytes", e->path[k].bytes);
			if (e->path[k].at.line != 0)
				json_src(j, "at", e->path[k].at);
			json_close(j, '}');
		}
		json_close(j, ']');
		json_close(j, '}');
	}
	json_close(j, ']');
}

int
json_write(const char *path)
{
	struct json j = { .f = fopen(path, "w") };

	if (j.f == NULL) {
		perror(path);
		return -1;
	}
	json_open(&j, NULL, '{');
	json_open(&j, "tool", '{');
	json_num(&j, "format", JSON_FORMAT);
	json_str(&j, "version", BOUNDS_VERSION);
	json_str(&j, "llvm", LLVM_VERSION_STRING);
	json_close(&j, '}');
	put_program(&j);
	put_classes(&j);
	put_rows(&j);
	put_messages(&j, "errors", 'E');
	put_messages(&j, "warnings", 'W');
	put_facts(&j);
	put_annotations(&j);
	put_loops(&j);
	put_indirect(&j);
	put_stack(&j);
	json_close(&j, '}');
	fputc('\n', j.f);
	if (ferror(j.f) | fclose(j.f)) {
		perror(path);
		return -1;
	}
	return 0;
}
