/*
 * Which functions an indirect call can reach.
 *
 * The problem: the kernel calls through pointers in structures (file_ops), in
 * variables, in parameters. A target that is missed makes every bound that is
 * built upon the call graph a lie, so nothing may be lost without an error.
 *
 * The idea is field-based flow: what is stored in a field of one file_ops may
 * be in that field of any other. Memory is so few places: a node for each slot
 * of a structure type (types.h), each variable without a tag, each value in a
 * function, parameter, and result. Loads, stores, phis, casts, arguments and
 * returns are edges; functions move along them to a fixed point, and a call
 * through a node makes the edges of its arguments when a function gets there.
 * Copies of structures need no edge: both sides have the same slots.
 *
 * What makes it sound is that there is no other way for a function: I1 a
 * pointer to a function is stored only where a slot or variable is named
 * (E-FPHIDE); I2 it never becomes a number, a data pointer, an operand of
 * inline assembly or a variable argument (E-FPCAST, E-FPHIDE); I3 nothing else
 * becomes one (E-FPCAST); I4 memory with function pointers has one type
 * (flow_pun.c). The errors wait for the solution where that can tell that no
 * function comes by. What is read from a place without a name is unknown, and
 * a call of it an error. Untyped pointers (void *) are followed too, for I4.
 *
 * So where no function arrives and nothing is unknown, the pointer is NULL:
 * the call cannot happen (an operation that nobody has), and W-TRUST says so.
 *
 * Rejected: matching by type alone, which gave a hundred targets to `void
 * (*)(void *)`; a node for each object, since a field's functions are few.
 *
 * flow_graph.c has the graph, flow_addr.c addresses, flow_init.c constants,
 * flow_pun.c puns, flow_ask.c answers.
 */

#include <string.h>

#include "tools/bounds/diag.h"
#include "tools/bounds/facts.h"
#include "tools/bounds/flow.h"
#include "tools/bounds/flow_priv.h"
#include "tools/bounds/table.h"

/* What would be an error if a function came by (I1, I2). */
static struct watch {
	int		node;
	enum diag	code;
	struct src	at;
	const char	*what;
}	*watches;
static int nwatches;

static int stat_calls, stat_targets;

/* ---- a function's instructions ---- */

struct here {
	struct module	*module;
	struct fn	*fn;
	LLVMValueRef	inst;
	struct src	at;
};

static void
watch_node(const struct here *h, int node, enum diag code, const char *what)
{
	TABLE_GROW(watches, nwatches);
	watches[nwatches++] = (struct watch){ node, code, h->at, what };
}

static void
watch(const struct here *h, LLVMValueRef v, enum diag code, const char *what)
{
	if (!LLVMIsConstant(v) && flow_is_tracked(LLVMTypeOf(v)))
		watch_node(h, flow_value(v), code, what);
}

static void
assign(const struct here *h, LLVMValueRef from, LLVMValueRef to)
{
	flow_assign(h->module, from, flow_value(to), h->at);
}

/*
 * Access to memory as type t. A number that is read from or written to a place
 * for functions breaks I2 and I3, as does a function read from or written to a
 * place for data. False: it was one of these.
 */
static bool
check_access(const struct here *h, LLVMValueRef address, LLVMTypeRef t,
    const struct addr *a)
{
	LLVMTypeRef was;

	if (flow_is_fp(t) && !flow_addr_is_fp(a)) {
		diag_at(E_FPCAST, h->at, "%s is data, and is used as a "
		    "function pointer", flow_addr_name(a));
		return false;
	}
	if (flow_is_fp(t) || flow_opcode(address) != LLVMBitCast)
		return true;
	was = flow_pointee(LLVMTypeOf(LLVMGetOperand(address, 0)));
	if (!flow_is_fp(was))
		return true;
	diag_at(E_FPCAST, h->at, "%s is a function pointer, and is used as "
	    "data", flow_addr_name(a));
	return false;
}

/* All that the load or store `inst` may access; 0: not known. */
static int
accessed(const struct here *h, LLVMValueRef address, LLVMTypeRef t,
    struct addr *a)
{
	int i, n = flow_addresses(h->module, address, a);

	for (i = 0; i < n; i++)
		if (!check_access(h, address, t, &a[i]))
			return 0;
	if (!flow_is_tracked(t) && flow_has_fp(t))
		diag_at(E_FPCOPY, h->at, "a structure with function pointers "
		    "is handed on as a value");
	return n;
}

