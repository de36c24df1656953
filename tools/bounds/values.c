/*
 * What is known of values on a path; values.h has the representation.
 *
 * The problem: whether a lock is held depends on conditions, and the same one
 * is tested twice, at "take" and at "release". So what a branch said must be
 * remembered, by each state of context.c, and there are many states: a fact is
 * small, there are few of them, and to forget one is never wrong.
 *
 * The objects are facts, of two kinds: a value is in a set of numbers, and two
 * values compare like this. A set is a word of bits and no interval, since what
 * programs return are points: 0, 1, an errno, a state of an enum; and "not 0"
 * has a hole. The relation of two values that are both unknown (a == b, where
 * two locks may be one) is kept as such.
 *
 * The idea: values are asked, not computed ahead. eval() looks through the
 * expression of a value down to what is known: comparisons, widening and
 * truncation, "not", "and" and "or" as clang builds them (selects),
 * __builtin_expect. assume() goes the same way down and narrows the operands,
 * and so learns of `if (!(rc < 0 || p == NULL))` what it says of rc and p.
 * Memory is not looked through: two loads are two values, since there may be a
 * store between them.
 *
 * Invariants:
 *  V1 A set has all numbers that the value can be here, so it may only be too
 *     large. Past DEPTH_MAX nothing is known; of more than VFACTS_MAX facts
     the oldest are forgotten.
 *  V2 A fact is true of the value that its instruction made last. The next turn
 *     of a loop makes another, so facts of a block's instructions end where the
 *     block is entered; its phis then are what comes in by that edge.
 *  V3 A fact is found by one key: REL_EQ has the lower address first; a > b,
 *     a <= b and a >= b are kept as REL_ULT or REL_SLT, turned round, negated.
 *  V4 values_weaken() only drops facts and enlarges sets, which are finite: the
 *     flow round a loop comes to an end.
 * assume() is false only where no number is left: that path cannot be run.
 *
 * Rejected: a solver. Conditions on locks are simple in code that is meant to
 * be read, and where they are not, E-LOCK-BALANCE asks to make them so.
 */
#include "tools/bounds/values.h"

#include <string.h>

#define EXACT_MAX	30		/* bits 0..30: themselves */
#define BIT_ABOVE	31
#define BIT_MINUS_31	32		/* bits 32..62: -31..-1 */
#define BIT_BELOW	63
#define DEPTH_MAX	12

static vset eval(const struct vfacts *k, LLVMValueRef v, int depth);
static bool assume(struct vfacts *k, LLVMValueRef v, vset set, int depth);

vset
vset_of(int64_t n)
{
	if (n > EXACT_MAX)
		return (vset)1 << BIT_ABOVE;
	if (n >= 0)
		return (vset)1 << n;
	if (n >= -31)
		return (vset)1 << (BIT_BELOW + n);
	return (vset)1 << BIT_BELOW;
}

/* The numbers that a bit stands for. */
static void
range_of(int bit, int64_t *lo, int64_t *hi)
{
	if (bit <= EXACT_MAX) {
		*lo = *hi = bit;
	} else if (bit == BIT_ABOVE) {
		*lo = EXACT_MAX + 1;
		*hi = INT64_MAX;
	} else if (bit < BIT_BELOW) {
		*lo = *hi = bit - BIT_BELOW;
	} else {
		*lo = INT64_MIN;
		*hi = -32;
	}
}

/* Both outcomes that `x rel y` can have, for x and y of these bits. */
static vset
bits_rel(enum vrel rel, int x, int y)
{
	int64_t xlo, xhi, ylo, yhi;
	bool can, cannot;

	range_of(x, &xlo, &xhi);
	range_of(y, &ylo, &yhi);
	if (rel == REL_EQ) {
		can = x == y;
		cannot = x != y || xlo != xhi;
	} else if (rel == REL_SLT) {
		can = xlo < yhi;
		cannot = xhi >= ylo;
	} else {
		can = (uint64_t)xlo < (uint64_t)yhi;
		cannot = (uint64_t)xhi >= (uint64_t)ylo;
	}
	return (can ? VSET_TRUE : 0) | (cannot ? VSET_ZERO : 0);
}

/* What `x rel y` can be over two sets. */
static vset
sets_rel(enum vrel rel, vset x, vset y)
{
	vset out = 0;

	if (x == VSET_ANY && y == VSET_ANY)
		return VSET_BOOL;
	for (int i = 0; i < 64; i++)
		for (int j = 0; (x >> i & 1) != 0 && j < 64; j++)
			if (y >> j & 1)
				out |= bits_rel(rel, i, j);
	return out;
}

