/*
 * The deepest kernel stack of each entry.
 *
 * The frames are those of the code that runs: gcc tells each function's frame
 * and its calls after inlining (stack_graph.h), for each kernel that was built
 * (--stack). It does not know what an indirect call calls; flow.c does, from
 * the bitcode. The two meet at the call's place in the source, file:line,
 * which inlining does not change; columns differ between the compilers, so a
 * line's indirect calls are taken together. Assembly is told by facts: asm has
 * its frame and what it calls.
 *
 * Where a stack begins is told by facts, too:
 *
 *	root LABEL kind=stack stack=SIZE	interrupts may come on top
 *	root LABEL kind=ist stack=SIZE		interrupts are off throughout
 *	root LABEL kind=nested			an interrupt in the kernel, on
 *						whatever stack it finds
 *
 * LABEL is assembly with a fact of its own. SIZE is a number, or a constant of
 * the kernel, so that the two cannot drift apart. There is one interrupt on
 * top at most, since handlers run with interrupts off. It is added to the very
 * deepest path, whether or not interrupts are on there. A fault in the kernel
 * comes by the same way as an interrupt, with interrupts off. Only assembly of
 * facts with faults=1 (user copies) may fault, and it is an error if a handler
 * calls any: so there is one of the two at most.
 *
 * Inline assembly pushes at most a few words and calls nothing, which gcc does
 * not count: the most that any of it pushes is added to each entry (slack).
 *
 * Functions that do not return and are opaque (panic) are left out, with all
 * they call: a kernel that panics need not come back, its own stacks have
 * guard pages, and printing needs more stack than any proof would allow it.
 * Other roots of the facts, as system calls and kernel threads, get entries of
 * their own: the deepest way from a stack's begin to them, and on from there.
 */

#include <stdlib.h>
#include <string.h>

#include <llvm-c/Core.h>

#include "tools/bounds/diag.h"
#include "tools/bounds/flow.h"
#include "tools/bounds/phases.h"
#include "tools/bounds/stack.h"
#include "tools/bounds/stack_priv.h"
#include "tools/bounds/table.h"

#define FRAME_WARN	1024

struct stack_entry *stack_entry;
int stack_nentries;

static struct stack_kernel *kernel;
static int nkernels;
static struct stack_kernel *now;	/* the one being looked at */

bool
stack_use(const char *name_and_dir)
{
	const char *equals = strchr(name_and_dir, '=');

	if (equals == NULL || equals == name_and_dir || equals[1] == '\0')
		return false;
	TABLE_GROW(kernel, nkernels);
	kernel[nkernels++] = (struct stack_kernel){
		.name = table_intern(name_and_dir, equals - name_and_dir),
		.dir = equals + 1,
	};
	return true;
}

/* ---- what may not be ---- */

static void
complain(const struct stack_node *n, enum diag code, const char *what)
{
	diag_at(code, n->at, "%s: %s() %s", now->name, n->name, what);
}

static void
tell_cycle(struct stack_node *const *member, int n)
{
	const char *text = member[0]->name;
	int i;

	for (i = 1; i < n; i++)
		text = table_printf("%s -> %s", text, member[i]->name);
	diag_at(E_RECURSION, member[0]->at, "%s: the stack has no bound: "
	    "%s -> %s", now->name, text, member[0]->name);
}

/* A large frame, told once where several kernels have it. */
static void
check_size(const struct stack_node *n)
{
	static struct str_table told;

	if (n->bytes <= FRAME_WARN || str_table_get(&told, n->title) != NULL ||
	    fact_get(stack_fact(n), "stack", NULL) != NULL)
		return;
	str_table_put(&told, n->title, (void *)n);
	complain(n, W_STACK_FRAME, table_printf("has a frame of %u bytes",
	    n->bytes));
}

/* What n calls, where an entry leads to n. */
static void
check_calls(const struct stack_node *n)
{
	const struct stack_edge *e;

	for (e = n->edge; e < n->edge + n->nedges; e++) {
		now->ncut += e->to->is_cut;
		if (!e->to->has_data && !e->to->is_cut)
			diag_at(E_STACK_DATA, e->at.line ? e->at : n->at,
			    "%s: %s() calls %s(), and neither gcc nor a fact "
			    "tells its frame", now->name, n->name,
			    e->to->name);
	}
}

static void
check_node(const struct stack_node *n)
{
	if (n->is_dynamic)
		complain(n, E_STACK_DYNAMIC, "has a frame whose size is not "
		    "constant");
	check_size(n);
	check_calls(n);
}

