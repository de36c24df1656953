/*
 * The graph of frames and calls of a kernel: gcc's figures joined with what the
 * bitcode and the facts know. stack.c says what it is for.
 *
 * A node is a function as gcc has it, after inlining. It is known to the rest
 * of the tool by its title: the name, behind the unit's file if it is static,
 * without the suffix of a clone. What gcc has no node for is assembly (a fact),
 * a static function that it dropped or merged (take_bitcode()), or an error.
 *
 * Edges are gcc's, but for indirect calls: those are looked up by file:line in
 * the bitcode. A line that has none there is an error, so bitcode and objects
 * that are not of the same sources do not go unseen.
 */

#include <stdlib.h>
#include <string.h>

#include <llvm-c/Core.h>

#include "tools/bounds/diag.h"
#include "tools/bounds/flow.h"
#include "tools/bounds/stack_priv.h"
#include "tools/bounds/table.h"

uint32_t stack_pushed;

/* Indirect calls of one line of the source. */
struct line {
	const struct call **call;
	int		n;
};
static struct str_table lines;		/* "file:line" */

static struct stack_kernel *k;		/* the one being built */

/* ---- what the bitcode knows ---- */

static const char *
place_key(struct src at)
{
	return table_printf("%s:%u", at.file, at.line);
}

static void
lines_add(const struct call *c)
{
	const char *key = place_key(c->at);
	struct line *l = str_table_get(&lines, key);

	if (l == NULL) {
		l = table_alloc(1, sizeof(*l));
		str_table_put(&lines, key, l);
	}
	TABLE_GROW(l->call, l->n);
	l->call[l->n++] = c;
}

/* Bytes that a piece of inline assembly pushes. */
static uint32_t
pushed_by(LLVMValueRef inst)
{
	LLVMValueRef callee;
	uint32_t bytes = 0;
	char *text;
	const char *s;

	if (!LLVMIsACallInst(inst))
		return 0;
	callee = LLVMGetCalledValue(inst);
	if (!LLVMIsAInlineAsm(callee))
		return 0;
	text = LLVMPrintValueToString(callee);
	for (s = text; (s = strstr(s, "push")) != NULL; s += 4)
		bytes += 8;
	LLVMDisposeMessage(text);
	return bytes;
}

static void
scan_fn(const struct fn *f)
{
	LLVMValueRef inst;
	uint32_t bytes;
	int i;

	for (i = 0; i < f->ncalls; i++)
		if (f->call[i].indirect)
			lines_add(&f->call[i]);
	for (i = 0; i < f->nblocks; i++)
		for (inst = LLVMGetFirstInstruction(f->block[i].bb);
		    inst != NULL; inst = LLVMGetNextInstruction(inst)) {
			bytes = pushed_by(inst);
			if (bytes > stack_pushed)
				stack_pushed = bytes;
		}
}

/* "kernel/sched/runq.c" */
static const char *
module_source(const struct module *m)
{
	size_t len;
	const char *s = LLVMGetSourceFileName(m->ll, &len);

	if (len > 2 && strncmp(s, "./", 2) == 0) {
		s += 2;
		len -= 2;
	}
	return table_intern(s, len);
}

/* ---- from functions to nodes ---- */

const char *
stack_title(const struct fn *f)
{
	if (f->is_static && f->module != NULL)
		return table_printf("%s:%s", module_source(f->module),
		    f->name);
	return f->name;
}

/* The function that a node is, or is a clone of; NULL: gcc made it. */
static const struct fn *
node_fn(const struct stack_node *n)
{
	static struct str_table by_title;
	const char *colon = strrchr(n->title, ':');
	int i;

	if (by_title.n == 0)
		for (i = 0; i < prog.nfns; i++)
			str_table_put(&by_title, stack_title(prog.fn[i]),
			    prog.fn[i]);
	return str_table_get(&by_title, table_printf("%.*s%s",
	    colon != NULL ? (int)(colon + 1 - n->title) : 0, n->title,
	    n->name));
}

const struct fact *
stack_fact(const struct stack_node *n)
{
	const struct fn *f = node_fn(n);
	int i;

	if (f != NULL && f->fact != NULL && f->fact->role != ROLE_ROOT)
		return f->fact;
	/* What the bitcode has not, but gcc or the facts have. */
	for (i = 0; i < facts.nfacts && f == NULL; i++)
		if (facts.fact[i].role != ROLE_ROOT &&
		    strcmp(facts.fact[i].name, n->name) == 0)
			return &facts.fact[i];
	return NULL;
}

/* ---- building the graph ---- */

/* build/kernel/sched/runq.ci of kernel/sched/runq.c */
static const char *
ci_path(const struct module *m)
{
	const char *source = module_source(m);
	size_t len = strlen(source);

	if (len > 2 && strcmp(source + len - 2, ".c") == 0)
		len -= 2;
	return table_printf("%s/%.*s.ci", k->dir, (int)len, source);
}