/* The part of x for which `x rel y` (or `y rel x`) can be truth. */
static vset
set_where(enum vrel rel, vset x, vset y, bool swapped, bool truth)
{
	vset out = 0, want = truth ? VSET_TRUE : VSET_ZERO;

	for (int i = 0; i < 64; i++) {
		for (int j = 0; (x >> i & 1) != 0 && j < 64; j++) {
			if ((y >> j & 1) == 0)
				continue;
			if ((swapped ? bits_rel(rel, j, i) :
			    bits_rel(rel, i, j)) & want)
				out |= (vset)1 << i;
		}
	}
	return out;
}

/* ---- what is known ---- */

static struct vfact *
find(const struct vfacts *k, LLVMValueRef a, LLVMValueRef b, enum vrel rel)
{
	for (int i = 0; i < k->n; i++) {
		const struct vfact *f = &k->fact[i];

		if (f->a == a && f->b == b && (b == NULL || f->rel == rel))
			return (struct vfact *)f;
	}
	return NULL;
}

/* What does not fit any more is forgotten, the oldest first. */
static void
learn(struct vfacts *k, LLVMValueRef a, LLVMValueRef b, enum vrel rel, vset set)
{
	struct vfact *f = find(k, a, b, rel);

	if (f != NULL) {
		f->set = set;
		return;
	}
	if (k->n == VFACTS_MAX) {
		k->n--;
		memmove(&k->fact[0], &k->fact[1],
		    (size_t)k->n * sizeof(k->fact[0]));
	}
	k->fact[k->n++] = (struct vfact){ a, b, rel, set };
}

static void
forget_at(struct vfacts *k, int i)
{
	k->fact[i] = k->fact[--k->n];
}

/* ---- instructions ---- */

static unsigned
width_of(LLVMValueRef v)
{
	LLVMTypeRef t = LLVMTypeOf(v);

	return LLVMGetTypeKind(t) == LLVMIntegerTypeKind ?
	    LLVMGetIntTypeWidth(t) : 64;
}

/* v is __builtin_expect(x): x. Else NULL. */
static LLVMValueRef
expected_of(LLVMValueRef v)
{
	static const char prefix[] = "llvm.expect.";
	LLVMValueRef callee;
	const char *name;
	size_t len;

	if (LLVMIsACallInst(v) == NULL)
		return NULL;
	callee = LLVMGetCalledValue(v);
	if (LLVMIsAFunction(callee) == NULL)
		return NULL;
	name = LLVMGetValueName2(callee, &len);
	return strncmp(name, prefix, sizeof(prefix) - 1) == 0 ?
	    LLVMGetOperand(v, 0) : NULL;
}

/*
 * A comparison as one of the three relations: true if it is an icmp. *negated:
 * it is the relation's opposite.
 */
static bool
relation_of(LLVMValueRef v, enum vrel *rel, LLVMValueRef *a, LLVMValueRef *b,
    bool *negated)
{
	LLVMIntPredicate p;
	bool swap = false;

	if (LLVMIsAICmpInst(v) == NULL)
		return false;
	p = LLVMGetICmpPredicate(v);
	*rel = p == LLVMIntEQ || p == LLVMIntNE ? REL_EQ :
	    p == LLVMIntULT || p == LLVMIntULE || p == LLVMIntUGT ||
	    p == LLVMIntUGE ? REL_ULT : REL_SLT;
	*negated = p == LLVMIntNE || p == LLVMIntULE || p == LLVMIntUGE ||
	    p == LLVMIntSLE || p == LLVMIntSGE;
	/* a > b is b < a; a <= b is not b < a. */
	swap = p == LLVMIntUGT || p == LLVMIntSGT || p == LLVMIntULE ||
	    p == LLVMIntSLE;
	*a = LLVMGetOperand(v, swap ? 1 : 0);
	*b = LLVMGetOperand(v, swap ? 0 : 1);
	if (*rel == REL_EQ && (uintptr_t)*a > (uintptr_t)*b) {
		LLVMValueRef t = *a;

		*a = *b;
		*b = t;
	}
	return true;
}

