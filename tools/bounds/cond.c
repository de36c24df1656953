/*
 * Conditions, taken apart.
 *
 * C's a && b is a branch on a to where b is evaluated, and the value of both
 * is a phi of false (from a's block) and b. So "the phi is true" means that b
 * is true and that b's block ran, hence what the branch to it says. A value is
 * in SSA form, so what a branch said of it stays true as long as the branch's
 * block dominates the place: to compute the value anew, control must pass the
 * branch again.
 */

#include "tools/bounds/cond.h"

#define DEPTH_MAX	8

static void	collect(const struct fn *f, LLVMValueRef cond, bool truth,
		    struct atoms *out, int depth);

static bool
is_bool(LLVMValueRef v)
{
	LLVMTypeRef t = LLVMTypeOf(v);

	return LLVMGetTypeKind(t) == LLVMIntegerTypeKind &&
	    LLVMGetIntTypeWidth(t) == 1;
}

static bool
is_expect(LLVMValueRef v)
{
	LLVMValueRef callee;

	if (!LLVMIsACallInst(v))
		return false;
	callee = LLVMGetCalledValue(v);
	return LLVMIsAFunction(callee) && LLVMGetIntrinsicID(callee) ==
	    LLVMLookupIntrinsicID("llvm.expect", 11);
}

LLVMValueRef
cond_plain(LLVMValueRef v)
{
	LLVMValueRef w = v;

	for (;;) {
		if (LLVMIsAZExtInst(w) || LLVMIsASExtInst(w) ||
		    LLVMIsATruncInst(w) || LLVMIsAFreezeInst(w) || is_expect(w))
			w = LLVMGetOperand(w, 0);
		else
			return is_bool(w) ? w : v;
	}
}

static LLVMIntPredicate
negated(LLVMIntPredicate p)
{
	switch (p) {
	case LLVMIntEQ: return LLVMIntNE;
	case LLVMIntNE: return LLVMIntEQ;
	case LLVMIntUGT: return LLVMIntULE;
	case LLVMIntUGE: return LLVMIntULT;
	case LLVMIntULT: return LLVMIntUGE;
	case LLVMIntULE: return LLVMIntUGT;
	case LLVMIntSGT: return LLVMIntSLE;
	case LLVMIntSGE: return LLVMIntSLT;
	case LLVMIntSLT: return LLVMIntSGE;
	case LLVMIntSLE: return LLVMIntSGT;
	}
	return p;
}

/* What the edge from block p to block b says. */
static void
collect_edge(const struct fn *f, int p, int b, struct atoms *out, int depth)
{
	LLVMValueRef end = LLVMGetBasicBlockTerminator(f->block[p].bb);

	if (!LLVMIsABranchInst(end) || !LLVMIsConditional(end) ||
	    f->block[p].nsucc != 2)
		return;
	collect(f, LLVMGetCondition(end),
	    LLVMGetSuccessor(end, 0) == f->block[b].bb, out, depth);
}

/* From b up to block `stop`, which dominates it. */
static void
collect_above(const struct fn *f, int b, int stop, struct atoms *out, int depth)
{
	int up;

	for (; b != stop; b = up) {
		up = f->block[b].idom;
		if (f->block[b].npred == 1)
			collect_edge(f, up, b, out, depth);
	}
}

/* A phi of which one value alone can be `truth`. */
static void
collect_phi(const struct fn *f, LLVMValueRef phi, bool truth,
    struct atoms *out, int depth)
{
	unsigned i, n = LLVMCountIncoming(phi), only = n;
	int from, to = fn_block_of(f, LLVMGetInstructionParent(phi));
	LLVMValueRef v;
	int64_t k;

	for (i = 0; i < n; i++) {
		v = LLVMGetIncomingValue(phi, i);
		if (value_const(v, &k) && (k != 0) != truth)
			continue;
		if (only != n)
			return;
		only = i;
	}
	if (only == n)
		return;
	from = fn_block_of(f, LLVMGetIncomingBlock(phi, only));
	if (from < 0 || to < 0 || f->block[from].rpo < 0 ||
	    f->block[from].rpo >= f->block[to].rpo)
		return;			/* a loop's: of an earlier turn */
	collect(f, LLVMGetIncomingValue(phi, only), truth, out, depth);
	collect_edge(f, from, to, out, depth);
	collect_above(f, from, f->block[to].idom, out, depth);
}

static void
collect_select(const struct fn *f, LLVMValueRef v, bool truth,
    struct atoms *out, int depth)
{
	LLVMValueRef yes = LLVMGetOperand(v, 1), no = LLVMGetOperand(v, 2);
	int64_t k;

	if (value_const(no, &k) && (k != 0) != truth) {
		collect(f, LLVMGetOperand(v, 0), true, out, depth);
		collect(f, yes, truth, out, depth);
	} else if (value_const(yes, &k) && (k != 0) != truth) {
		collect(f, LLVMGetOperand(v, 0), false, out, depth);
		collect(f, no, truth, out, depth);
	}
}

static void
collect_compare(const struct fn *f, LLVMValueRef v, bool truth,
    struct atoms *out, int depth)
{
	LLVMIntPredicate p = LLVMGetICmpPredicate(v);
	LLVMValueRef l = LLVMGetOperand(v, 0), r = LLVMGetOperand(v, 1);
	LLVMValueRef plain = cond_plain(l);
	int64_t k;

	if ((p == LLVMIntEQ || p == LLVMIntNE) && value_const(r, &k) &&
	    k == 0 && is_bool(plain)) {
		collect(f, plain, (p == LLVMIntNE) == truth, out, depth);
		return;
	}
	if (out->n == ATOMS_MAX)
		return;
	out->atom[out->n++] = (struct atom){ truth ? p : negated(p), l, r };
}

static void
collect(const struct fn *f, LLVMValueRef v, bool truth, struct atoms *out,
    int depth)
{
	LLVMOpcode op;
	int64_t k;

	v = cond_plain(v);
	if (depth++ > DEPTH_MAX || !LLVMIsAInstruction(v))
		return;
	op = LLVMGetInstructionOpcode(v);
	if (op == LLVMICmp)
		collect_compare(f, v, truth, out, depth);
	else if (op == LLVMPHI)
		collect_phi(f, v, truth, out, depth);
	else if (op == LLVMSelect)
		collect_select(f, v, truth, out, depth);
	else if (op == LLVMXor && is_bool(v) &&
	    value_const(LLVMGetOperand(v, 1), &k))
		collect(f, LLVMGetOperand(v, 0), truth == (k == 0), out, depth);
	else if (is_bool(v) && (op == LLVMAnd || op == LLVMOr) &&
	    truth == (op == LLVMAnd)) {
		collect(f, LLVMGetOperand(v, 0), truth, out, depth);
		collect(f, LLVMGetOperand(v, 1), truth, out, depth);
	}
}

void
cond_atoms(const struct fn *f, LLVMValueRef cond, bool truth,
    struct atoms *out)
{
	collect(f, cond, truth, out, 0);
}

void
cond_atoms_at(const struct fn *f, int b, struct atoms *out)
{
	if (f->block[b].rpo >= 0)
		collect_above(f, b, 0, out, 0);
}

void
cond_atoms_edge(const struct fn *f, int from, int to, struct atoms *out)
{
	collect_edge(f, from, to, out, 0);
}
