/*
 * The most frames that a reservation can need.
 *
 * The problem: each point of reservation names a row of the table of bounds and
 * opens a segment: what runs until the promise is given back or made anew. The
 * row must be at least what any run of the segment takes, for every class of
 * object, whatever path it takes through calls, loops and tables of functions.
 *
 * The method is an abstract execution of every function once per context
 * (heap_flow.c). The state at a program point is, for each segment that may be
 * running there, its level: frames and objects of each slab cache taken since
 * it began, a maximum over all paths. Functions are summarised bottom-up by
 * what they do to their caller's segment:
 *
 *	ENTRY	the caller's segment goes on: (peak, net) relative to it
 *	RENEWED	the caller's row was begun anew inside: levels of its own
 *	NONE	there is no charge: an allocation here is an error
 *	a row	begun inside, and still running at the return
 *
 * So a segment may begin in one function and end in another, and renewals in a
 * callee (a user copy that faults) count for the caller without naming a row.
 *
 *	sequence	levels add up; a row's bound is the greatest level
 *	branch, table	componentwise maximum
 *	loop		H1 below
 *	free		subtracts what this function allocated in this segment
 *			(heap_credit.c); all other frees count for nothing
 *
 * H1 A loop's body is a max-plus map: level' = max(level + d, b). Its growth d
 *    shows on the second turn, so two abstract turns find it; with d = 0 for
 *    every class the loop needs no bound, else n turns of a known bound give
 *    level + n * d, and a loop without one is an error.
 * H2 Frames of a slab class: ceil(objects / objects to a frame). This holds
 *    because a slab frame taken under a charge is private to it
 *    (kernel/mem/slab.c): a new one is taken only when all objects of the
 *    segment's own slabs are live.
 * H3 Between file_reserve(f, op) and the operation, calls through file_ops go
 *    to the one type's functions, since they act on the same file (asserted by
 *    debug kernels); within the operation any type's may run.
 *
 * Rejected: one bound per function times call counts (a write would pay for
 * exec); symbolic bounds (rows that are linear in a number say so at the loop,
 * LOOP_PAID); linking all modules into one (analyzer loses types).
 */
#include <llvm-c/Core.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bounds/diag.h"
#include "tools/bounds/flow.h"
#include "tools/bounds/heap_priv.h"

#define FRAME_BYTES	4096
#define SHARE_FRAMES	1024	/* an eighth of 32 MiB, see vm/reserve.c */

struct heap_class heap_class[HEAP_CLASSES] = { { "frame", FRAME_BYTES, 1 } };
int heap_nclasses = 1;
struct row *heap_row;
int heap_nrows;
struct heap_type *heap_type;
int heap_ntypes;

static LLVMValueRef class_global[HEAP_CLASSES];

/* Where a row lives: a global, and the index in it if it is an array. */
struct row_home {
	LLVMValueRef	global;
	int		index;
	int		type;		/* in heap_type, or -1 */
};
static struct row_home *row_home;
static int ndeclared;			/* rows of the source; others follow */

/* ---- needs ---- */

bool
need_max(struct need *v, const struct need *w)
{
	bool grew = false;

	for (int c = 0; c < heap_nclasses; c++)
		if (w->n[c] > v->n[c]) {
			v->n[c] = w->n[c];
			grew = true;
		}
	return grew;
}

bool
need_is_zero(const struct need *v)
{
	for (int c = 0; c < heap_nclasses; c++)
		if (v->n[c] != 0)
			return false;
	return true;
}

uint32_t
need_frames(const struct need *v)
{
	uint32_t frames = 0;

	for (int c = 0; c < heap_nclasses; c++)
		if (v->n[c] > 0)	/* H2 */
			frames += (v->n[c] + heap_class[c].per_frame - 1) /
			    heap_class[c].per_frame;
	return frames;
}

uint64_t
need_bytes(const struct need *v)
{
	int64_t bytes = 0;

	for (int c = 0; c < heap_nclasses; c++)
		bytes += (int64_t)v->n[c] * heap_class[c].size;
	return bytes > 0 ? bytes : 0;
}

/* ---- what the kernel declares: caches, rows, file types ---- */