/* ---- entries ---- */

/* Where a stack begins. */
struct base {
	const struct fact *fact;
	const char	*kind;
	struct stack_node *node;
	struct stack_way *way;
	uint32_t	limit;
};
static struct base *base;
static int nbases;

static bool
is_base(const struct fact *f)
{
	const char *kind = fact_get(f, "kind", "");

	return f->role == ROLE_ROOT && (strcmp(kind, "stack") == 0 ||
	    strcmp(kind, "ist") == 0 || strcmp(kind, "nested") == 0);
}

/* The size that stack= tells: a number, or a constant of the kernel. */
static uint32_t
read_limit(const struct fact *f)
{
	const char *s = fact_get(f, "stack", NULL);
	LLVMValueRef v;
	int64_t bytes = 0;
	char *end;

	if (s == NULL)
		return 0;
	bytes = strtol(s, &end, 0);
	if (*end == '\0')
		return bytes;
	v = prog_global_named(s);
	if (v == NULL || !LLVMIsGlobalConstant(v) ||
	    LLVMGetInitializer(v) == NULL ||
	    !value_const(LLVMGetInitializer(v), &bytes) || bytes <= 0)
		diag_at(E_FACT, stack_fact_src(f), "%s: there is no constant "
		    "%s that tells a stack's size", f->name, s);
	return bytes;
}

static void
base_add(const struct fact *f)
{
	struct base b = { .fact = f, .kind = fact_get(f, "kind", "") };
	bool is_nested = strcmp(b.kind, "nested") == 0;

	b.node = graph_node(&now->graph, f->name);
	b.limit = read_limit(f);
	if (stack_fact(b.node) == NULL)
		diag_at(E_FACT, stack_fact_src(f), "%s begins a stack, and has "
		    "no asm fact", f->name);
	if (is_nested != (fact_get(f, "stack", NULL) == NULL))
		diag_at(E_FACT, stack_fact_src(f), is_nested ? "%s is nested: "
		    "it has no stack= of its own" : "%s lacks stack=",
		    f->name);
	TABLE_GROW(base, nbases);
	base[nbases++] = b;
}

/* The frames from the base down to n, then on to the deepest. */
static void
entry_path(struct stack_entry *e, const struct base *b,
    const struct stack_node *n)
{
	const struct stack_node *m;
	const struct stack_edge *d;
	struct stack_step *path;
	struct src at = { "?", 0 };
	int up = 0, down = 0, i;

	for (m = n; m != NULL; m = b->way[m->id].caller)
		up++;
	for (d = n->deepest; d != NULL; d = d->to->deepest)
		down++;
	path = table_alloc(up + down, sizeof(*path));
	m = n;
	for (i = up - 1; i >= 0; i--) {
		path[i] = (struct stack_step){ m->name, m->bytes, at };
		at = b->way[m->id].at;
		m = b->way[m->id].caller;
	}
	for (i = up, d = n->deepest; d != NULL; d = d->to->deepest, i++) {
		path[i - 1].at = d->at;
		path[i] = (struct stack_step){ d->to->name, d->to->bytes,
		    { "?", 0 } };
	}
	e->path = path;
	e->npath = up + down;
	for (i = 0; i < e->npath; i++)
		e->bytes += path[i].bytes;
}

/* The deepest interrupt. */
static uint32_t
nested_bytes(void)
{
	uint32_t most = 0;
	int i;

	for (i = 0; i < nbases; i++)
		if (base[i].limit == 0 && base[i].node->below > most)
			most = base[i].node->below;
	return most;
}

static struct stack_entry
entry_at(const struct base *b, const struct stack_node *n, const char *name,
    const char *kind)
{
	struct stack_entry e = {
		.kernel = now->name, .name = name, .kind = kind,
		.slack = stack_pushed, .limit = b->limit,
		.stack = fact_get(b->fact, "stack", ""),
	};

	if (strcmp(b->kind, "stack") == 0)
		e.irq = nested_bytes() + stack_pushed;
	entry_path(&e, b, n);
	return e;
}

static long
margin(const struct stack_entry *e)
{
	return (long)e->limit - stack_total(e);
}

static void
entry_add(const struct stack_entry *e)
{
	TABLE_GROW(stack_entry, stack_nentries);
	stack_entry[stack_nentries++] = *e;
}

/*
 * A root of the facts: an entry of its own, where its margin is least. What
 * interrupts call is shown as part of an interrupt in the kernel.
 */
