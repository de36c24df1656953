/* Constants: operands of instructions, and initialisers; see flow.c. */

#include <string.h>

#include "tools/bounds/diag.h"
#include "tools/bounds/flow_priv.h"
#include "tools/bounds/table.h"

/* The structure that an address constant points to as it was before it was
 * cast to void *. */
static struct ctype *
cast_from(struct module *m, LLVMValueRef v)
{
	LLVMTypeRef t;
	struct ctype *c;

	while (flow_opcode(v) == LLVMBitCast) {
		v = LLVMGetOperand(v, 0);
		t = flow_pointee(LLVMTypeOf(v));
		if (LLVMIsAGlobalVariable(v) && types_of_global(v) != NULL)
			return types_of_debug(types_of_global(v));
		c = t == NULL ? NULL : types_of(m, t);
		if (c != NULL)
			return c;
	}
	return NULL;
}

static void
assign_constant(struct module *m, LLVMValueRef v, int node, struct src at)
{
	LLVMValueRef to = prog_strip(v);
	struct ctype *c;

	if (LLVMIsNull(v) || LLVMIsUndef(v))
		return;
	if (LLVMIsAFunction(to)) {
		if (prog_fn(to) != NULL)
			flow_add_fn(node, prog_fn(to));
	} else if (flow_is_fp(LLVMTypeOf(v))) {
		flow_unknown(node, "a constant that is no function", at);
	} else if ((c = cast_from(m, v)) != NULL) {
		flow_add_type(node, c);
	}
}

void
flow_assign(struct module *m, LLVMValueRef v, int node, struct src at)
{
	if (LLVMIsConstant(v))
		assign_constant(m, v, node, at);
	else if (flow_is_tracked(LLVMTypeOf(v)))
		flow_edge(flow_value(v), node);
}

/*
 * Assembly's functions may become numbers: a register of the machine or a
 * descriptor holds them, and what they call is known by a fact.
 */
void
flow_check_constant(struct module *m, LLVMValueRef v, struct src at)
{
	LLVMValueRef from;
	const struct fn *f;
	int op, i, n;

	if (!LLVMIsAConstantExpr(v))
		return;
	op = flow_opcode(v);
	from = LLVMGetOperand(v, 0);
	if (op == LLVMPtrToInt ||
	    (op == LLVMBitCast && !flow_is_fp(LLVMTypeOf(v)))) {
		f = LLVMIsAFunction(prog_strip(from)) ? prog_fn(from) : NULL;
		if (f != NULL && f->is_defined)
			diag_at(E_FPCAST, at, "%s becomes data here, and could "
			    "be called from where nobody sees", f->name);
	}
	if (op == LLVMIntToPtr && flow_is_fp(LLVMTypeOf(v)))
		diag_at(E_FPCAST, at, "a number becomes a function pointer");
	if (op == LLVMBitCast && flow_is_tracked(LLVMTypeOf(v)) &&
	    flow_pointee(LLVMTypeOf(from)) != NULL &&
	    flow_is_fp(flow_pointee(LLVMTypeOf(from))))
		diag_at(E_FPHIDE, at, "the address of a function pointer "
		    "becomes untyped");
	if (op == LLVMBitCast)
		flow_check_cast(m, v, at);
	n = LLVMGetNumOperands(v);
	for (i = 0; i < n; i++)
		flow_check_constant(m, LLVMGetOperand(v, i), at);
}

/* ---- initialisers ---- */

static void
each_leaf(LLVMValueRef c, uint64_t off,
    void (*found)(void *arg, LLVMValueRef leaf, uint64_t off), void *arg)
{
	LLVMTypeRef t = LLVMTypeOf(c);
	int i, n;

	switch (LLVMGetTypeKind(t)) {
	case LLVMPointerTypeKind:
		if (!LLVMIsNull(c))
			found(arg, c, off);
		return;
	case LLVMIntegerTypeKind:
		if (LLVMIsAConstantExpr(c))
			found(arg, c, off);
		return;
	case LLVMStructTypeKind:
		n = LLVMGetNumOperands(c);
		for (i = 0; i < n; i++)
			each_leaf(LLVMGetOperand(c, i),
			    off + types_offset(t, i), found, arg);
		return;
	case LLVMArrayTypeKind:
		n = LLVMGetNumOperands(c);
		for (i = 0; i < n; i++)
			each_leaf(LLVMGetOperand(c, i), off +
			    i * types_size(LLVMGetElementType(t)), found, arg);
		return;
	default:
		return;
	}
}