/* The text of a constant pointer to a string, or NULL. */
static const char *
string_of(LLVMValueRef pointer)
{
	LLVMValueRef g = prog_strip(pointer), init;
	size_t len;

	if (g == NULL || !LLVMIsAGlobalVariable(g))
		return NULL;
	init = LLVMGetInitializer(g);
	if (init == NULL || !LLVMIsConstantString(init))
		return NULL;
	return LLVMGetAsString(init, &len);
}

static bool
is_in_section(LLVMValueRef g, const char *section)
{
	const char *s = LLVMGetSection(g);

	return !LLVMIsDeclaration(g) && s != NULL && strcmp(s, section) == 0;
}

static struct src
global_src(LLVMValueRef g)
{
	unsigned len;
	const char *file = LLVMGetDebugLocFilename(g, &len);

	if (file == NULL)
		return (struct src){ "?", 0 };
	while (strncmp(file, "./", 2) == 0)
		file += 2;
	return (struct src){ file, LLVMGetDebugLocLine(g) };
}

/* KMEM_CACHE: { name, size, align, ... }, see kernel/mem/slab.h. */
static void
class_add(LLVMValueRef g)
{
	LLVMValueRef init = LLVMGetInitializer(g);
	struct heap_class *c = &heap_class[heap_nclasses];
	uint32_t size, align;
	int64_t v;

	if (heap_nclasses == HEAP_CLASSES) {
		diag_at(E_CLASS, global_src(g), "more than %d slab caches",
		    HEAP_CLASSES - 1);
		return;
	}
	c->name = string_of(LLVMGetOperand(init, 0));
	if (c->name == NULL || !value_const(LLVMGetOperand(init, 1), &v)) {
		diag_at(E_CLASS, global_src(g),
		    "a slab cache without a constant name and size");
		return;
	}
	c->size = v;
	align = value_const(LLVMGetOperand(init, 2), &v) && v > 8 ? v : 8;
	size = c->size > 8 ? c->size : 8;
	size = (size + align - 1) / align * align;
	c->per_frame = FRAME_BYTES / size;
	class_global[heap_nclasses++] = g;
}

static void
row_new(LLVMValueRef g, int index, const char *name)
{
	heap_row = realloc(heap_row, (heap_nrows + 1) * sizeof(*heap_row));
	row_home = realloc(row_home, (heap_nrows + 1) * sizeof(*row_home));
	row_home[heap_nrows] = (struct row_home){ g, index, -1 };
	heap_row[heap_nrows++] = (struct row){ .name = name,
	    .kind = ROW_STEP, .at = global_src(g) };
}

/* One struct bound; its first field is the name. */
static void
row_add(LLVMValueRef g, int index, LLVMValueRef init)
{
	const char *name = LLVMGetNumOperands(init) > 0 ?
	    string_of(LLVMGetOperand(init, 0)) : NULL;

	if (name == NULL) {
		diag_at(E_ROW, global_src(g), "a row without a name");
		return;
	}
	row_new(g, index, name);
}

static void
rows_add(LLVMValueRef g)
{
	LLVMValueRef init = LLVMGetInitializer(g);
	LLVMTypeRef t = LLVMGlobalGetValueType(g);

	if (LLVMGetTypeKind(t) != LLVMArrayTypeKind) {
		row_add(g, 0, init);
		return;
	}
	for (unsigned i = 0; i < LLVMGetArrayLength(t); i++)
		row_add(g, i, LLVMGetOperand(init, i));
}

static void
declared_read(void)
{
	for (int m = 0; m < prog.nmodules; m++) {
		LLVMValueRef g = LLVMGetFirstGlobal(prog.module[m].ll);

		for (; g != NULL; g = LLVMGetNextGlobal(g)) {
			if (is_in_section(g, ".kmem_caches"))
				class_add(g);
			else if (is_in_section(g, ".bounds"))
				rows_add(g);
		}
	}
}

static int
row_find(LLVMValueRef global, int64_t index)
{
	for (int r = 0; r < heap_nrows; r++)
		if (row_home[r].global == global &&
		    row_home[r].index == index)
			return r;
	return -1;
}

