/*
 * The abstract execution behind the heap bound; heap.c has the theory.
 *
 * A function runs block by block in reverse post-order; a loop runs as one
 * step of what is around it (H1): its body is run on the state at its head
 * until nothing new arrives by the latches, or until the growth per turn is
 * known. Only the last of these runs delivers to the loop's exits and counts
 * for the peaks.
 */
#include <llvm-c/Core.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bounds/diag.h"
#include "tools/bounds/flow.h"
#include "tools/bounds/heap_priv.h"

struct growth {
	int		loop;
	struct state	d;		/* growth per turn, by segment; its
					 * traces: a turn's beginning */
	struct state	head;		/* where turns begin */
	struct state	floor;		/* never below, where begun anew */
	bool		*begun;
	struct growth	*outer;
};

/* Per function: its summaries, [0] for any type, [1 + type]. */
struct heap_fn {
	struct summary	*summary;
	bool		*loop_grows;	/* [fn.nloops] in some context */
	bool		reaches_files;
	bool		reach_known;
};

static struct heap_fn *
heap_fn(struct fn *f)
{
	struct heap_fn *h = f->heap;

	if (h == NULL) {
		h = f->heap = calloc(1, sizeof(*h));
		h->summary = calloc(heap_ntypes + 1, sizeof(*h->summary));
		h->loop_grows = calloc(f->nloops + 1, sizeof(bool));
	}
	return h;
}

/* ---- blocks and loops ---- */

static bool
loop_has(const struct fn *f, int loop, int block)
{
	return loop < 0 || f->loop[loop].in[block];
}

/* The loop directly inside `loop` that holds block, or `loop` itself. */
static int
loop_below(const struct fn *f, int loop, int block)
{
	int l = f->block[block].loop;

	while (l != loop && l >= 0 && f->loop[l].parent != loop)
		l = f->loop[l].parent;
	return l;
}

/* A turn of a growing loop begins: what is on top is this turn's only. */
static void
turn_begin(struct run *run, struct state *s, int block)
{
	for (struct growth *g = run->growth; g != NULL; g = g->outer) {
		if (run->fn->loop[g->loop].turn_block != block)
			continue;
		for (int i = 0; i < s->n; i++) {
			struct level *l = &s->level[i];
			struct level *d = state_find(&g->d, l->seg,
			    l->suspended);
			struct level *fl = state_find(&g->floor, l->seg,
			    l->suspended), *at;

			for (int c = 0; d != NULL && c < heap_nclasses; c++) {
				int now = l->v.n[c] - d->v.n[c];

				if (g->begun[l->seg] && fl != NULL &&
				    now < fl->v.n[c])
					now = fl->v.n[c] < l->v.n[c] ?
					    fl->v.n[c] : l->v.n[c];
				l->v.n[c] = now;
			}
			at = state_find(&g->head, l->seg, l->suspended);
			if (d != NULL && at != NULL && l->trace == at->trace)
				l->trace = d->trace;
		}
	}
}

static void	loop_run(struct run *run, int loop, struct state *outer_latch,
		    struct state *outer_exits);

/* Run a block of region `loop` itself on what has arrived there. */
static void
block_run(struct run *run, int loop, int b, struct state *latch,
    struct state *exits)
{
	const struct fn *f = run->fn;
	const struct block *blk = &f->block[b];
	struct state s = { 0 };

	state_copy(&s, &run->in[b]);
	turn_begin(run, &s, b);
	for (int c = 0; c < blk->ncalls; c++)
		heap_step(run, &s, &f->call[blk->call + c]);
	if (!run->quiet && LLVMIsAReturnInst(
	    LLVMGetBasicBlockTerminator(blk->bb)) != NULL)
		(void)state_join(&run->sum->exit, &s);
	for (int i = 0; i < blk->nsucc; i++) {
		int to = blk->succ[i];

		if (loop >= 0 && to == f->loop[loop].head)
			(void)state_join(latch, &s);
		else if (loop_has(f, loop, to))
			(void)state_join(&run->in[to], &s);
		else if (exits != NULL)
			(void)state_join(&exits[to], &s);
	}
	state_free(&s);
}

