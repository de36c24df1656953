/*
 * The program: modules, symbols, functions, calls.
 *
 * The modules are never linked, since linking renames structure types and so
 * loses the targets of indirect calls. Instead symbols are resolved here as a
 * linker would: a name that is not static means its one definition in any
 * module; a static function or variable is its module's own, so a function of
 * a header has as many copies as modules use it. What stays undefined is
 * assembly or a marker, and must have a fact (facts.c).
 *
 * mem2reg runs first: clang's -O0 code keeps each variable in memory, and
 * trip counts, constants and pointers are only seen in SSA form. Nothing else
 * is optimised, so that each call and each line of the source is still there.
 *
 * All modules share one context, hence pointers to types, metadata and
 * constants mean the same everywhere.
 */

#include <llvm-c/DebugInfo.h>
#include <llvm-c/Error.h>
#include <llvm-c/IRReader.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bounds/diag.h"
#include "tools/bounds/facts.h"
#include "tools/bounds/prog_priv.h"
#include "tools/bounds/table.h"

struct prog prog;

static struct str_table global_fns;	/* name: fn that is not static */
static struct str_table global_vars;	/* name: defined, not static */
static struct str_table named;		/* name: first of a chain of fns */
static struct fn **next_named;		/* [fn.id] */
static struct ptr_table fn_of_value;	/* definitions and declarations */
static struct ptr_table call_of_inst;

static const char *
value_name(LLVMValueRef v)
{
	size_t len;
	const char *s = LLVMGetValueName2(v, &len);

	return table_intern(s, len);
}

static bool
is_internal(LLVMValueRef v)
{
	LLVMLinkage l = LLVMGetLinkage(v);

	return l == LLVMInternalLinkage || l == LLVMPrivateLinkage;
}

static bool
is_weak(LLVMValueRef v)
{
	LLVMLinkage l = LLVMGetLinkage(v);

	return l == LLVMWeakAnyLinkage || l == LLVMWeakODRLinkage ||
	    l == LLVMExternalWeakLinkage || l == LLVMAvailableExternallyLinkage;
}

static unsigned
noreturn_kind(void)
{
	return LLVMGetEnumAttributeKindForName("noreturn", 8);
}

static bool
has_noreturn(LLVMValueRef fn)
{
	return LLVMGetEnumAttributeAtIndex(fn, LLVMAttributeFunctionIndex,
	    noreturn_kind()) != NULL;
}

/* "./kernel/a.h", or "/the/compile/directory/kernel/a.h": kernel/a.h. */
static const char *
source_name(const char *file, size_t len, const char *dir, size_t dirlen)
{
	if (dirlen != 0 && len > dirlen && file[dirlen] == '/' &&
	    memcmp(file, dir, dirlen) == 0) {
		file += dirlen + 1;
		len -= dirlen + 1;
	}
	while (len > 2 && file[0] == '.' && file[1] == '/') {
		file += 2;
		len -= 2;
	}
	return table_intern(file, len);
}

struct src
prog_src(LLVMValueRef v)
{
	struct src at = { "?", 0 };
	const char *file, *dir;
	unsigned len, dirlen;

	if (!LLVMIsAInstruction(v) && !LLVMIsAGlobalVariable(v) &&
	    !LLVMIsAFunction(v))
		return at;
	file = LLVMGetDebugLocFilename(v, &len);
	if (file == NULL)
		return at;
	dir = LLVMGetDebugLocDirectory(v, &dirlen);
	at.file = source_name(file, len, dir, dir ? dirlen : 0);
	at.line = LLVMGetDebugLocLine(v);
	return at;
}

LLVMValueRef
prog_strip(LLVMValueRef v)
{
	for (;;) {
		LLVMOpcode op;
		int64_t zero;
		int i, n;

		if (LLVMIsAGlobalAlias(v)) {
			v = LLVMAliasGetAliasee(v);
			continue;
		}
		if (LLVMIsAConstantExpr(v))
			op = LLVMGetConstOpcode(v);
		else if (LLVMIsAInstruction(v))
			op = LLVMGetInstructionOpcode(v);
		else
			return v;
		if (op == LLVMGetElementPtr) {
			n = LLVMGetNumOperands(v);
			for (i = 1; i < n; i++)
				if (!value_const(LLVMGetOperand(v, i), &zero) ||
				    zero != 0)
					return v;
		} else if (op != LLVMBitCast && op != LLVMAddrSpaceCast) {
			return v;
		}
		v = LLVMGetOperand(v, 0);
	}
}