int
heap_row_named(const char *name)
{
	for (int r = 0; r < ndeclared; r++)
		if (strcmp(heap_row[r].name, name) == 0)
			return r;
	return -1;
}

int
heap_row_of(LLVMValueRef pointer)
{
	LLVMValueRef g = prog_strip(pointer);
	int64_t index = 0;

	if (g == NULL || !LLVMIsAConstant(g))
		return -1;
	if (LLVMIsAConstantExpr(g) &&
	    LLVMGetConstOpcode(g) == LLVMGetElementPtr) {
		int n = LLVMGetNumOperands(g);

		if (n < 2 || !value_const(LLVMGetOperand(g, n - 1), &index))
			return -1;
		g = prog_strip(LLVMGetOperand(g, 0));
	}
	return LLVMIsAGlobalVariable(g) ?
	    row_find(prog_global(g), index) : -1;
}

/* The global array of rows that an ops structure's initialiser points to. */
static LLVMValueRef
ops_rows(LLVMValueRef ops)
{
	LLVMValueRef init = LLVMGetInitializer(ops);

	for (int i = 0; init != NULL && i < LLVMGetNumOperands(init); i++) {
		LLVMValueRef g = prog_strip(LLVMGetOperand(init, i));

		if (LLVMIsAGlobalVariable(g) &&
		    row_find(prog_global(g), 0) >= 0)
			return prog_global(g);
	}
	return NULL;
}

static void
type_add(LLVMValueRef ops)
{
	LLVMValueRef rows = ops_rows(ops);
	struct heap_type *t = &heap_type[heap_ntypes];
	size_t len;

	*t = (struct heap_type){ ops, LLVMGetValueName2(ops, &len), -1 };
	for (int r = 0; rows != NULL && r < heap_nrows; r++)
		if (row_home[r].global == rows) {
			row_home[r].type = heap_ntypes;
			heap_row[r].kind = ROW_FILE_OP;
			heap_row[r].ops = t->name;
			heap_row[r].field = strchr(heap_row[r].name, '.');
			if (heap_row[r].field != NULL)
				heap_row[r].field++;
		}
	heap_ntypes++;
}

/*
 * A type without rows promises nothing for any operation. It gets a row here,
 * behind the declared ones, that must stay zero and goes into no table.
 */
static void
unrowed_add(int type)
{
	row_new(heap_type[type].ops, 0, heap_type[type].name);
	row_home[heap_nrows - 1].type = type;
	heap_type[type].unrowed = heap_nrows - 1;
}

static void
types_read(void)
{
	int n;
	LLVMValueRef *g = flow_globals_of("file_ops", &n);

	ndeclared = heap_nrows;
	heap_type = calloc(n + 1, sizeof(*heap_type));
	for (int i = 0; i < n; i++)
		type_add(g[i]);
	for (int t = 0; t < heap_ntypes; t++)
		if (ops_rows(heap_type[t].ops) == NULL)
			unrowed_add(t);
}

/* Rows that stand for no promise must need none; then they are forgotten. */
static void
unrowed_check(void)
{
	for (int r = ndeclared; r < heap_nrows; r++)
		if (!need_is_zero(&heap_row[r].peak))
			diag_at(E_ROW, heap_row[r].at, "operations of %s take "
			    "memory, and it has no rows", heap_row[r].name);
	heap_nrows = ndeclared;
}

int
heap_row_type(int row)
{
	return row_home[row].type;
}

int
heap_type_row(int type, int64_t op)
{
	LLVMValueRef rows = ops_rows(heap_type[type].ops);

	if (rows == NULL)
		return heap_type[type].unrowed;
	return row_find(rows, op);
}

/* ---- classes of allocations ---- */

/* kbuf_get(n): the smallest power-of-two cache "kbuf-SIZE" that holds n. */
static int
class_of_buffer(int64_t bytes)
{
	int best = -1;

	for (int c = 1; c < heap_nclasses; c++)
		if (strncmp(heap_class[c].name, "kbuf-", 5) == 0 &&
		    heap_class[c].size >= bytes && (best < 0 ||
		    heap_class[c].size < heap_class[best].size))
			best = c;
	return best;
}