static vset
flip(vset truth)
{
	return (truth & VSET_ZERO ? VSET_TRUE : 0) |
	    (truth & VSET_TRUE ? VSET_ZERO : 0);
}

static vset
eval_rel(const struct vfacts *k, enum vrel rel, LLVMValueRef a, LLVMValueRef b,
    int depth)
{
	const struct vfact *f = find(k, a, b, rel);
	const struct vfact *back = rel == REL_EQ ? NULL : find(k, b, a, rel);
	const struct vfact *eq = (uintptr_t)a < (uintptr_t)b ?
	    find(k, a, b, REL_EQ) : find(k, b, a, REL_EQ);

	if (a == b)
		return rel == REL_EQ ? VSET_TRUE : VSET_ZERO;
	if (f != NULL)
		return f->set;
	if (rel != REL_EQ && ((back != NULL && back->set == VSET_TRUE) ||
	    (eq != NULL && eq->set == VSET_TRUE)))
		return VSET_ZERO;
	return sets_rel(rel, eval(k, a, depth), eval(k, b, depth));
}

static vset
eval_const(LLVMValueRef v)
{
	if (LLVMIsAConstantInt(v))
		return width_of(v) == 1 ?
		    vset_of((int64_t)LLVMConstIntGetZExtValue(v)) :
		    width_of(v) > 64 ? VSET_ANY :
		    vset_of(LLVMConstIntGetSExtValue(v));
	if (LLVMIsAConstantPointerNull(v))
		return VSET_ZERO;
	if (LLVMIsAGlobalValue(v))
		return VSET_NONZERO;
	return VSET_ANY;
}

/* A set of a narrower integer, in a wider one; or cut to a narrower one. */
static vset
eval_resize(LLVMOpcode op, vset x, unsigned from, unsigned to)
{
	vset above = (vset)1 << BIT_ABOVE;
	vset low = ((vset)1 << (EXACT_MAX + 1)) - 1;

	if (from == 1)
		return op == LLVMZExt ? x & VSET_BOOL : VSET_ANY;
	if (op == LLVMSExt)
		return x;
	if (op == LLVMZExt)
		return x & (low | above) ? (x & (low | above)) |
		    (x & ~(low | above) ? above : 0) : above;
	if (to == 1)		/* a bool's low bit */
		return (x & VSET_ZERO) | (x & VSET_TRUE) |
		    (x & ~VSET_BOOL ? VSET_BOOL : 0);
	if (x & (above | (vset)1 << BIT_BELOW))
		return VSET_ANY;
	return to >= 6 ? x : VSET_ANY;
}

static vset
eval_select(const struct vfacts *k, LLVMValueRef v, int depth)
{
	vset cond = eval(k, LLVMGetOperand(v, 0), depth), out = 0;

	if (cond & VSET_TRUE)
		out |= eval(k, LLVMGetOperand(v, 1), depth);
	if (cond & VSET_ZERO)
		out |= eval(k, LLVMGetOperand(v, 2), depth);
	return out;
}

/* "and", "or", "exclusive or" of truths. */
static vset
eval_bits(const struct vfacts *k, LLVMValueRef v, LLVMOpcode op, int depth)
{
	vset x = eval(k, LLVMGetOperand(v, 0), depth);
	vset y = eval(k, LLVMGetOperand(v, 1), depth);

	if (op == LLVMXor)
		return (y & VSET_TRUE ? flip(x) : 0) |
		    (y & VSET_ZERO ? x : 0);
	if (op == LLVMAnd)
		return ((x | y) & VSET_ZERO) | (x & y & VSET_TRUE);
	return ((x | y) & VSET_TRUE) | (x & y & VSET_ZERO);
}

static vset
eval_inst(const struct vfacts *k, LLVMValueRef v, int depth)
{
	LLVMOpcode op = LLVMGetInstructionOpcode(v);
	LLVMValueRef a, b, e = expected_of(v);
	bool negated;
	enum vrel rel;
	vset x;

	if (e != NULL)
		return eval(k, e, depth);
	if (relation_of(v, &rel, &a, &b, &negated)) {
		x = eval_rel(k, rel, a, b, depth);
		return negated ? flip(x) : x;
	}
	switch (op) {
	case LLVMZExt:
	case LLVMSExt:
	case LLVMTrunc:
		a = LLVMGetOperand(v, 0);
		return eval_resize(op, eval(k, a, depth), width_of(a),
		    width_of(v));
	case LLVMBitCast:
		return eval(k, LLVMGetOperand(v, 0), depth);
	case LLVMSelect:
		return eval_select(k, v, depth);
	case LLVMXor:
	case LLVMAnd:
	case LLVMOr:
		return width_of(v) == 1 ? eval_bits(k, v, op, depth) :
		    VSET_ANY;
	case LLVMAlloca:
		return VSET_NONZERO;
	default:
		return VSET_ANY;
	}
}