bool
value_const(LLVMValueRef v, int64_t *out)
{
	if (!LLVMIsAConstantInt(v) ||
	    LLVMGetIntTypeWidth(LLVMTypeOf(v)) > 64)
		return false;
	*out = LLVMConstIntGetSExtValue(v);
	return true;
}

/* ---- symbols ---- */

static struct fn *
add_fn(LLVMValueRef v, const char *name, struct module *m)
{
	struct fn *f = table_alloc(1, sizeof(*f)), *first;

	f->value = v;
	f->name = name;
	f->module = m;
	f->at = (struct src){ "?", 0 };
	f->id = prog.nfns;
	if (v != NULL) {
		f->at = prog_src(v);
		f->is_static = is_internal(v);
		f->is_noreturn = has_noreturn(v);
	}
	TABLE_GROW(next_named, prog.nfns);
	first = str_table_get(&named, name);
	next_named[f->id] = first;
	str_table_put(&named, name, f);
	TABLE_GROW(prog.fn, prog.nfns);
	prog.fn[prog.nfns++] = f;
	if (!f->is_static)
		str_table_put(&global_fns, name, f);
	return f;
}

static void
define_fn(struct module *m, LLVMValueRef v)
{
	const char *name = value_name(v);
	struct fn *old = NULL;

	if (!is_internal(v))
		old = str_table_get(&global_fns, name);
	if (old == NULL) {
		old = add_fn(v, name, m);
	} else if (is_weak(old->value) && !is_weak(v)) {
		old->value = v;
		old->module = m;
		old->at = prog_src(v);
	}
	old->is_defined = true;
	ptr_table_put(&fn_of_value, v, old);
}

static void
declare_fn(LLVMValueRef v)
{
	const char *name = value_name(v);
	struct fn *f = str_table_get(&global_fns, name);

	if (LLVMGetIntrinsicID(v) != 0)
		return;
	if (f == NULL)
		f = add_fn(v, name, NULL);
	f->is_noreturn |= has_noreturn(v);
	ptr_table_put(&fn_of_value, v, f);
}

static void
define_var(LLVMValueRef v)
{
	const char *name = value_name(v);
	LLVMValueRef old;

	if (LLVMIsDeclaration(v) || is_internal(v))
		return;
	old = str_table_get(&global_vars, name);
	if (old == NULL || (is_weak(old) && !is_weak(v)))
		str_table_put(&global_vars, name, v);
}

/* An alias is another name of its aliasee for the other modules. */
static void
define_alias(LLVMValueRef a)
{
	LLVMValueRef v = prog_strip(a);
	const char *name = value_name(a);
	void *f;

	if (is_internal(a))
		return;
	if (LLVMIsAGlobalVariable(v)) {
		str_table_put(&global_vars, name, v);
	} else if ((f = ptr_table_get(&fn_of_value, v)) != NULL) {
		str_table_put(&global_fns, name, f);
	}
}

static void
resolve_symbols(void)
{
	LLVMModuleRef ll;
	LLVMValueRef v;
	int i;

	for (i = 0; i < prog.nmodules; i++) {
		ll = prog.module[i].ll;
		for (v = LLVMGetFirstFunction(ll); v != NULL;
		    v = LLVMGetNextFunction(v))
			if (!LLVMIsDeclaration(v))
				define_fn(&prog.module[i], v);
		for (v = LLVMGetFirstGlobal(ll); v != NULL;
		    v = LLVMGetNextGlobal(v))
			define_var(v);
	}
	for (i = 0; i < prog.nmodules; i++)
		for (v = LLVMGetFirstGlobalAlias(prog.module[i].ll); v != NULL;
		    v = LLVMGetNextGlobalAlias(v))
			define_alias(v);
	for (i = 0; i < prog.nmodules; i++)
		for (v = LLVMGetFirstFunction(prog.module[i].ll); v != NULL;
		    v = LLVMGetNextFunction(v))
			if (LLVMIsDeclaration(v))
				declare_fn(v);
}