int
heap_class_of(const struct call *c)
{
	const struct fact *fact = c->target[0]->fact;
	const char *kind = fact_get(fact, "class", "frame");
	LLVMValueRef arg;
	int64_t bytes;
	int cls = -1;

	if (strcmp(kind, "frame") == 0)
		return 0;
	arg = call_arg(c, fact_num(fact, "arg", 0));
	if (strcmp(kind, "buffer") == 0) {
		if (value_const(arg, &bytes))
			cls = class_of_buffer(bytes);
	} else {
		LLVMValueRef g = prog_strip(arg);

		if (LLVMIsAGlobalVariable(g))
			g = prog_global(g);
		for (int i = 1; i < heap_nclasses; i++)
			if (class_global[i] == g)
				cls = i;
	}
	if (cls < 0)
		diag_at(E_CLASS, c->at, "%s() in %s(): which class is not "
		    "constant", c->target[0]->name, c->caller->name);
	return cls;
}

/* ---- roots ---- */

static bool *reached;			/* by function id */

static bool
is_boot(const struct fn *f)
{
	return fn_is(f, ROLE_ROOT) &&
	    strcmp(fact_get(f->fact, "kind", ""), "boot") == 0;
}

/* All that f calls counts, but what only a boot does is paid by nobody. */
static void
reach(struct fn *f)
{
	if (reached[f->id] || is_boot(f) || !heap_looks_into(f))
		return;
	reached[f->id] = true;
	for (int i = 0; i < f->ncalls; i++)
		for (int k = 0; k < f->call[i].ntargets; k++)
			reach(f->call[i].target[k]);
}

/* A root that holds no charge: what it takes outside of segments is wrong. */
static void
root_uncharged(struct fn *f)
{
	const struct summary *s;

	if (is_boot(f) || !heap_looks_into(f))
		return;
	s = heap_summary(f, -1);
	if (!need_is_zero(&s->peak))
		heap_unreserved(s->peak_trace);
}

/* A system call: its entry's segment is that of its row. */
static void
root_call(struct fn *f, int row)
{
	const struct summary *s = heap_summary(f, -1);

	if (row < 0) {
		diag_at(E_ROW, f->at, "%s() is a system call without a row",
		    f->name);
		return;
	}
	heap_row[row].kind = ROW_SYSCALL;
	heap_row[row].at = f->at;
	heap_record(SEG_ROW + row, &s->peak, s->peak_trace);
	heap_record(SEG_ROW + row, &s->renewed, s->renewed_trace);
}

/*
 * Each entry of the table of system calls: { function, row }. Arrays may be
 * nested: clang cuts one with a long empty end in two. Returns how many.
 */
static int
each_entry(LLVMValueRef v, void (*use)(struct fn *f, int row))
{
	struct fn *f = NULL;
	int row = -1, n = 0;

	for (int k = 0; k < LLVMGetNumOperands(v); k++) {
		LLVMValueRef e = LLVMGetOperand(v, k);

		if (prog_fn(e) != NULL)
			f = prog_fn(e);
		else if (LLVMIsAConstantStruct(e) != NULL ||
		    LLVMIsAConstantArray(e) != NULL)
			n += each_entry(e, use);
		else if (row < 0)
			row = heap_row_of(e);
	}
	if (f != NULL)
		use(f, row);
	return n + (f != NULL);
}

static void
each_call(const struct fact *fact, void (*use)(struct fn *f, int row))
{
	LLVMValueRef table =
	    prog_global_named(fact_get(fact, "table", ""));
	LLVMValueRef init = table != NULL ? LLVMGetInitializer(table) : NULL;

	if (init == NULL ||
	    (each_entry(init, use) == 0 && !LLVMIsNull(init)))
		diag_at(E_FACT, (struct src){ fact->file, fact->line },
		    "there is no table of system calls %s",
		    fact_get(fact, "table", "?"));
}

static void
reach_call(struct fn *f, int row)
{
	(void)row;
	reach(f);
}

