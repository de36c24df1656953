/*
 * One call's effect on the state at a program point.
 *
 * What a call does depends on what it names: a point of reservation moves
 * segments, an allocation raises all that run, a free lowers those in which its
 * site is live, and any other function acts by its summary. A segment enters a
 * callee as that one's ENTRY, and comes back as what it left with: still ENTRY
 * (raised by its net), RENEWED (the caller's row, begun anew), no charge, or a
 * row begun there, which goes on in the caller.
 *
 * Invariant: a level never counts a free of what its segment did not take, so
 * it is at least what any run has taken since the segment began. Peaks are
 * recorded here, where levels rise, and in no trial run of a loop.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/bounds/diag.h"
#include "tools/bounds/flow.h"
#include "tools/bounds/heap_priv.h"

#define FILE_SLOT	"file_ops."

const struct trace **heap_row_trace;
uint64_t *heap_row_best;

/* ---- peaks ---- */

#define PATH_MAX_STEPS	64

void
heap_unreserved(const struct trace *t)
{
	struct diag_step step[PATH_MAX_STEPS];
	struct src at = { "?", 0 };
	int n = 0;

	while (t != NULL && n < PATH_MAX_STEPS) {
		if (t->kind != TRACE_LOOP) {
			if (n == 0)
				at = t->call->at;
			step[n++] = (struct diag_step){ t->call->caller,
			    t->call->at };
			if (t->kind != TRACE_CALL)
				break;
		}
		t = t->sub;
	}
	diag_at(E_UNRESERVED, at, "%s() takes memory here with no charge",
	    n > 0 ? step[0].fn->name : "?");
	diag_path(step, n);
}

void
heap_record(int seg, const struct need *v, const struct trace *t)
{
	int row = seg - SEG_ROW;

	if (seg == SEG_NONE && !need_is_zero(v))
		heap_unreserved(t);
	if (seg < SEG_ROW)
		return;
	(void)need_max(&heap_row[row].peak, v);
	if (need_bytes(v) > heap_row_best[row]) {
		heap_row_best[row] = need_bytes(v);
		heap_row_trace[row] = t;
	}
}

/* A segment reached level v, by t. */
static void
record(struct run *run, int seg, const struct need *v, const struct trace *t)
{
	struct summary *sum = run->sum;
	uint64_t bytes;

	if (run->quiet)
		return;
	bytes = need_bytes(v);
	switch (seg) {
	case SEG_ENTRY:
		if (bytes > sum->peak_best) {
			sum->peak_best = bytes;
			sum->peak_trace = t;
		}
		(void)need_max(&sum->peak, v);
		break;
	case SEG_RENEWED:
		if (bytes > sum->renewed_best) {
			sum->renewed_best = bytes;
			sum->renewed_trace = t;
		}
		(void)need_max(&sum->renewed, v);
		break;
	default:
		heap_record(seg, v, t);
	}
}

/* ---- points of reservation ---- */

static void
begin_note(struct run *run, int seg)
{
	run->begun[seg] = true;
}

/* The segment that begins where a renewal ends the one of seg. */
static int
renewed_seg(int seg)
{
	return seg == SEG_ENTRY ? SEG_RENEWED : seg;
}

static void
begin_at_zero(struct run *run, struct state *s, int seg)
{
	struct level zero = { .seg = seg };

	begin_note(run, seg);
	(void)state_join_level(s, &zero);
}

static void
reserve_renewed(struct run *run, struct state *s)
{
	struct state out = { 0 };

	for (int i = 0; i < s->n; i++) {
		if (s->level[i].suspended)
			(void)state_join_level(&out, &s->level[i]);
		else
			begin_at_zero(run, &out,
			    renewed_seg(s->level[i].seg));
	}
	state_free(s);
	*s = out;
}