static bool
is_foreign(const struct addr *a)
{
	return a->object != NULL && LLVMIsAGlobalVariable(a->object) &&
	    LLVMIsDeclaration(a->object);
}

static void
load(const struct here *h)
{
	LLVMTypeRef t = LLVMTypeOf(h->inst);
	struct addr a[FLOW_ADDRS];
	int i, to, n = accessed(h, LLVMGetOperand(h->inst, 0), t, a);

	for (i = 0; i < n && !flow_is_fp(t); i++)
		if (a[i].at.type != NULL && types_slot_is_fp(a[i].at))
			watch_node(h, flow_addr_node(&a[i]), E_FPCAST,
			    "is read as data");
	if (!flow_is_tracked(t))
		return;
	to = flow_value(h->inst);
	if (n == 0)
		flow_unknown(to, "it is read from an address that names no "
		    "field or variable", h->at);
	for (i = 0; i < n; i++)
		if (is_foreign(&a[i]))
			flow_unknown(to, "it is read from a variable of "
			    "assembly", h->at);
		else
			flow_edge(flow_addr_node(&a[i]), to);
}

static void
store(const struct here *h)
{
	LLVMValueRef value = LLVMGetOperand(h->inst, 0);
	LLVMTypeRef t = LLVMTypeOf(value);
	struct addr a[FLOW_ADDRS];
	int i, n = accessed(h, LLVMGetOperand(h->inst, 1), t, a);

	if (!flow_is_tracked(t))
		return;
	for (i = 0; i < n; i++)
		flow_assign(h->module, value, flow_addr_node(&a[i]), h->at);
	if (n > 0)
		return;
	flow_assign(h->module, value, flow_wild(), h->at);
	watch(h, value, E_FPHIDE, "is stored at an address that names no field "
	    "or variable");
	if (LLVMIsAFunction(prog_strip(value)))
		diag_at(E_FPHIDE, h->at, "a function is stored at an address "
		    "that names no field or variable");
}

/* Numbers, exchanged atomically or not. */
static void
check_atomic(const struct here *h)
{
	LLVMValueRef address = LLVMGetOperand(h->inst, 0);
	LLVMTypeRef t = LLVMTypeOf(LLVMGetOperand(h->inst, 1));
	struct addr a[FLOW_ADDRS];

	(void)accessed(h, address, t, a);
}

static void
cast(const struct here *h)
{
	LLVMValueRef from = LLVMGetOperand(h->inst, 0);
	LLVMTypeRef was = LLVMTypeOf(from), is = LLVMTypeOf(h->inst);
	struct ctype *c;

	flow_check_cast(h->module, h->inst, h->at);
	if (flow_is_fp(is) && !flow_is_fp(was)) {
		diag_at(E_FPCAST, h->at, "a data pointer becomes a function "
		    "pointer");
		flow_unknown(flow_value(h->inst), "it was made of a data "
		    "pointer", h->at);
	}
	if (flow_is_fp(was) && !flow_is_fp(is))
		watch(h, from, E_FPCAST, "becomes a data pointer");
	if (flow_is_tracked(is) && flow_is_tracked(was))
		assign(h, from, h->inst);
	else if (flow_is_tracked(is) && flow_pointee(was) != NULL &&
	    (c = types_of(h->module, flow_pointee(was))) != NULL)
		flow_add_type(flow_value(h->inst), c);
	if (flow_pointee(was) != NULL && flow_is_fp(flow_pointee(was)) &&
	    flow_pointee(is) != NULL && flow_is_tracked(is))
		diag_at(E_FPHIDE, h->at, "the address of a function pointer "
		    "becomes untyped");
}

static void
gep(const struct here *h)
{
	LLVMValueRef base = LLVMGetOperand(h->inst, 0);
	int64_t off = 0;

	if (flow_is_tracked(LLVMTypeOf(h->inst)) &&
	    flow_is_tracked(LLVMTypeOf(base)) && flow_gep(h->inst, &off) &&
	    off == 0)
		assign(h, base, h->inst);
}

/* ---- calls ---- */

static bool
is_copy(LLVMValueRef callee)
{
	size_t len;
	const char *name = LLVMGetValueName2(callee, &len);

	return strncmp(name, "llvm.memcpy.", 12) == 0 ||
	    strncmp(name, "llvm.memmove.", 13) == 0 ||
	    strcmp(name, "memcpy") == 0 || strcmp(name, "memmove") == 0;
}