/* Each root of a fact, but those that are the context checks' alone. */
static void
each_root(const struct fact *fact, void (*call)(struct fn *f, int row),
    void (*uncharged)(struct fn *f))
{
	const char *kind = fact_get(fact, "kind", "");
	const char *slot = fact_get(fact, "slot", NULL);

	if (strcmp(kind, "syscall") == 0) {
		each_call(fact, call);
	} else if (strcmp(kind, "boot") == 0 || strcmp(kind, "irq") == 0) {
		return;			/* no charge; context.c */
	} else if (slot != NULL) {
		int n;
		struct fn **f = flow_slot(slot, &n);

		for (int i = 0; i < n; i++)
			uncharged(f[i]);
	} else {
		struct fn *f = prog_fn_named(fact->name);

		if (f != NULL && f->is_defined)
			uncharged(f);
	}
}

static void
roots(void (*call)(struct fn *f, int row), void (*uncharged)(struct fn *f))
{
	for (int i = 0; i < facts.nfacts; i++)
		if (facts.fact[i].role == ROLE_ROOT)
			each_root(&facts.fact[i], call, uncharged);
}

void
heap_analyse(void)
{
	struct fn **order;
	int n;

	declared_read();
	types_read();
	heap_row_trace = calloc(heap_nrows + 1, sizeof(*heap_row_trace));
	heap_row_best = calloc(heap_nrows + 1, sizeof(*heap_row_best));
	reached = calloc(prog.nfns, sizeof(*reached));
	roots(reach_call, reach);
	order = prog_bottom_up(&n);
	for (int i = 0; i < n; i++)
		if (reached[order[i]->id])
			credit_prepare(order[i]);
	for (int i = 0; i < n; i++)
		if (reached[order[i]->id])
			(void)heap_summary(order[i], -1);
	roots(root_call, root_uncharged);
	unrowed_check();
	for (int r = 0; r < heap_nrows; r++) {
		heap_row[r].frames = need_frames(&heap_row[r].peak);
		if (heap_row[r].frames > SHARE_FRAMES)
			diag_at(E_SHARE, heap_row[r].at, "%s may take %u "
			    "frames, and no charge may be over %u",
			    heap_row[r].name, heap_row[r].frames,
			    SHARE_FRAMES);
	}
}

/* ---- why ---- */

struct event_list {
	struct heap_event	*event;
	int			n;
	const struct call	*stack[128];
	int			depth;
};

static void
event_add(struct event_list *l, const struct trace *t, int64_t turns)
{
	struct heap_event *e;
	int depth = l->depth < 127 ? l->depth + 1 : l->depth;

	l->event = realloc(l->event, (l->n + 1) * sizeof(*l->event));
	e = &l->event[l->n++];
	l->stack[depth - 1] = t->call;
	*e = (struct heap_event){ .cls = t->cls, .turns = turns,
	    .count = t->kind == TRACE_FREE ? -turns : turns,
	    .depth = depth };
	e->stack = malloc(depth * sizeof(*e->stack));
	memcpy(e->stack, l->stack, depth * sizeof(*e->stack));
}

/* Expand the trace down to (not with) until, oldest first. */
static void
events_expand(struct event_list *l, const struct trace *t,
    const struct trace *until, int64_t turns)
{
	if (t == until || t == NULL)
		return;
	events_expand(l, t->prev, until, turns);
	switch (t->kind) {
	case TRACE_ALLOC:
	case TRACE_FREE:
		event_add(l, t, turns);
		break;
	case TRACE_CALL:
		if (l->depth == 127)
			break;
		l->stack[l->depth++] = t->call;
		events_expand(l, t->sub, NULL, turns);
		l->depth--;
		break;
	case TRACE_LOOP:
		events_expand(l, t->sub, t->until, turns * t->turns);
		break;
	}
}

struct heap_event *
heap_why_row(const struct row *r, int *n)
{
	struct event_list l = { .n = 0 };

	events_expand(&l, heap_row_trace[r - heap_row], NULL, 1);
	*n = l.n;
	return l.event;
}

struct heap_event *
heap_why_fn(const struct fn *f, int *n)
{
	struct event_list l = { .n = 0 };
	const struct summary *s = heap_summary((struct fn *)f, -1);

	events_expand(&l, need_bytes(&s->renewed) > need_bytes(&s->peak) ?
	    s->renewed_trace : s->peak_trace, NULL, 1);
	*n = l.n;
	return l.event;
}