static void
root_add(const struct fn *f, const char *kind)
{
	struct stack_node *n = graph_find(&now->graph, stack_title(f));
	bool is_irq = strcmp(kind, "irq") == 0;
	struct stack_entry e, worst = { .npath = 0 };
	const char *name = f->name;
	int i;

	if (n == NULL || n->state != NODE_DONE)
		return;
	/* A system call is known by its handler, not by what unpacks its
	 * arguments from the frame. */
	if (strcmp(kind, "syscall") == 0 && strncmp(name, "call_", 5) == 0)
		name = table_printf("sys_%s", name + 5);
	else if (prog_fn_named(name) == NULL)
		name = table_printf("%s:%s", f->at.file, name);
	for (i = 0; i < nbases; i++) {
		if (!base[i].way[n->id].is_reached ||
		    (base[i].limit == 0) != is_irq)
			continue;
		e = entry_at(&base[i], n, name, kind);
		if (worst.npath == 0 || margin(&e) < margin(&worst))
			worst = e;
	}
	if (worst.npath != 0)
		entry_add(&worst);
}

/* The functions in a constant, however deep. */
static void
root_add_constant(LLVMValueRef v, const char *kind)
{
	struct fn *f = prog_fn(v);
	int i, n;

	if (f != NULL) {
		root_add(f, kind);
		return;
	}
	if (!LLVMIsAConstantStruct(v) && !LLVMIsAConstantArray(v))
		return;
	n = LLVMGetNumOperands(v);
	for (i = 0; i < n; i++)
		root_add_constant(LLVMGetOperand(v, i), kind);
}

static void
root_add_fact(const struct fact *fact)
{
	const char *kind = fact_get(fact, "kind", "");
	const char *table = fact_get(fact, "table", NULL);
	const char *slot = fact_get(fact, "slot", NULL);
	LLVMValueRef v;
	struct fn **f;
	int i, n = 0;

	if (table != NULL) {
		v = prog_global_named(table);
		if (v != NULL && LLVMGetInitializer(v) != NULL)
			root_add_constant(LLVMGetInitializer(v), kind);
	} else if (slot != NULL) {
		f = flow_slot(slot, &n);
		for (i = 0; i < n; i++)
			root_add(f[i], kind);
	} else if (prog_fn_named(fact->name) != NULL) {
		root_add(prog_fn_named(fact->name), kind);
	}
}

/* ---- the verdict ---- */

/* A fault in an interrupt would be a second one on the same stack. */
static void
check_nested(const struct base *b)
{
	const struct stack_node *n;
	const struct stack_way *w;
	int i;

	for (i = 0; i < now->graph.ndone; i++) {
		n = now->graph.done[i];
		w = &b->way[n->id];
		if (w->is_reached && fact_num(stack_fact(n), "faults", 0))
			diag_at(E_STACK, w->at, "%s: %s(), which may fault, is "
			    "called from %s by %s()", now->name, n->name,
			    b->fact->name, w->caller->name);
	}
}

static void
check_depth(const struct base *b, const struct stack_entry *e)
{
	struct diag_step *step = table_alloc(e->npath, sizeof(*step));
	int i, n = 0;

	if (e->limit == 0 || margin(e) >= 0)
		return;
	diag_at(E_STACK, stack_fact_src(b->fact), "%s: %s needs %u bytes of "
	    "stack, %u of them for an interrupt on top, and has %u",
	    e->kernel, e->name, stack_total(e), e->irq, e->limit);
	for (i = 0; i < e->npath; i++) {
		step[n].fn = prog_fn_named(e->path[i].name);
		step[n].at = e->path[i].at;
		n += step[n].fn != NULL;
	}
	diag_path(step, n);
}

static void
analyse_kernel(void)
{
	struct stack_entry e;
	int i;

	stack_read(now);
	nbases = 0;
	base = NULL;
	for (i = 0; i < facts.nfacts; i++)
		if (is_base(&facts.fact[i]))
			base_add(&facts.fact[i]);
	stack_complete(now);
	for (i = 0; i < nbases; i++)
		graph_deepest(&now->graph, base[i].node, tell_cycle);
	for (i = 0; i < now->graph.ndone; i++)
		check_node(now->graph.done[i]);
	for (i = 0; i < nbases; i++)
		base[i].way = graph_ways(&now->graph, base[i].node);
	for (i = 0; i < nbases; i++)
		if (base[i].limit == 0)
			check_nested(&base[i]);
	for (i = 0; i < nbases; i++) {
		e = entry_at(&base[i], base[i].node, base[i].fact->name,
		    base[i].kind);
		entry_add(&e);
		check_depth(&base[i], &e);
	}
	for (i = 0; i < facts.nfacts; i++)
		if (facts.fact[i].role == ROLE_ROOT &&
		    !is_base(&facts.fact[i]))
			root_add_fact(&facts.fact[i]);
}