struct fn *
prog_fn(LLVMValueRef v)
{
	return ptr_table_get(&fn_of_value, prog_strip(v));
}

struct fn *
prog_next_named(const char *name, const struct fn *last)
{
	if (last != NULL)
		return next_named[last->id];
	return str_table_get(&named, name);
}

struct fn *
prog_fn_named(const char *name)
{
	struct fn *f = str_table_get(&global_fns, name);

	if (f != NULL)
		return f;
	f = str_table_get(&named, name);
	return f != NULL && next_named[f->id] == NULL ? f : NULL;
}

struct fn *
prog_add_named(const char *name)
{
	return add_fn(NULL, table_intern(name, strlen(name)), NULL);
}

LLVMValueRef
prog_global_named(const char *name)
{
	LLVMValueRef v = str_table_get(&global_vars, name), found = NULL;
	int i;

	if (v != NULL)
		return v;
	for (i = 0; i < prog.nmodules; i++) {
		v = LLVMGetNamedGlobal(prog.module[i].ll, name);
		if (v == NULL || LLVMIsDeclaration(v))
			continue;
		if (found != NULL)
			return NULL;
		found = v;
	}
	return found;
}

LLVMValueRef
prog_global(LLVMValueRef v)
{
	LLVMValueRef def;

	v = prog_strip(v);
	if (!LLVMIsAGlobalVariable(v) || !LLVMIsDeclaration(v))
		return v;
	def = str_table_get(&global_vars, value_name(v));
	return def != NULL ? def : v;
}

/* ---- calls ---- */

static bool
is_call(LLVMValueRef inst)
{
	LLVMOpcode op = LLVMGetInstructionOpcode(inst);

	return op == LLVMCall || op == LLVMInvoke;
}

/* The callee of a call that we count as one, else NULL. */
static LLVMValueRef
callee_of(LLVMValueRef inst)
{
	LLVMValueRef v;

	if (!is_call(inst))
		return NULL;
	v = prog_strip(LLVMGetCalledValue(inst));
	if (LLVMIsAInlineAsm(v) ||
	    (LLVMIsAFunction(v) && LLVMGetIntrinsicID(v) != 0))
		return NULL;
	return v;
}

static void
add_call(struct fn *f, int block, LLVMValueRef inst, LLVMValueRef callee)
{
	struct call *c;

	TABLE_GROW(f->call, f->ncalls);
	c = &f->call[f->ncalls++];
	*c = (struct call){ .inst = inst, .caller = f, .block = block,
	    .at = prog_src(inst) };
	if (c->at.line == 0)
		c->at = f->at;
	if (!LLVMIsAFunction(callee)) {
		c->indirect = true;
		return;
	}
	c->target = table_alloc(1, sizeof(*c->target));
	c->target[0] = prog_fn(callee);
	c->ntargets = 1;
	c->target[0]->is_noreturn |= LLVMGetCallSiteEnumAttribute(inst,
	    LLVMAttributeFunctionIndex, noreturn_kind()) != NULL;
}

void
prog_list_calls(struct fn *f)
{
	LLVMValueRef inst, callee;
	int b, i;

	for (b = 0; b < f->nblocks; b++) {
		f->block[b].call = f->ncalls;
		if (f->block[b].rpo < 0)
			continue;
		for (inst = LLVMGetFirstInstruction(f->block[b].bb);
		    inst != NULL; inst = LLVMGetNextInstruction(inst))
			if ((callee = callee_of(inst)) != NULL)
				add_call(f, b, inst, callee);
		f->block[b].ncalls = f->ncalls - f->block[b].call;
	}
	for (i = 0; i < f->ncalls; i++)
		ptr_table_put(&call_of_inst, f->call[i].inst, &f->call[i]);
}