static vset
eval(const struct vfacts *k, LLVMValueRef v, int depth)
{
	const struct vfact *f;
	vset known = VSET_ANY;

	if (width_of(v) == 1)
		known = VSET_BOOL;
	if (depth > DEPTH_MAX)
		return known;
	f = find(k, v, NULL, REL_EQ);
	if (f != NULL)
		known &= f->set;
	if (LLVMIsAInstruction(v))
		known &= eval_inst(k, v, depth + 1);
	else
		known &= eval_const(v);
	return known;
}

vset
values_eval(const struct vfacts *k, LLVMValueRef v)
{
	return eval(k, v, 0);
}

vset
values_rel(const struct vfacts *k, enum vrel rel, LLVMValueRef a,
    LLVMValueRef b)
{
	if (rel == REL_EQ && (uintptr_t)a > (uintptr_t)b)
		return eval_rel(k, rel, b, a, 0);
	return eval_rel(k, rel, a, b, 0);
}

/* ---- learning ---- */

static bool
assume_rel(struct vfacts *k, enum vrel rel, LLVMValueRef a, LLVMValueRef b,
    bool truth, int depth)
{
	vset want = truth ? VSET_TRUE : VSET_ZERO;
	vset x = eval(k, a, depth), y = eval(k, b, depth);

	if (!(eval_rel(k, rel, a, b, depth) & want))
		return false;
	if (!LLVMIsConstant(a) && !LLVMIsConstant(b))
		learn(k, a, b, rel, want);
	return assume(k, a, set_where(rel, x, y, false, truth), depth) &&
	    assume(k, b, set_where(rel, y, x, true, truth), depth);
}

bool
values_assume_rel(struct vfacts *k, enum vrel rel, LLVMValueRef a,
    LLVMValueRef b, bool truth)
{
	if (rel == REL_EQ && (uintptr_t)a > (uintptr_t)b)
		return assume_rel(k, rel, b, a, truth, 0);
	return assume_rel(k, rel, a, b, truth, 0);
}

/* A selection is in set: so, perhaps, is its condition known. */
static bool
assume_select(struct vfacts *k, LLVMValueRef v, vset set, int depth)
{
	LLVMValueRef cond = LLVMGetOperand(v, 0);
	LLVMValueRef t = LLVMGetOperand(v, 1), f = LLVMGetOperand(v, 2);

	if (!(eval(k, t, depth) & set))
		return assume(k, cond, VSET_ZERO, depth) &&
		    assume(k, f, set, depth);
	if (!(eval(k, f, depth) & set))
		return assume(k, cond, VSET_TRUE, depth) &&
		    assume(k, t, set, depth);
	return true;
}

static bool
assume_bits(struct vfacts *k, LLVMValueRef v, LLVMOpcode op, vset set,
    int depth)
{
	LLVMValueRef a = LLVMGetOperand(v, 0), b = LLVMGetOperand(v, 1);
	vset sure = op == LLVMAnd ? VSET_TRUE : VSET_ZERO;

	if (op == LLVMXor) {
		vset y = eval(k, b, depth);

		if (y == VSET_TRUE)
			return assume(k, a, flip(set), depth);
		return y != VSET_ZERO || assume(k, a, set, depth);
	}
	if ((set & VSET_BOOL) == sure)
		return assume(k, a, sure, depth) && assume(k, b, sure, depth);
	return true;
}

static bool
assume_widened(struct vfacts *k, LLVMValueRef v, LLVMOpcode op, vset set,
    int depth)
{
	LLVMValueRef a = LLVMGetOperand(v, 0);

	if (width_of(a) == 1 && op == LLVMSExt)
		return true;
	/* Numbers above may be a narrower type's negative ones. */
	if (op == LLVMZExt && set >> BIT_ABOVE & 1)
		set |= VSET_ANY << BIT_ABOVE;
	return assume(k, a, set, depth);
}

