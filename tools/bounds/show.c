/*
 * Lists of calls and loops. The list of edges is what a record of real calls is
 * checked against (tests/bounds/check-edges):
 *	caller callee d|i|a file:line callee's-file	(direct, indirect, of
 *							assembly: its fact)
 * An indirect call that goes nowhere (E-ICALL, W-TRUST) has callee "-".
 */

#include <string.h>

#include "tools/bounds/diag.h"
#include "tools/bounds/facts.h"
#include "tools/bounds/flow.h"
#include "tools/bounds/output.h"
#include "tools/bounds/prog.h"
#include "tools/bounds/show.h"
#include "tools/bounds/table.h"

static void
show_call(FILE *out, const struct call *c)
{
	int i;

	fprintf(out, "%s:%u: %s: %s ->", c->at.file, c->at.line,
	    c->caller->name, c->slot ? c->slot : "?");
	for (i = 0; i < c->ntargets; i++)
		fprintf(out, " %s", c->target[i]->name);
	fprintf(out, "%s\n", c->ntargets == 0 ? " nothing" : "");
}

void
show_calls(FILE *out)
{
	const struct fn *f;
	int i, j;

	for (i = 0; i < prog.nfns; i++) {
		f = prog.fn[i];
		for (j = 0; j < f->ncalls; j++)
			if (f->call[j].indirect)
				show_call(out, &f->call[j]);
	}
}

static void
show_loop(FILE *out, const struct fn *f, const struct loop *l)
{
	const char *reason;

	fprintf(out, "%s:%u: %s: ", l->at.file, l->at.line, f->name);
	switch (l->kind) {
	case LOOP_UNKNOWN:
		fprintf(out, "unknown\n");
		return;
	case LOOP_CONSTANT:
		fprintf(out, "constant %lld\n", (long long)l->turns);
		return;
	case LOOP_STATED:
		fprintf(out, "stated %lld", (long long)l->turns);
		break;
	case LOOP_PAID:
		fprintf(out, "paid");
		break;
	}
	reason = src_reason(l->at);
	fprintf(out, "%s%s\n", reason[0] ? ": " : "", reason);
}

void
show_loops(FILE *out)
{
	int i, j;

	for (i = 0; i < prog.nfns; i++)
		for (j = 0; j < prog.fn[i]->nloops; j++)
			show_loop(out, prog.fn[i], &prog.fn[i]->loop[j]);
}

/* callee NULL: nowhere. */
static void
show_edge(FILE *out, const char *caller, const struct fn *callee, char kind,
    struct src at)
{
	fprintf(out, "%s %s %c %s:%u %s\n", caller,
	    callee ? callee->name : "-", kind, at.file, at.line,
	    callee && callee->at.file ? callee->at.file : "?");
}

/* What a fact says that assembly calls: functions, or what is in slots. */
static void
show_fact_edges(FILE *out, const struct fact *fact)
{
	char *list = table_printf("%s", fact_get(fact, "calls", "")), *save;
	struct src at = { fact->file, fact->line };
	struct fn **to, *f;
	char *name;
	int i, n;

	for (name = strtok_r(list, ",", &save); name != NULL;
	    name = strtok_r(NULL, ",", &save)) {
		to = &f;
		f = NULL;
		if (strchr(name, '.') != NULL)
			to = flow_slot(name, &n);
		else
			n = (f = prog_fn_named(name)) != NULL;
		for (i = 0; i < n; i++)
			show_edge(out, fact->name, to[i], 'a', at);
	}
}

bool
show_edges(const char *path)
{
	FILE *out = fopen(path, "w");
	const struct call *c;
	int i, j, t;
	bool ok;

	if (out == NULL) {
		fprintf(stderr, "bounds: cannot write %s\n", path);
		return false;
	}
	for (i = 0; i < prog.nfns; i++)
		for (j = 0; j < prog.fn[i]->ncalls; j++) {
			c = &prog.fn[i]->call[j];
			for (t = 0; t < c->ntargets; t++)
				show_edge(out, c->caller->name, c->target[t],
				    c->indirect ? 'i' : 'd', c->at);
			if (c->indirect && c->ntargets == 0)
				show_edge(out, c->caller->name, NULL, 'i',
				    c->at);
		}
	for (i = 0; i < facts.nfacts; i++)
		if (facts.fact[i].role == ROLE_ASM)
			show_fact_edges(out, &facts.fact[i]);
	ok = !ferror(out);
	return fclose(out) == 0 && ok;
}

void
show_summary(FILE *out)
{
	static const char *const kinds[] = { "unknown", "constant", "stated",
	    "paid" };
	int i, j, defined = 0, calls = 0, icalls = 0, itargets = 0;
	int loops[4] = { 0 };

	for (i = 0; i < prog.nfns; i++) {
		defined += prog.fn[i]->is_defined;
		calls += prog.fn[i]->ncalls;
		for (j = 0; j < prog.fn[i]->nloops; j++)
			loops[prog.fn[i]->loop[j].kind]++;
	}
	flow_stats(&icalls, &itargets);
	fprintf(out, "%d modules, %d functions, %d calls (%d indirect, "
	    "%.1f targets each)\nloops:", prog.nmodules, defined, calls,
	    icalls, icalls ? (double)itargets / icalls : 0.0);
	for (i = 0; i < 4; i++)
		fprintf(out, " %d %s%s", loops[i], kinds[i], i < 3 ? "," : "");
	fprintf(out, "\n%d errors, %d warnings\n", diag_errors(),
	    diag_warnings());
}