static void
reserve_dropped(struct run *run, struct state *s)
{
	struct state out = { 0 };

	for (int i = 0; i < s->n; i++) {
		struct level l = s->level[i];

		l.suspended = true;
		(void)state_join_level(&out, &l);
	}
	begin_at_zero(run, &out, SEG_NONE);
	state_free(s);
	*s = out;
}

static void
reserve_resumed(struct run *run, struct state *s, const struct call *c)
{
	struct state out = { 0 };

	for (int i = 0; i < s->n; i++)
		if (s->level[i].suspended)
			begin_at_zero(run, &out,
			    renewed_seg(s->level[i].seg));
	if (out.n == 0 && !run->quiet)
		diag_at(E_ROW, c->at, "%s() resumes what was not dropped in "
		    "%s()", c->target[0]->name, c->caller->name);
	state_free(s);
	*s = out;
}

static void
begin_row(struct run *run, struct state *s, int row)
{
	state_clear(s);
	begin_at_zero(run, s, SEG_ROW + row);
}

/* file_reserve(f, op): a segment for each type. */
static void
begin_file(struct run *run, struct state *s, const struct call *c)
{
	LLVMValueRef arg = call_arg(c, fact_num(c->target[0]->fact, "arg", 1));
	int64_t op;
	bool known = value_const(arg, &op);

	state_clear(s);
	for (int t = 0; t < heap_ntypes; t++) {
		int row = heap_type_row(t, known ? op : 0);

		for (int64_t k = 1; row >= 0; k++) {
			begin_at_zero(run, s, SEG_ROW + row);
			if (known || row == heap_type[t].unrowed)
				break;
			row = heap_type_row(t, k);
		}
	}
}

static void
reserve_apply(struct run *run, struct state *s, const struct call *c)
{
	const struct fact *fact = c->target[0]->fact;
	const char *kind = fact_get(fact, "kind", "");

	if (strcmp(kind, "renew") == 0) {
		reserve_renewed(run, s);
	} else if (strcmp(kind, "drop") == 0) {
		reserve_dropped(run, s);
	} else if (strcmp(kind, "resume") == 0) {
		reserve_resumed(run, s, c);
	} else if (strcmp(kind, "end") == 0) {
		state_clear(s);
		begin_at_zero(run, s, SEG_NONE);
	} else if (strcmp(kind, "file") == 0) {
		begin_file(run, s, c);
	} else {
		const char *name = fact_get(fact, "row", NULL);
		int row = name != NULL ? heap_row_named(name) :
		    heap_row_of(call_arg(c, fact_num(fact, "arg", 0)));

		if (row >= 0) {
			begin_row(run, s, row);
		} else if (!run->quiet) {
			diag_at(E_ROW, c->at, "%s() in %s(): the row is not "
			    "constant", c->target[0]->name, c->caller->name);
		}
	}
}

/* ---- allocations, frees, calls ---- */

static void
alloc_apply(struct run *run, struct state *s, const struct call *c)
{
	int cls = heap_class_of(c), site = credit_site_of(run->fn, c);

	if (cls < 0)
		return;
	for (int i = 0; i < s->n; i++) {
		struct level *l = &s->level[i];

		if (l->suspended)
			continue;
		l->v.n[cls]++;
		l->trace = trace_step(l->trace, TRACE_ALLOC, c, cls, NULL);
		if (site >= 0)
			l->live |= 1ull << site;
		record(run, l->seg, &l->v, l->trace);
	}
}

static void
free_apply(struct run *run, struct state *s, const struct call *c)
{
	int site = credit_freed_site(run->fn, c), cls;

	if (site < 0)
		return;
	cls = credit_site_class(run->fn, site);
	for (int i = 0; i < s->n; i++) {
		struct level *l = &s->level[i];

		if (l->suspended || !(l->live & 1ull << site))
			continue;
		l->live &= ~(1ull << site);
		l->v.n[cls]--;
		l->trace = trace_step(l->trace, TRACE_FREE, c, cls, NULL);
	}
}

bool
heap_is_file_call(const struct call *c)
{
	return c->slot != NULL &&
	    strncmp(c->slot, FILE_SLOT, strlen(FILE_SLOT)) == 0;
}