/* Whether calls of n are left out, as the facts say. */
static bool
is_left_out(const struct stack_node *n)
{
	const struct fact *fact = stack_fact(n);
	const struct fn *f = node_fn(n);

	return fact != NULL && fact->role == ROLE_OPAQUE &&
	    (fact_num(fact, "noreturn", 0) || (f != NULL && f->is_noreturn));
}

static void
add_call(struct stack_node *n, const struct fn *f, struct src at)
{
	graph_add_edge(n, graph_node(&k->graph, stack_title(f)), at);
}

/* A word of calls=: a function, or a slot that holds functions. */
static void
add_calls_of(struct stack_node *n, const struct fact *fact, const char *name)
{
	struct src nowhere = { "?", 0 };
	struct fn **slot, *f;
	int i, nslot = 0;

	if (strchr(name, '.') == NULL) {
		f = prog_fn_named(name);
		if (f != NULL)		/* else facts.c has complained */
			add_call(n, f, nowhere);
		return;
	}
	slot = flow_slot(name, &nslot);
	for (i = 0; i < nslot; i++)
		add_call(n, slot[i], nowhere);
	if (nslot == 0)
		diag_at(E_FACT, stack_fact_src(fact), "no function is ever in "
		    "%s", name);
}

/* The frame and the calls of what gcc did not compile, or what is opaque. */
static void
take_fact(struct stack_node *n)
{
	const struct fact *fact = stack_fact(n);
	const char *stack = fact_get(fact, "stack", NULL);
	char *list, *name, *save;

	if (stack == NULL || (n->has_data && fact->role != ROLE_OPAQUE))
		return;
	n->has_data = true;
	n->is_dynamic = false;
	n->bytes = strtoul(stack, NULL, 0);
	n->at = (struct src){ fact->file, fact->line };
	n->nedges = n->nicalls = 0;
	list = table_printf("%s", fact_get(fact, "calls", ""));
	for (name = strtok_r(list, ",", &save); name != NULL;
	    name = strtok_r(NULL, ",", &save))
		add_calls_of(n, fact, name);
}

/* Whether n was compiled from that file: as a static function of it or of a
 * header, or as a global one. */
static bool
is_of_file(const struct stack_node *n, const char *source)
{
	size_t len = strlen(source);

	return n->at.file == source || (strncmp(n->title, source, len) == 0 &&
	    n->title[len] == ':');
}

/*
 * A static function that gcc has left out of its file, though it looks as if
 * it were called: either nothing points to it any more, or it was merged with
 * another of its file whose code is the same. Take the largest frame of the
 * file, and the calls that the bitcode has: that is enough for both.
 */
static void
take_bitcode(struct stack_node *n)
{
	const struct fn *f = node_fn(n);
	const char *source;
	struct stack_node *m;
	int i, t;

	if (f == NULL || !f->is_static || !f->is_defined)
		return;
	source = module_source(f->module);
	for (i = 0; i < k->graph.nnodes; i++) {
		m = k->graph.node[i];
		if (m->has_data && m->bytes > n->bytes &&
		    is_of_file(m, source))
			n->bytes = m->bytes;
	}
	n->has_data = true;
	n->at = f->at;
	for (i = 0; i < f->ncalls; i++)
		for (t = 0; t < f->call[i].ntargets; t++)
			add_call(n, f->call[i].target[t], f->call[i].at);
}

static void
resolve_icall(struct stack_node *n, struct src at)
{
	const struct line *l = str_table_get(&lines, place_key(at));
	int i, t;

	if (l == NULL) {
		diag_at(E_STACK_DATA, at, "%s: the bitcode has no indirect "
		    "call at this line, where gcc has one in %s()", k->name,
		    n->name);
		return;
	}
	for (i = 0; i < l->n; i++)
		for (t = 0; t < l->call[i]->ntargets; t++)
			add_call(n, l->call[i]->target[t], at);
}

void
stack_scan(void)
{
	int i;

	for (i = 0; i < prog.nfns; i++)
		scan_fn(prog.fn[i]);
}

void
stack_read(struct stack_kernel *kernel)
{
	const char *wrong;
	int i;

	k = kernel;
	for (i = 0; i < prog.nmodules; i++) {
		wrong = graph_read(&k->graph, ci_path(&prog.module[i]));
		if (wrong != NULL)
			diag_at(E_STACK_DATA,
			    (struct src){ module_source(&prog.module[i]), 0 },
			    "%s: %s", k->name, wrong);
	}
}

/* Nodes come while this goes on. */
void
stack_complete(struct stack_kernel *kernel)
{
	struct stack_node *n;
	int i, j;

	k = kernel;
	for (i = 0; i < k->graph.nnodes; i++) {
		n = k->graph.node[i];
		n->is_cut = is_left_out(n);
		if (n->is_cut)
			continue;
		take_fact(n);
		if (!n->has_data)
			take_bitcode(n);
		for (j = 0; j < n->nicalls; j++)
			resolve_icall(n, n->icall[j]);
	}
}