/* Release first; then by how much of the stack is used. */
static int
by_share(const void *x, const void *y)
{
	const struct stack_entry *a = x, *b = y;
	uint64_t of_a = (uint64_t)stack_total(a) * b->limit;
	uint64_t of_b = (uint64_t)stack_total(b) * a->limit;
	int c = strcmp(b->kernel, a->kernel);

	if (c != 0)
		return c;
	if ((a->limit == 0) != (b->limit == 0))
		return a->limit == 0 ? 1 : -1;
	if (a->limit == 0 && stack_total(a) != stack_total(b))
		return stack_total(a) > stack_total(b) ? -1 : 1;
	if (of_a != of_b)
		return of_a > of_b ? -1 : 1;
	return strcmp(a->name, b->name);
}

void
stack_analyse(void)
{
	int i;

	if (nkernels == 0)
		return;
	stack_scan();
	for (i = 0; i < nkernels; i++) {
		now = &kernel[i];
		analyse_kernel();
	}
	if (stack_nentries > 0)
		qsort(stack_entry, stack_nentries, sizeof(*stack_entry),
		    by_share);
}

/* ---- for people ---- */

void
stack_print_summary(FILE *out)
{
	const struct stack_entry *e;
	int i, j;

	for (i = 0; i < nkernels; i++) {
		for (j = 0; j < stack_nentries && (stack_entry[j].limit == 0 ||
		    strcmp(stack_entry[j].kernel, kernel[i].name) != 0); j++)
			;
		if (j == stack_nentries)
			continue;
		e = &stack_entry[j];
		fprintf(out, "stack, %s: %s, %u of %u bytes, %ld left; %d "
		    "functions, %d calls of panic left out\n", e->kernel,
		    e->name, stack_total(e), e->limit, margin(e),
		    kernel[i].graph.ndone, kernel[i].ncut);
	}
}

void
stack_print(FILE *out)
{
	const struct stack_entry *e;

	fprintf(out, "%-8s %-28s %-8s %6s %5s %6s %6s %6s\n", "kernel",
	    "entry", "kind", "depth", "irq", "sum", "stack", "margin");
	for (e = stack_entry; e < stack_entry + stack_nentries; e++) {
		fprintf(out, "%-8s %-28s %-8s %6u %5u %6u ", e->kernel,
		    e->name, e->kind, e->bytes + e->slack, e->irq,
		    stack_total(e));
		if (e->limit == 0)
			fprintf(out, "%6s %6s\n", "-", "-");
		else
			fprintf(out, "%6u %6ld\n", e->limit, margin(e));
	}
	stack_print_summary(out);
	fprintf(out, "Functions that do not return and are opaque (panic) are "
	    "left out, with all they call.\n");
}

static void
print_path(FILE *out, const struct stack_entry *e)
{
	uint32_t sum = 0;
	int i;

	fprintf(out, "%s (%s kernel): %u bytes of %u\n", e->name, e->kernel,
	    stack_total(e), e->limit);
	fprintf(out, "%8s %8s\n", "frame", "sum");
	for (i = 0; i < e->npath; i++) {
		sum += e->path[i].bytes;
		fprintf(out, "%8u %8u  %s", e->path[i].bytes, sum,
		    e->path[i].name);
		if (e->path[i].at.line != 0)
			fprintf(out, " (%s:%u)", e->path[i].at.file,
			    e->path[i].at.line);
		fprintf(out, "\n");
	}
	if (e->slack != 0)
		fprintf(out, "%8u %8u  inline assembly\n", e->slack,
		    sum += e->slack);
	if (e->irq != 0)
		fprintf(out, "%8u %8u  an interrupt on top\n", e->irq,
		    sum += e->irq);
}

int
stack_print_why(FILE *out, const char *name)
{
	const struct stack_entry *e;
	int i, found = 0;

	for (i = 0; i < stack_nentries; i++) {
		e = &stack_entry[i];
		if (strcmp(e->name, name) != 0 &&
		    (strncmp(e->name, "sys_", 4) != 0 ||
		    strcmp(e->name + 4, name) != 0))
			continue;
		print_path(out, e);
		found = 1;
	}
	return found ? 0 : -1;
}