static void
check_asm(const struct here *h)
{
	int i, n = LLVMGetNumArgOperands(h->inst);
	LLVMValueRef v;

	for (i = 0; i < n; i++) {
		v = LLVMGetOperand(h->inst, i);
		if (!flow_is_fp(LLVMTypeOf(v)))
			continue;
		watch(h, v, E_FPCAST, "goes to inline assembly");
		if (LLVMIsAFunction(prog_strip(v)))
			diag_at(E_FPCAST, h->at, "a function goes to inline "
			    "assembly");
	}
	if (flow_is_fp(LLVMTypeOf(h->inst)))
		flow_unknown(flow_value(h->inst), "it comes from inline "
		    "assembly", h->at);
}

static void
link_result(struct call *c, struct fn *f)
{
	LLVMTypeRef t = LLVMTypeOf(c->inst);
	LLVMValueRef arg;

	if (!flow_is_tracked(t) || fn_is(f, ROLE_ALLOC))
		return;
	if (fn_is(f, ROLE_IDENTITY)) {
		arg = call_arg(c, (unsigned)fact_num(f->fact, "arg", 0));
		if (arg != NULL)
			flow_assign(c->caller->module, arg,
			    flow_value(c->inst), c->at);
	} else if (f->is_defined) {
		flow_edge(flow_fn(f)->result, flow_value(c->inst));
	} else if (flow_is_fp(t)) {
		flow_unknown(flow_value(c->inst), "it comes from assembly",
		    c->at);
	}
}

/* Arguments of c to the parameters of f, its result back. Variable arguments
 * are watched by call(). */
static void
link_call(struct call *c, struct fn *f)
{
	unsigned i, n;
	LLVMValueRef param, arg;

	link_result(c, f);
	flow_fn(f)->is_called = true;
	if (!f->is_defined || fn_is(f, ROLE_FREE))
		return;
	n = LLVMCountParams(f->value);
	for (i = 0; i < n; i++) {
		param = LLVMGetParam(f->value, i);
		arg = call_arg(c, i);
		if (arg != NULL && flow_is_tracked(LLVMTypeOf(param)))
			flow_assign(c->caller->module, arg, flow_value(param),
			    c->at);
	}
}

static void
check_type(const struct call *c, const struct fn *f)
{
	LLVMTypeRef is = LLVMGetCalledFunctionType(c->inst);

	if (f->value == NULL ||
	    flow_same_type(is, LLVMGlobalGetValueType(f->value)))
		return;
	diag_at(E_ICALL_TYPE, c->at, "%s is called here as if it had another "
	    "type%s%s", f->name, c->slot ? ", through " : "",
	    c->slot ? c->slot : "");
}

/* Functions among the variable arguments, or for assembly. */
static void
watch_arguments(const struct here *h, const struct call *c)
{
	LLVMTypeRef t = LLVMGetCalledFunctionType(h->inst);
	unsigned i, n = LLVMGetNumArgOperands(h->inst);
	unsigned named = LLVMCountParamTypes(t);
	bool in_asm = !c->indirect && !c->target[0]->is_defined;
	LLVMValueRef arg;

	for (i = in_asm ? 0 : named; i < n; i++) {
		arg = LLVMGetOperand(h->inst, i);
		watch(h, arg, E_FPHIDE, in_asm ? "is an argument of assembly" :
		    "is a variable argument");
		if (LLVMIsAFunction(prog_strip(arg)))
			diag_at(E_FPHIDE, h->at, "a function is %s",
			    in_asm ? "an argument of assembly" :
			    "a variable argument");
	}
}

/* The one field or variable that a pointer to call was read from. */
static const char *
slot_of(const struct here *h, LLVMValueRef v)
{
	struct addr a;
	const char *name;

	if (!LLVMIsALoadInst(v) ||
	    !flow_address(h->module, LLVMGetOperand(v, 0), 0, &a))
		return NULL;
	name = flow_addr_name(&a);
	return name[0] != '\0' ? name : NULL;
}

static void
call(const struct here *h)
{
	LLVMValueRef callee = LLVMGetCalledValue(h->inst);
	LLVMValueRef to = prog_strip(callee);
	struct call *c = fn_call_of(h->fn, h->inst);

	if (LLVMIsAInlineAsm(to)) {
		check_asm(h);
		return;
	}
	if (LLVMIsAFunction(to) && is_copy(to))
		flow_check_copy(h->module, h->inst);
	if (c == NULL)
		return;			/* an intrinsic, or never reached */
	watch_arguments(h, c);
	if (!c->indirect) {
		check_type(c, c->target[0]);
		link_call(c, c->target[0]);
		return;
	}
	c->slot = slot_of(h, to);
	if (LLVMIsConstant(callee) && !LLVMIsNull(callee))
		flow_unknown(flow_value(callee), "it is a constant that is no "
		    "function", h->at);
	flow_add_site(flow_value(callee), c);
}