/* A bool in memory, cut to its bit: it is 0 or 1. */
static bool
assume_bool(struct vfacts *k, LLVMValueRef v, vset set, int depth)
{
	return (set & VSET_BOOL) == VSET_BOOL ||
	    assume(k, LLVMGetOperand(v, 0), set & VSET_TRUE ? VSET_NONZERO :
	    ~VSET_TRUE, depth);
}

/* What v's operands must be, v being in set. */
static bool
assume_inst(struct vfacts *k, LLVMValueRef v, vset set, int depth)
{
	LLVMOpcode op = LLVMGetInstructionOpcode(v);
	LLVMValueRef a, b, e = expected_of(v);
	bool negated;
	enum vrel rel;

	if (e != NULL)
		return assume(k, e, set, depth);
	if (relation_of(v, &rel, &a, &b, &negated)) {
		set &= VSET_BOOL;
		return set == VSET_BOOL || assume_rel(k, rel, a, b,
		    (set == VSET_TRUE) != negated, depth);
	}
	switch (op) {
	case LLVMZExt:
	case LLVMSExt:
		return assume_widened(k, v, op, set, depth);
	case LLVMTrunc:
		if (width_of(v) == 1)
			return assume_bool(k, v, set, depth);
		break;
	case LLVMBitCast:
		return assume(k, LLVMGetOperand(v, 0), set, depth);
	case LLVMSelect:
		if (!assume_select(k, v, set, depth))
			return false;
		break;
	case LLVMXor:
	case LLVMAnd:
	case LLVMOr:
		if (width_of(v) == 1)
			return assume_bits(k, v, op, set, depth);
		break;
	default:
		break;
	}
	learn(k, v, NULL, REL_EQ, set);
	return true;
}

static bool
assume(struct vfacts *k, LLVMValueRef v, vset set, int depth)
{
	vset now;

	if (depth > DEPTH_MAX)
		return true;
	now = eval(k, v, depth);
	if (!(now & set))
		return false;
	if ((now & set) == now || LLVMIsConstant(v))
		return true;
	if (LLVMIsAInstruction(v))
		return assume_inst(k, v, now & set, depth + 1);
	if (LLVMIsAArgument(v))
		learn(k, v, NULL, REL_EQ, now & set);
	return true;
}

bool
values_assume(struct vfacts *k, LLVMValueRef v, vset set)
{
	return assume(k, v, set, 0);
}

/* ---- from block to block ---- */

static bool
is_of_block(LLVMValueRef v, LLVMBasicBlockRef bb)
{
	return v != NULL && LLVMIsAInstruction(v) &&
	    LLVMGetInstructionParent(v) == bb;
}

static LLVMValueRef
phi_from(LLVMValueRef phi, LLVMBasicBlockRef from)
{
	for (unsigned i = 0; i < LLVMCountIncoming(phi); i++)
		if (LLVMGetIncomingBlock(phi, i) == from)
			return LLVMGetIncomingValue(phi, i);
	return NULL;
}

void
values_enter(struct vfacts *k, LLVMBasicBlockRef from, LLVMBasicBlockRef to)
{
	struct vfacts old = *k;
	LLVMValueRef i;

	for (int n = k->n - 1; n >= 0; n--)
		if (is_of_block(k->fact[n].a, to) ||
		    is_of_block(k->fact[n].b, to))
			forget_at(k, n);
	for (i = LLVMGetFirstInstruction(to); i != NULL && LLVMIsAPHINode(i);
	    i = LLVMGetNextInstruction(i)) {
		LLVMValueRef in = phi_from(i, from);
		vset set = in == NULL ? VSET_ANY : eval(&old, in, 0);

		if (set != VSET_ANY && !(width_of(i) == 1 && set == VSET_BOOL))
			learn(k, i, NULL, REL_EQ, set);
	}
}

bool
values_weaken(struct vfacts *k, const struct vfacts *other)
{
	bool lost = false;

	for (int i = k->n - 1; i >= 0; i--) {
		struct vfact *f = &k->fact[i];
		const struct vfact *o = find(other, f->a, f->b, f->rel);
		vset set = o == NULL ? VSET_ANY : f->set | o->set;

		if (f->b == NULL && o == NULL)
			set = f->set | eval(other, f->a, 0);
		if (set == f->set)
			continue;
		lost = true;
		if (set == VSET_ANY || (f->b != NULL && set == VSET_BOOL))
			forget_at(k, i);
		else
			f->set = set;
	}
	return lost;
}