static int
seg_type(const struct run *run, int seg)
{
	if (seg == SEG_ENTRY || seg == SEG_RENEWED)
		return run->type;
	return seg >= SEG_ROW ? heap_row_type(seg - SEG_ROW) : -1;
}

static void
need_sum(struct need *v, const struct need *w)
{
	for (int c = 0; c < heap_nclasses; c++)
		v->n[c] += w->n[c];
}

/* Segment l enters one target, by its summary; what comes back joins out. */
static void
enter(struct run *run, struct state *out, const struct level *l,
    const struct call *c, const struct summary *sum)
{
	struct level back = *l;
	int renewed = renewed_seg(l->seg);

	if (!need_is_zero(&sum->peak)) {
		need_sum(&back.v, &sum->peak);
		record(run, l->seg, &back.v,
		    trace_call(l->trace, c, sum->peak_trace));
	}
	if (!need_is_zero(&sum->renewed))
		record(run, renewed, &sum->renewed,
		    trace_call(NULL, c, sum->renewed_trace));
	for (int i = 0; i < sum->exit.n; i++) {
		const struct level *e = &sum->exit.level[i];

		if (e->suspended)
			continue;
		back = *l;
		if (e->seg == SEG_ENTRY) {
			need_sum(&back.v, &e->v);
			if (!need_is_zero(&e->v))
				back.trace = trace_call(l->trace, c, e->trace);
		} else {
			back = *e;
			back.seg = e->seg == SEG_RENEWED ? renewed : e->seg;
			back.live = 0;
			back.trace = trace_call(NULL, c, e->trace);
			begin_note(run, back.seg);
		}
		(void)state_join_level(out, &back);
	}
}

static void
enter_all(struct run *run, struct state *out, const struct level *l,
    const struct call *c)
{
	int type = seg_type(run, l->seg);

	if (type >= 0 && heap_is_file_call(c)) {
		struct fn *f = flow_ops_field(heap_type[type].ops, c->slot);

		/* H3; a type without this operation never comes here. */
		if (f != NULL)
			enter(run, out, l, c, heap_summary(f, -1));
		return;
	}
	for (int i = 0; i < c->ntargets; i++)
		enter(run, out, l, c, heap_summary(c->target[i], type));
	if (c->ntargets == 0)
		(void)state_join_level(out, l);
}

static void
call_apply(struct run *run, struct state *s, const struct call *c)
{
	struct state out = { 0 };
	int site;

	for (int i = 0; i < s->n; i++) {
		if (s->level[i].suspended)
			(void)state_join_level(&out, &s->level[i]);
		else
			enter_all(run, &out, &s->level[i], c);
	}
	state_free(s);
	*s = out;
	site = credit_site_of(run->fn, c);
	if (site >= 0 && heap_summary(c->target[0], -1)->fresh)
		for (int i = 0; i < s->n; i++)
			if (!s->level[i].suspended)
				s->level[i].live |= 1ull << site;
	free_apply(run, s, c);
}

bool
heap_looks_into(const struct fn *f)
{
	return f->is_defined && (f->fact == NULL ||
	    f->fact->role == ROLE_USERCOPY || f->fact->role == ROLE_ROOT);
}

void
heap_step(struct run *run, struct state *s, const struct call *c)
{
	const struct fn *f = c->ntargets == 1 ? c->target[0] : NULL;

	if (s->n == 0)
		return;
	if (f != NULL && f->is_noreturn)
		state_clear(s);
	else if (f != NULL && fn_is(f, ROLE_ALLOC))
		alloc_apply(run, s, c);
	else if (f != NULL && fn_is(f, ROLE_FREE))
		free_apply(run, s, c);
	else if (f != NULL && fn_is(f, ROLE_RESERVE))
		reserve_apply(run, s, c);
	else if (f == NULL || heap_looks_into(f))
		call_apply(run, s, c);
}