/* Values that become another one: phis, selects, results. */
static void
join(const struct here *h)
{
	LLVMValueRef inst = h->inst;
	bool tracked = flow_is_tracked(LLVMTypeOf(inst));
	unsigned i;

	switch (LLVMGetInstructionOpcode(inst)) {
	case LLVMPHI:
		for (i = 0; tracked && i < LLVMCountIncoming(inst); i++)
			assign(h, LLVMGetIncomingValue(inst, i), inst);
		return;
	case LLVMSelect:
		for (i = 1; tracked && i <= 2; i++)
			assign(h, LLVMGetOperand(inst, i), inst);
		return;
	default:			/* a return */
		if (LLVMGetNumOperands(inst) == 1)
			flow_assign(h->module, LLVMGetOperand(inst, 0),
			    flow_fn(h->fn)->result, h->at);
	}
}

/* Pointers and numbers (I2, I3), and what is not followed at all. */
static void
not_followed(const struct here *h)
{
	LLVMValueRef inst = h->inst;
	LLVMOpcode op = LLVMGetInstructionOpcode(inst);

	if (op == LLVMPtrToInt) {
		watch(h, LLVMGetOperand(inst, 0), E_FPCAST, "becomes a number");
		return;
	}
	if (!flow_is_fp(LLVMTypeOf(inst)))
		return;
	if (op == LLVMIntToPtr)
		diag_at(E_FPCAST, h->at, "a number becomes a function "
		    "pointer");
	flow_unknown(flow_value(inst), "it is made in a way that is "
	    "not followed", h->at);
}

static void
instruction(const struct here *h)
{
	switch (LLVMGetInstructionOpcode(h->inst)) {
	case LLVMLoad:
		load(h);
		return;
	case LLVMStore:
		store(h);
		return;
	case LLVMAtomicRMW:
	case LLVMAtomicCmpXchg:
		check_atomic(h);
		return;
	case LLVMBitCast:
	case LLVMAddrSpaceCast:
		cast(h);
		return;
	case LLVMGetElementPtr:
		gep(h);
		return;
	case LLVMCall:
	case LLVMInvoke:
	case LLVMCallBr:
		call(h);
		return;
	case LLVMPHI:
	case LLVMSelect:
	case LLVMRet:
		join(h);
		return;
	default:
		not_followed(h);
	}
}

static void
function(struct fn *f)
{
	struct here h = { .module = f->module, .fn = f };
	LLVMBasicBlockRef bb;
	int i, n;

	for (bb = LLVMGetFirstBasicBlock(f->value); bb != NULL;
	    bb = LLVMGetNextBasicBlock(bb))
		for (h.inst = LLVMGetFirstInstruction(bb); h.inst != NULL;
		    h.inst = LLVMGetNextInstruction(h.inst)) {
			h.at = prog_src(h.inst);
			if (h.at.line == 0)
				h.at = f->at;
			n = LLVMGetNumOperands(h.inst);
			for (i = 0; i < n; i++)
				flow_check_constant(f->module,
				    LLVMGetOperand(h.inst, i), h.at);
			instruction(&h);
		}
}

/* ---- results ---- */

/*
 * Functions that facts say are called from where we do not see: roots, and what
 * assembly calls; each by its name or by the slot that it stands in.
 */
static void
each_unseen(const char *words, void (*found)(struct fn *f))
{
	const char *end;
	struct fn **f, *one;
	int i, n;

	for (; words != NULL && *words != '\0'; words = end + (*end == ',')) {
		const char *word;

		end = strchrnul(words, ',');
		word = table_intern(words, (size_t)(end - words));
		f = flow_slot(word, &n);
		for (i = 0; i < n; i++)
			found(f[i]);
		one = prog_fn_named(word);
		if (one != NULL)
			found(one);
	}
}

static void
called_unseen(struct fn *f)
{
	flow_fn(f)->is_called = false;
	flow_fn(f)->is_root = true;
}

static void
in_table(void *arg, LLVMValueRef leaf, uint64_t off)
{
	(void)arg;
	(void)off;
	if (prog_fn(leaf) != NULL)
		called_unseen(prog_fn(leaf));
}