struct call *
fn_call_of(const struct fn *f, LLVMValueRef inst)
{
	struct call *c = ptr_table_get(&call_of_inst, inst);

	return c != NULL && c->caller == f ? c : NULL;
}

LLVMValueRef
call_arg(const struct call *c, unsigned i)
{
	return i < LLVMGetNumArgOperands(c->inst) ?
	    LLVMGetOperand(c->inst, i) : NULL;
}

static void
mark_address_taken(struct fn *f)
{
	LLVMUseRef u;
	LLVMValueRef user;

	for (u = LLVMGetFirstUse(f->value); u != NULL; u = LLVMGetNextUse(u)) {
		user = LLVMGetUser(u);
		if (LLVMIsAInstruction(user) && is_call(user) &&
		    LLVMGetCalledValue(user) == f->value)
			continue;
		if (LLVMIsABlockAddress(user))
			continue;	/* a label in it, for asm goto */
		f->address_taken = true;
		return;
	}
}

/* Uses count in every module, through the declarations too. */
static void
find_address_taken(void)
{
	LLVMValueRef v;
	struct fn *f, use;
	int i;

	for (i = 0; i < prog.nmodules; i++)
		for (v = LLVMGetFirstFunction(prog.module[i].ll); v != NULL;
		    v = LLVMGetNextFunction(v)) {
			if ((f = ptr_table_get(&fn_of_value, v)) == NULL)
				continue;
			use = (struct fn){ .value = v };
			mark_address_taken(&use);
			f->address_taken |= use.address_taken;
		}
}

void
prog_check_externs(void)
{
	bool *told = table_alloc(prog.nfns, sizeof(*told));
	const struct call *c;
	const struct fn *f, *t;
	int i, j;

	for (i = 0; i < prog.nfns; i++) {
		f = prog.fn[i];
		for (j = 0; j < f->ncalls; j++) {
			c = &f->call[j];
			t = c->indirect ? NULL : c->target[0];
			if (t == NULL || t->is_defined || t->fact != NULL ||
			    told[t->id])
				continue;
			told[t->id] = true;
			diag_at(E_EXTERN, c->at, "%s calls %s, which has "
			    "neither source nor fact", f->name, t->name);
		}
	}
}

/* ---- loading ---- */

static void
cannot(const char *path, const char *why)
{
	fprintf(stderr, "bounds: %s: %s\n", path, why);
	exit(2);
}

static LLVMModuleRef
read_module(const char *path)
{
	LLVMMemoryBufferRef buf;
	LLVMModuleRef ll;
	LLVMPassBuilderOptionsRef opt;
	LLVMErrorRef err;
	char *why = NULL;

	if (LLVMCreateMemoryBufferWithContentsOfFile(path, &buf, &why) ||
	    LLVMParseIRInContext(LLVMGetGlobalContext(), buf, &ll, &why))
		cannot(path, why);
	opt = LLVMCreatePassBuilderOptions();
	err = LLVMRunPasses(ll, "function(mem2reg)", NULL, opt);
	if (err != NULL)
		cannot(path, LLVMGetErrorMessage(err));
	LLVMDisposePassBuilderOptions(opt);
	return ll;
}

void
prog_load(char **paths, int n)
{
	int i;

	prog.module = table_alloc(n, sizeof(*prog.module));
	for (i = 0; i < n; i++) {
		prog.module[i].path = paths[i];
		prog.module[i].ll = read_module(paths[i]);
	}
	prog.nmodules = n;
	resolve_symbols();
	find_address_taken();
	for (i = 0; i < prog.nfns; i++)
		if (prog.fn[i]->is_defined) {
			cfg_build(prog.fn[i]);
			prog_list_calls(prog.fn[i]);
		}
}

/* ---- bottom-up order ---- */

/*
 * Tarjan's strongly connected components, which come out callees first. The
 * depth of our own recursion is that of the call graph.
 */
struct tarjan {
	int		*index, *low;		/* [fn.id]; index 0: not seen */
	bool		*on_stack;
	struct fn	**stack;
	int		nstack, next;
	struct fn	**order;
	int		norder;
};

