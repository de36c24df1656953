/*
 * `bounds why NAME`: where a bound comes from, line by line.
 *
 *	  total   takes
 *	      0          sys_pipe2    kernel/syscall/sys_pipe.c:31
 *	      0            pipe_create    kernel/syscall/sys_pipe.c:40
 *	      1   1 pipe     kmem_get    kernel/file/pipe.c:120
 *
 * A line is a call, below the one that makes it; the place is where the call
 * stands. takes is what an allocation takes with all the turns of the loops
 * around it, total the frames so far. The bound is the maximum of each class by
 * itself, so where one class has its maximum on another path the total ends
 * below the bound, and the last lines say by what.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/bounds/output.h"
#include "tools/bounds/path.h"
#include "tools/bounds/stack.h"
#include "tools/bounds/table.h"

#define TAKES_WIDTH	22
#define LIKE_MAX	12	/* names to suggest */

const char *
row_kind_name(enum row_kind kind)
{
	static const char *const name[] = {
		[ROW_SYSCALL]	= "system call",
		[ROW_STEP]	= "step",
		[ROW_FILE_OP]	= "file operation",
		[ROW_ROOT]	= "root",
	};

	return name[kind];
}

static const char *
class_amount(int cls, int64_t n)
{
	return table_printf("%lld %s%s", (long long)n, heap_class[cls].name,
	    cls == 0 && n != 1 && n != -1 ? "s" : "");
}

static const char *
event_takes(const struct path *p)
{
	const char *s = p->count >= 0 ? class_amount(p->cls, p->count) :
	    table_printf("gives back %s", class_amount(p->cls, -p->count));

	if (p->turns > 1)
		s = table_printf("%s (%lld turns)", s, (long long)p->turns);
	return s;
}

struct why {
	FILE		*out;
	struct need	sum;
};

static void
print_path(struct why *w, const struct path *p, int depth)
{
	const char *takes = "";
	const char *slot = p->slot == NULL ? "" :
	    table_printf(" [%s]", p->slot);

	if (p->is_event) {
		w->sum.n[p->cls] += p->count;
		takes = event_takes(p);
	}
	fprintf(w->out, "%7u  %-*s  %*s%s%s  %s:%u\n", need_frames(&w->sum),
	    TAKES_WIDTH, takes, 2 * depth, "", p->fn, slot, p->at.file,
	    p->at.line);
	for (int i = 0; i < p->nkids; i++)
		print_path(w, &p->kid[i], depth + 1);
}

static void
print_need(FILE *out, const struct need *v)
{
	for (int c = 0; c < heap_nclasses; c++) {
		uint32_t per = heap_class[c].per_frame;

		if (v->n[c] <= 0)
			continue;
		fprintf(out, "%7u  %s", (v->n[c] + per - 1) / per,
		    class_amount(c, v->n[c]));
		if (c != 0)
			fprintf(out, " of %u bytes, %u to a frame",
			    heap_class[c].size, per);
		fprintf(out, "\n");
	}
}

/* Classes that need more than this path ever has. */
static void
print_elsewhere(FILE *out, const struct need *peak, const struct path *tree)
{
	const struct need path = path_peak(tree);
	bool any = false;

	for (int c = 0; c < heap_nclasses; c++) {
		if (peak->n[c] <= path.n[c])
			continue;
		if (!any)
			fprintf(out, "Other paths take more of:\n");
		any = true;
		fprintf(out, "         %s, where this one has %d\n",
		    class_amount(c, peak->n[c]), path.n[c]);
	}
}

static void
print_events(FILE *out, const struct heap_event *event, int n,
    const char *name, struct src at, const struct need *peak)
{
	struct path *tree = path_tree(event, n, name, at);
	struct why w = { .out = out };

	if (n == 0)
		return;
	fprintf(out, "\n  total  %-*s  call\n", TAKES_WIDTH, "takes");
	print_path(&w, tree, 0);
	if (peak != NULL)
		print_elsewhere(out, peak, tree);
}

static void
print_row(FILE *out, const struct row *r)
{
	struct heap_event *event;
	int n;

	event = heap_why_row(r, &n);
	fprintf(out, "%s (%s, %s:%u): at most %u frames, %llu KiB\n", r->name,
	    row_kind_name(r->kind), r->at.file, r->at.line, r->frames,
	    (unsigned long long)r->frames * 4);
	print_need(out, &r->peak);
	print_events(out, event, n, r->name, r->at, &r->peak);
}

static void
print_fn(FILE *out, const struct fn *f)
{
	struct heap_event *event;
	struct need sum;
	int n;

	event = heap_why_fn(f, &n);
	sum = path_peak(path_tree(event, n, f->name, f->at));
	fprintf(out, "%s (function, %s:%u): %u frames on its costliest path\n",
	    f->name, f->at.file, f->at.line, need_frames(&sum));
	print_need(out, &sum);
	print_events(out, event, n, f->name, f->at, NULL);
}

static const struct row *
row_named(const char *name)
{
	const char *sys = table_printf("sys_%s", name);
	const struct row *found = NULL;

	for (int i = 0; i < heap_nrows; i++) {
		if (strcmp(heap_row[i].name, name) == 0)
			return &heap_row[i];
		if (strcmp(heap_row[i].name, sys) == 0)
			found = &heap_row[i];
	}
	return found;
}

static void
suggest(const char *name)
{
	int n, shown = 0;
	const struct row **rows = rows_sorted(&n);

	fprintf(stderr, "bounds: no row or function %s", name);
	for (int i = 0; i < n && shown < LIKE_MAX; i++)
		if (strstr(rows[i]->name, name) != NULL)
			fprintf(stderr, "%s %s", shown++ == 0 ? "; is it one of"
			    : ",", rows[i]->name);
	for (int i = 0; i < prog.nfns && shown < LIKE_MAX; i++)
		if (prog.fn[i]->is_defined &&
		    strstr(prog.fn[i]->name, name) != NULL)
			fprintf(stderr, "%s %s()", shown++ == 0 ?
			    "; is it one of" : ",", prog.fn[i]->name);
	fprintf(stderr, "%s\n", shown > 0 ? "?" : "");
}

int
why_print(FILE *out, const char *name)
{
	const struct row *r = row_named(name);
	const struct fn *f;

	if (r != NULL) {
		print_row(out, r);
		return 0;
	}
	f = prog_fn_named(name);
	if (f == NULL || !f->is_defined) {
		suggest(name);
		return -1;
	}
	print_fn(out, f);
	return 0;
}

int
why_stack_print(FILE *out, const char *name)
{
	return stack_print_why(out, name);
}