/*
 * Run the blocks of a loop (-1: the function) once, from head on. What comes
 * back to the head joins latch; what leaves the loop joins exits[block].
 */
static void
region_run(struct run *run, int loop, const struct state *head,
    struct state *latch, struct state *exits)
{
	const struct fn *f = run->fn;

	for (int b = 0; b < f->nblocks; b++)
		if (loop_has(f, loop, b))
			state_clear(&run->in[b]);
	(void)state_join(&run->in[loop < 0 ? 0 : f->loop[loop].head], head);
	for (int r = 0; r < f->nrpo; r++) {
		int b = f->rpo[r], inner = loop_below(f, loop, b);

		if (!loop_has(f, loop, b) || run->in[b].n == 0)
			continue;
		if (inner == loop)
			block_run(run, loop, b, latch, exits);
		else if (f->loop[inner].head == b)
			loop_run(run, inner, latch, exits);
	}
}

/* after - before, where positive; true if there is any. */
static bool
state_growth(struct state *d, const struct state *before,
    const struct state *after)
{
	bool any = false;

	for (int i = 0; i < after->n; i++) {
		const struct level *a = &after->level[i];
		const struct level *b = state_find(before, a->seg,
		    a->suspended);
		struct level *g;

		if (b == NULL || a->suspended)
			continue;
		g = state_add(d, a->seg, false);
		g->trace = a->trace;
		for (int c = 0; c < heap_nclasses; c++) {
			g->v.n[c] = a->v.n[c] - b->v.n[c];
			any |= g->v.n[c] > 0;
		}
	}
	return any;
}

/* A loop grows by d each turn and nobody says how many turns it takes. */
static void
loop_report(struct run *run, const struct loop *lp, const struct state *d)
{
	char what[200] = "";

	for (int i = 0; i < d->n && what[0] == 0; i++)
		for (int c = 0; c < heap_nclasses; c++)
			if (d->level[i].v.n[c] > 0)
				snprintf(what + strlen(what),
				    sizeof(what) - strlen(what), "%s%d %s",
				    what[0] ? ", " : "",
				    d->level[i].v.n[c], heap_class[c].name);
	diag_at(E_LOOP, lp->at, "this loop in %s() takes %s on each turn, and "
	    "how often it turns is not known", run->fn->name, what);
}

/* The row that LOOP_PAID(&row) names, or -1 after a message. */
static int
paid_row(const struct run *run, const struct loop *lp)
{
	const struct call *c = lp->marker;
	int row = heap_row_of(call_arg(c, fact_num(c->target[0]->fact, "arg",
	    0)));

	if (row < 0 && !run->quiet)
		diag_at(E_ROW, c->at, "the row that pays for this loop is not "
		    "constant");
	return row;
}

/* Each turn's growth is what the marker's row means. */
static void
loop_pay(struct run *run, const struct loop *lp, const struct state *d)
{
	int row = paid_row(run, lp);

	for (int i = 0; i < d->n && row >= 0 && !run->quiet; i++)
		heap_record(SEG_ROW + row, &d->level[i].v,
		    d->level[i].trace);
}

/* The trace of `turns` turns (each as in d) behind that of the loop's start. */
static const struct trace *
trace_turns(const struct trace *start, const struct level *d,
    const struct trace *until, int64_t turns)
{
	struct trace *t;

	if (turns <= 0 || need_is_zero(&d->v))
		return start;
	t = (struct trace *)trace_step(start, TRACE_LOOP, NULL, 0, d->trace);
	t->turns = turns;
	t->until = until;
	return t;
}

/* What the trial turns of a loop have found. */
struct trial {
	struct state		start;		/* arriving from outside */
	struct state		head;		/* at the head after one turn */
	struct state		d;		/* growth per turn; or empty */
	const struct trace	**before;	/* [head] where d's begin */
};

/* H1: until two turns bring no new segment. The second shows d; the first may
 * have lifted one that was begun in the loop up to its b. */