/* The callees that count: an opaque function has none. */
static bool
next_callee(const struct fn *f, int *c, int *t, struct fn **out)
{
	if (fn_is(f, ROLE_OPAQUE))
		return false;
	for (; *c < f->ncalls; ++*c, *t = 0)
		while (*t < f->call[*c].ntargets) {
			*out = f->call[*c].target[(*t)++];
			if ((*out)->is_defined)
				return true;
		}
	return false;
}

/* A shortest way from `from` to `to` within the members, and back. */
static void
report_cycle(struct fn *start, struct fn **member, int n)
{
	const struct call **via = table_alloc(prog.nfns, sizeof(*via));
	bool *in = table_alloc(prog.nfns, sizeof(*in));
	struct fn **queue = table_alloc(n + 1, sizeof(*queue)), *f;
	struct diag_step *step = table_alloc(n + 1, sizeof(*step));
	const struct call *c;
	int head = 0, tail = 0, i, t, len = 0;

	for (i = 0; i < n; i++)
		in[member[i]->id] = true;
	for (queue[tail++] = start; head < tail && !via[start->id];) {
		f = queue[head++];
		for (i = 0; i < f->ncalls; i++)
			for (t = 0; t < f->call[i].ntargets; t++) {
				struct fn *to = f->call[i].target[t];

				if (!in[to->id] || via[to->id] != NULL)
					continue;
				via[to->id] = &f->call[i];
				if (to != start)
					queue[tail++] = to;
			}
	}
	for (c = via[start->id];; c = via[c->caller->id]) {
		len++;
		if (c->caller == start)
			break;
	}
	step[len] = (struct diag_step){ start, start->at };
	for (i = len, c = via[start->id]; i-- > 0; c = via[c->caller->id])
		step[i] = (struct diag_step){ c->caller, c->at };
	diag_at(E_RECURSION, step[0].at, "%s can call itself%s", start->name,
	    len > 1 ? " through others" : "");
	diag_path(step, len + 1);
}

static void
pop_component(struct tarjan *s, struct fn *f)
{
	struct fn **member;
	bool loop = false;
	int i, n = 0, c = 0, t = 0;
	struct fn *to;

	do
		s->on_stack[s->stack[--s->nstack]->id] = false;
	while (s->stack[s->nstack] != f && ++n);
	member = &s->stack[s->nstack];
	n++;
	while (n == 1 && !loop && next_callee(f, &c, &t, &to))
		loop = to == f;
	if (n > 1 || loop)
		report_cycle(f, member, n);
	for (i = n - 1; i >= 0; i--)
		s->order[s->norder++] = member[i];
}

static void
visit(struct tarjan *s, struct fn *f)
{
	int c = 0, t = 0, v = f->id;
	struct fn *to;

	s->index[v] = s->low[v] = ++s->next;
	s->on_stack[v] = true;
	s->stack[s->nstack++] = f;
	while (next_callee(f, &c, &t, &to)) {
		if (s->index[to->id] == 0)
			visit(s, to);
		else if (!s->on_stack[to->id])
			continue;
		if (s->low[to->id] < s->low[v])
			s->low[v] = s->low[to->id];
	}
	if (s->low[v] == s->index[v])
		pop_component(s, f);
}

struct fn **
prog_bottom_up(int *n)
{
	static struct tarjan s;
	int i;

	if (s.order == NULL) {
		s.index = table_alloc(prog.nfns, sizeof(*s.index));
		s.low = table_alloc(prog.nfns, sizeof(*s.low));
		s.on_stack = table_alloc(prog.nfns, sizeof(*s.on_stack));
		s.stack = table_alloc(prog.nfns, sizeof(*s.stack));
		s.order = table_alloc(prog.nfns, sizeof(*s.order));
		for (i = 0; i < prog.nfns; i++)
			if (prog.fn[i]->is_defined && s.index[i] == 0)
				visit(&s, prog.fn[i]);
	}
	*n = s.norder;
	return s.order;
}