struct each_fn {
	void	(*found)(void *arg, LLVMValueRef leaf, uint64_t off);
	void	*arg;
};

static void
leaf_fn(void *arg, LLVMValueRef leaf, uint64_t off)
{
	const struct each_fn *e = arg;

	if (LLVMIsAFunction(prog_strip(leaf)))
		e->found(e->arg, leaf, off);
}

void
flow_each_fn(LLVMValueRef c, uint64_t off,
    void (*found)(void *arg, LLVMValueRef leaf, uint64_t off), void *arg)
{
	struct each_fn e = { found, arg };

	each_leaf(c, off, leaf_fn, &e);
}

struct init {
	struct module	*module;
	LLVMValueRef	global;
	LLVMMetadataRef	type;		/* NULL: only LLVM's is known */
	struct ctype	*ctype;		/* then this, or NULL */
	const char	*name;
	struct src	at;
};

static void
init_leaf(void *arg, LLVMValueRef leaf, uint64_t off)
{
	const struct init *in = arg;
	LLVMMetadataRef t = in->type ? in->type : in->ctype->di;
	const struct fn *f;
	struct slot at[8];
	bool fits = false;
	int i, n;

	flow_check_constant(in->module, leaf, in->at);
	if (LLVMGetTypeKind(LLVMTypeOf(leaf)) != LLVMPointerTypeKind)
		return;
	n = types_locate(t, off, at, 8);
	for (i = 0; i < n; i++) {
		flow_assign(in->module, leaf, at[i].type != NULL ?
		    flow_slot_node(at[i]) :
		    flow_object(in->global, at[i].off), in->at);
		fits |= at[i].type == NULL || types_slot_is_fp(at[i]);
	}
	f = LLVMIsAFunction(prog_strip(leaf)) ? prog_fn(leaf) : NULL;
	if (f != NULL && !fits)
		diag_at(E_FPCAST, in->at, "%s is data in the initialiser of %s",
		    f->name, in->name);
}

static void
no_type(void *arg, LLVMValueRef leaf, uint64_t off)
{
	const struct init *in = arg;

	(void)off;
	diag_at(E_FPHIDE, in->at, "%s is in an initialiser whose type has no "
	    "name (%s)", prog_fn(leaf) ? prog_fn(leaf)->name : "?", in->name);
}

/* clang copies the initialisers of local variables from such constants, which
 * flow_check_copy() reads. */
static bool
is_image(LLVMValueRef g)
{
	return LLVMGetLinkage(g) == LLVMPrivateLinkage &&
	    LLVMIsGlobalConstant(g);
}

static void
initialiser(struct module *m, LLVMValueRef g)
{
	struct init in = { .module = m, .global = g, .at = prog_src(g) };
	LLVMValueRef value = LLVMGetInitializer(g);
	size_t len;
	const char *name = LLVMGetValueName2(g, &len);

	if (value == NULL || strncmp(name, "llvm.", 5) == 0)
		return;
	in.name = table_intern(name, len);
	in.type = types_of_global(g);
	if (in.type == NULL)
		in.ctype = types_of(m, LLVMGlobalGetValueType(g));
	if (in.type != NULL || in.ctype != NULL)
		each_leaf(value, 0, init_leaf, &in);
	else if (!is_image(g))
		flow_each_fn(value, 0, no_type, &in);
}

void
flow_initialisers(void)
{
	LLVMValueRef g;
	int i;

	for (i = 0; i < prog.nmodules; i++)
		for (g = LLVMGetFirstGlobal(prog.module[i].ll); g != NULL;
		    g = LLVMGetNextGlobal(g))
			initialiser(&prog.module[i], g);
}