static bool
loop_try(struct run *run, int loop, struct trial *t)
{
	struct state latch = { 0 }, now = { 0 };
	bool quiet = run->quiet, grew = true;
	int settled = 0;

	run->quiet = true;
	state_copy(&t->head, &t->start);
	while (grew) {
		state_clear(&latch);
		region_run(run, loop, &t->head, &latch, NULL);
		state_copy(&now, &t->head);
		grew = state_join(&now, &latch);
		settled = now.n == t->head.n ? settled + 1 : 0;
		if (settled == 2)
			break;
		state_copy(&t->head, &now);
	}
	run->quiet = quiet;
	t->before = calloc(t->head.n + 1, sizeof(*t->before));
	for (int i = 0; i < t->head.n; i++)
		t->before[i] = t->head.level[i].trace;
	grew = grew && state_growth(&t->d, &t->head, &now);
	state_free(&latch);
	state_free(&now);
	return grew;
}

/* How many turns to add at the head, which has one already. */
static int64_t
loop_extra(struct run *run, const struct loop *lp, const struct state *d)
{
	switch (lp->kind) {
	case LOOP_UNKNOWN:
		if (!run->quiet)
			loop_report(run, lp, d);
		return 0;
	case LOOP_PAID:
		loop_pay(run, lp, d);
		return -1;
	default:
		return lp->turns > 0 ? lp->turns - 1 : 0;
	}
}

/* The head at the end of all turns; in g, what a turn begins with. */
static void
loop_raise(struct trial *t, struct growth *g, int64_t extra)
{
	state_copy(&g->floor, &t->head);
	state_copy(&g->d, &t->d);
	for (int i = 0; i < t->head.n; i++) {
		struct level *h = &t->head.level[i];
		struct level *d = state_find(&g->d, h->seg, h->suspended);
		const struct level *s = state_find(&t->start, h->seg,
		    h->suspended);
		const struct trace *first = s != NULL ? s->trace : h->trace;

		if (d == NULL)
			continue;
		for (int c = 0; c < heap_nclasses; c++)
			h->v.n[c] += extra * d->v.n[c];
		h->trace = trace_turns(first, d, t->before[i], extra + 1);
		d->trace = trace_turns(first, d, t->before[i], extra);
	}
	state_copy(&g->head, &t->head);
}

/* The last run, of a loop that grows: n turns at the head, n - 1 in a turn. */
static void
loop_run_growing(struct run *run, int loop, struct trial *t,
    struct state *latch, struct state *exits)
{
	const struct loop *lp = &run->fn->loop[loop];
	struct growth g = { .loop = loop, .outer = run->growth,
	    .begun = run->begun };

	heap_fn(run->fn)->loop_grows[loop] = true;
	loop_raise(t, &g, loop_extra(run, lp, &t->d));
	if (lp->kind != LOOP_UNKNOWN)
		run->growth = &g;
	region_run(run, loop, &t->head, latch, exits);
	run->growth = g.outer;
	state_free(&g.d);
	state_free(&g.head);
	state_free(&g.floor);
}

/* What leaves a loop goes on in the region around, turns it, or leaves it. */
static void
loop_leave(struct run *run, int loop, struct state *exits,
    struct state *outer_latch, struct state *outer_exits)
{
	const struct fn *f = run->fn;
	int parent = f->loop[loop].parent;

	for (int b = 0; b < f->nblocks; b++) {
		if (exits[b].n == 0)
			continue;
		if (parent >= 0 && f->loop[parent].head == b)
			(void)state_join(outer_latch, &exits[b]);
		else if (loop_has(f, parent, b))
			(void)state_join(&run->in[b], &exits[b]);
		else if (outer_exits != NULL)
			(void)state_join(&outer_exits[b], &exits[b]);
		state_free(&exits[b]);
	}
}