/* Slots, functions and tables that a root names. */
static void
root_unseen(const struct fact *fact)
{
	const char *table = fact_get(fact, "table", NULL);
	LLVMValueRef g = table == NULL ? NULL : prog_global_named(table);

	if (g != NULL && LLVMGetInitializer(g) != NULL)
		flow_each_fn(LLVMGetInitializer(g), 0, in_table, NULL);
	else if (table == NULL)
		each_unseen(fact_get(fact, "slot", fact->name), called_unseen);
}

/* The parameters of such a function, or of one that nobody calls, hold what
 * is not seen. */
static void
unseen_callers(void)
{
	const struct fact *fact;
	struct fn *f;
	unsigned j;
	int i;

	for (i = 0; i < facts.nfacts; i++) {
		fact = &facts.fact[i];
		if (fact->role == ROLE_ASM)
			each_unseen(fact_get(fact, "calls", NULL),
			    called_unseen);
		if (fact->role == ROLE_ROOT)
			root_unseen(fact);
	}
	for (i = 0; i < prog.nfns; i++) {
		f = prog.fn[i];
		if (!f->is_defined || flow_fn(f)->is_called)
			continue;
		for (j = 0; j < LLVMCountParams(f->value); j++)
			if (flow_is_fp(LLVMTypeOf(LLVMGetParam(f->value, j))))
				flow_unknown(flow_value(LLVMGetParam(f->value,
				    j)), "it is an argument from assembly",
				    f->at);
	}
}

static void
set_targets(struct call *c)
{
	int node = flow_value(LLVMGetCalledValue(c->inst)), i;
	const struct node *p = &flow_node[node];
	const char *slot = c->slot ? c->slot : "this pointer";

	c->target = flow_functions(node, &c->ntargets);
	for (i = 0; i < c->ntargets; i++)
		check_type(c, c->target[i]);
	stat_calls++;
	stat_targets += c->ntargets;
	if (p->unknown != NULL)
		diag_at(E_ICALL, c->at, "%s may hold functions that are not "
		    "seen: %s (%s:%u)", slot, p->unknown, p->unknown_at.file,
		    p->unknown_at.line);
	else if (c->ntargets == 0 &&
	    !LLVMIsNull(LLVMGetCalledValue(c->inst)))
		diag_at(W_TRUST, c->at, "no function is ever put in %s: taken "
		    "to be NULL, and this call never made", slot);
}

/*
 * The counter-check: a function whose address is taken has somebody who calls
 * it. One that nobody calls is either never used, or lost, or called by
 * assembly without a fact that says so. (After an error it is no wonder.)
 */
static void
report_orphans(void)
{
	bool *hit = table_alloc(prog.nfns, sizeof(*hit));
	const struct call *c;
	struct fn *f;
	int i, j, k;

	for (i = 0; i < prog.nfns; i++)
		for (j = 0; j < prog.fn[i]->ncalls; j++) {
			c = &prog.fn[i]->call[j];
			for (k = 0; k < c->ntargets && c->indirect; k++)
				hit[c->target[k]->id] = true;
		}
	for (i = 0; i < prog.nfns; i++) {
		f = prog.fn[i];
		if (f->is_defined && f->address_taken && !hit[i] &&
		    !flow_fn(f)->is_root)
			diag_at(W_TRUST, f->at, "%s has its address taken, and "
			    "no call that is seen can reach it; if assembly "
			    "calls it, no fact says so", f->name);
	}
}

static void
report_watches(void)
{
	const struct watch *w;
	struct fn **f;
	int i, n;

	for (i = 0; i < nwatches; i++) {
		w = &watches[i];
		f = flow_functions(w->node, &n);
		if (n > 0)
			diag_at(w->code, w->at, "a pointer that may be to %s%s "
			    "%s", f[0]->name, n > 1 ? " or others" : "",
			    w->what);
	}
}

void
flow_resolve(void)
{
	int errors = diag_errors(), i, j;

	types_load();
	flow_initialisers();
	for (i = 0; i < prog.nfns; i++)
		if (prog.fn[i]->is_defined)
			function(prog.fn[i]);
	flow_solve(link_call);
	unseen_callers();
	flow_spread_unknown();
	for (i = 0; i < prog.nfns; i++)
		for (j = 0; j < prog.fn[i]->ncalls; j++)
			if (prog.fn[i]->call[j].indirect)
				set_targets(&prog.fn[i]->call[j]);
	report_watches();
	flow_check_untyped();
	if (diag_errors() == errors)
		report_orphans();
}

void
flow_stats(int *ncalls, int *ntargets)
{
	*ncalls = stat_calls;
	*ntargets = stat_targets;
}