static void
loop_run(struct run *run, int loop, struct state *outer_latch,
    struct state *outer_exits)
{
	const struct fn *f = run->fn;
	struct state latch = { 0 };
	struct state *exits = calloc(f->nblocks, sizeof(*exits));
	struct trial t = { .before = NULL };
	bool *outer_begun = run->begun;
	int nsegs = SEG_ROW + heap_nrows;

	run->begun = calloc(nsegs, sizeof(bool));
	state_copy(&t.start, &run->in[f->loop[loop].head]);
	if (loop_try(run, loop, &t))
		loop_run_growing(run, loop, &t, &latch, exits);
	else
		region_run(run, loop, &t.head, &latch, exits);
	for (int s = 0; s < nsegs; s++)
		outer_begun[s] |= run->begun[s];
	free(run->begun);
	run->begun = outer_begun;
	loop_leave(run, loop, exits, outer_latch, outer_exits);
	free(exits);
	free(t.before);
	state_free(&t.start);
	state_free(&t.head);
	state_free(&t.d);
	state_free(&latch);
}

/* ---- functions ---- */

/* Can f call an operation of a file? Only then does the type matter. */
bool
heap_reaches_files(const struct fn *f)
{
	struct heap_fn *h = heap_fn((struct fn *)f);

	if (h->reach_known)
		return h->reaches_files;
	h->reach_known = true;
	for (int i = 0; i < f->ncalls && !h->reaches_files; i++) {
		const struct call *c = &f->call[i];

		if (heap_is_file_call(c))
			h->reaches_files = true;
		for (int k = 0; k < c->ntargets && !h->reaches_files; k++)
			h->reaches_files = heap_reaches_files(c->target[k]);
	}
	return h->reaches_files;
}

/* Does f return an object that it took in the segment that goes on? */
static bool
returns_fresh(const struct fn *f, const struct summary *sum)
{
	int site = credit_returned_site(f);

	for (int i = 0; site >= 0 && i < sum->exit.n; i++)
		if (!(sum->exit.level[i].live & 1ull << site))
			return false;
	return site >= 0;
}

const struct summary *
heap_summary(struct fn *f, int type)
{
	struct summary *sum;
	struct state entry = { 0 };
	struct run run;

	if (type >= 0 && !heap_reaches_files(f))
		type = -1;
	sum = &heap_fn(f)->summary[1 + type];
	if (sum->done || sum->busy)
		return sum;
	if (!heap_looks_into(f)) {
		sum->done = true;
		(void)state_add(&sum->exit, SEG_ENTRY, false);
		return sum;
	}
	sum->busy = true;
	run = (struct run){ .fn = f, .type = type, .sum = sum };
	run.in = calloc(f->nblocks, sizeof(*run.in));
	run.begun = calloc(SEG_ROW + heap_nrows, sizeof(bool));
	(void)state_add(&entry, SEG_ENTRY, false);
	region_run(&run, -1, &entry, NULL, NULL);
	for (int b = 0; b < f->nblocks; b++)
		state_free(&run.in[b]);
	free(run.in);
	free(run.begun);
	state_free(&entry);
	sum->fresh = returns_fresh(f, sum);
	sum->busy = false;
	sum->done = true;
	return sum;
}

void
heap_loops(struct heap_loops *out)
{
	*out = (struct heap_loops){ 0 };
	for (int i = 0; i < prog.nfns; i++) {
		const struct fn *f = prog.fn[i];
		const struct heap_fn *h = f->heap;

		for (int l = 0; l < f->nloops; l++) {
			const struct loop *lp = &f->loop[l];
			bool grows = h != NULL && h->loop_grows[l];

			out->total++;
			out->allocating += grows;
			out->constant += grows && lp->kind == LOOP_CONSTANT;
			out->stated += grows && lp->kind == LOOP_STATED;
			out->paid += grows && lp->kind == LOOP_PAID;
			if (!grows && (lp->kind == LOOP_STATED ||
			    lp->kind == LOOP_PAID))
				diag_at(W_LOOP_USELESS, lp->at, "the loop in "
				    "%s() needs no bound: it takes nothing "
				    "that lasts", f->name);
		}
	}
}
