/*
 * How often loops turn.
 *
 * A test that each turn passes, and that leaves the loop, bounds the turns: it
 * says "stay" at most n times. n is found in three ways.
 *
 *  1. The variable begins anywhere in a range and moves by a constant step:
 *     the turns from the far end of the range, if nothing can wrap round
 *     before the test fails.
 *  2. It begins at a constant and each next value is computed of the one
 *     before: we simply run it, at its real width, until the test fails. What
 *     it is compared with may be a range; then the test stays whenever some
 *     value of the range lets it.
 *  3. It begins anywhere and is shifted right, divided, or loses its lowest
 *     bit: smaller values stop sooner, so the largest is run.
 *
 * Of several tests, and of the parts of a conjunction, the least n holds. A
 * first test at the loop's top leaves the body n turns; a test elsewhere lets
 * what is before it run once more: then n + 1 turns are counted at the head.
 *
 * A marker (for_bound, LOOP_PAID) says what cannot be derived. It must be on
 * each turn's way, once to a loop, and may not state less than the turns that
 * the loop surely makes, from one constant to another with no other way out.
 */

#include <stdlib.h>

#include "tools/bounds/cond.h"
#include "tools/bounds/diag.h"
#include "tools/bounds/eval.h"
#include "tools/bounds/facts.h"
#include "tools/bounds/phases.h"
#include "tools/bounds/prog_priv.h"
#include "tools/bounds/range.h"

#define TURNS_MAX	(1 << 20)	/* more is as good as unknown */
#define RUN_MAX		(1 << 16)	/* turns that we try one by one, */
#define RUN_RANGE_MAX	512		/* when the limit is a range */
#define NEXT_MAX	8		/* edges back */

/* A variable of a loop: a phi of its head. */
struct variable {
	LLVMValueRef	phi;
	LLVMValueRef	next[NEXT_MAX];
	int		nnext;
	bool		is_fixed;	/* begins at `first` */
	struct value	first;
	bool		has_range;	/* begins in `range` */
	struct range	range;
};

/* What one test says. */
struct verdict {
	int64_t		stays;		/* negative: nothing */
	bool		exact;		/* that often, if no other way out */
};

static const struct verdict nothing = { -1, false };

/* ---- variables ---- */

static void
join_first(const struct fn *f, const struct loop *l, struct variable *x,
    LLVMValueRef v, int from, bool first)
{
	struct env env = { f, l, NULL, { 0 } };
	struct value a;
	struct range r;

	if (!eval(&env, v, &a))
		x->is_fixed = false;
	else if (first)
		x->first = a;
	else if (a.base != x->first.base || a.bits != x->first.bits)
		x->is_fixed = false;
	if (!range_at(f, v, from, &r)) {
		x->has_range = false;
	} else if (first) {
		x->range = r;
	} else {
		x->range.ulo = r.ulo < x->range.ulo ? r.ulo : x->range.ulo;
		x->range.uhi = r.uhi > x->range.uhi ? r.uhi : x->range.uhi;
		x->range.slo = r.slo < x->range.slo ? r.slo : x->range.slo;
		x->range.shi = r.shi > x->range.shi ? r.shi : x->range.shi;
	}
}

static bool
variable_of(const struct fn *f, const struct loop *l, LLVMValueRef phi,
    struct variable *x)
{
	unsigned i, n = LLVMCountIncoming(phi);
	bool first = true;
	int from;

	*x = (struct variable){ .phi = phi, .is_fixed = true,
	    .has_range = true };
	for (i = 0; i < n; i++) {
		LLVMValueRef v = LLVMGetIncomingValue(phi, i);

		from = fn_block_of(f, LLVMGetIncomingBlock(phi, i));
		if (f->block[from].rpo < 0)
			continue;
		if (l->in[from]) {
			if (x->nnext == NEXT_MAX)
				return false;
			x->next[x->nnext++] = v;
			continue;
		}
		join_first(f, l, x, v, from, first);
		first = false;
	}
	return !first && x->nnext > 0;
}

/* All ways round must agree on the next value. */
static bool
step(const struct fn *f, const struct loop *l, const struct variable *x,
    struct value *now)
{
	struct env env = { f, l, x->phi, *now };
	struct value v;
	int i;

	for (i = 0; i < x->nnext; i++) {
		if (!eval(&env, x->next[i], &v))
			return false;
		if (i > 0 && (v.bits != now->bits || v.base != now->base))
			return false;
		*now = v;
	}
	return true;
}

/* ---- 1: a constant step from a range ---- */

#define TOO_MANY	(-2)

static LLVMValueRef
without_ext(LLVMValueRef v)
{
	return LLVMIsAZExtInst(v) || LLVMIsASExtInst(v) ?
	    LLVMGetOperand(v, 0) : v;
}

/* v is phi + c, perhaps computed wider and cut again. */
static bool
is_step(LLVMValueRef v, LLVMValueRef phi, int64_t *c)
{
	LLVMValueRef sum = LLVMIsATruncInst(v) ? LLVMGetOperand(v, 0) : v;
	LLVMOpcode op;

	if (!LLVMIsABinaryOperator(sum))
		return false;
	op = LLVMGetInstructionOpcode(sum);
	if ((op != LLVMAdd && op != LLVMSub) ||
	    without_ext(LLVMGetOperand(sum, 0)) != phi ||
	    !value_const(LLVMGetOperand(sum, 1), c))
		return false;
	if (op == LLVMSub)
		*c = -*c;
	return *c > -TURNS_MAX && *c < TURNS_MAX && *c != 0;
}

static bool
is_signed(LLVMIntPredicate p)
{
	return p == LLVMIntSLT || p == LLVMIntSLE || p == LLVMIntSGT ||
	    p == LLVMIntSGE;
}

/* From y in [lo, hi], by c, while "y p limit"; top and bottom: of y's type. */
static int64_t
count(LLVMIntPredicate p, wide lo, wide hi, int64_t c, wide bottom, wide top,
    wide least, wide most)
{
	wide last, n = -1;

	switch (p) {
	case LLVMIntULT: case LLVMIntSLT: case LLVMIntULE: case LLVMIntSLE:
		last = p == LLVMIntULT || p == LLVMIntSLT ? most - 1 : most;
		if (c > 0 && last + c <= top)
			n = lo > last ? 0 : (last - lo) / c + 1;
		break;
	case LLVMIntUGT: case LLVMIntSGT: case LLVMIntUGE: case LLVMIntSGE:
		last = p == LLVMIntUGT || p == LLVMIntSGT ? least + 1 : least;
		if (c < 0 && last + c >= bottom)
			n = hi < last ? 0 : (hi - last) / -c + 1;
		break;
	case LLVMIntNE:
		if (least == most && c == 1 && hi <= least)
			n = least - lo;
		else if (least == most && c == -1 && lo >= least)
			n = hi - least;
		break;
	default:
		break;
	}
	return n <= TURNS_MAX ? (int64_t)n : TOO_MANY;
}

static int64_t
by_range(const struct variable *x, const struct atom *a,
    const struct range *limit)
{
	LLVMValueRef y = without_ext(a->l);
	bool sign = is_signed(a->pred);
	wide lo, hi, bottom, top, half = (wide)1 << (x->range.width - 1);
	int64_t c, other;
	int i;

	if (!is_step(x->next[0], x->phi, &c))
		return -1;
	for (i = 1; i < x->nnext; i++)
		if (!is_step(x->next[i], x->phi, &other) || other != c)
			return -1;
	/* A sign-extended y is signed; a zero-extended one is unsigned, and
	 * then both comparisons mean the same. */
	if (LLVMIsASExtInst(a->l) && !sign)
		return -1;
	bottom = sign && !LLVMIsAZExtInst(a->l) ? -half : 0;
	top = bottom < 0 ? half - 1 : 2 * half - 1;
	lo = bottom < 0 ? x->range.slo : x->range.ulo;
	hi = bottom < 0 ? x->range.shi : x->range.uhi;
	if (y != x->phi) {		/* the test is after the step */
		if (y != x->next[0] || lo + c < bottom || hi + c > top)
			return -1;
		lo += c;
		hi += c;
	}
	return count(a->pred, lo, hi, c, bottom, top,
	    sign ? limit->slo : limit->ulo, sign ? limit->shi : limit->uhi);
}

/* ---- 2: run it ---- */

static bool
compare(LLVMIntPredicate p, wide ul, wide ur, wide sl, wide sr)
{
	switch (p) {
	case LLVMIntEQ: return ul == ur;
	case LLVMIntNE: return ul != ur;
	case LLVMIntULT: return ul < ur;
	case LLVMIntULE: return ul <= ur;
	case LLVMIntUGT: return ul > ur;
	case LLVMIntUGE: return ul >= ur;
	case LLVMIntSLT: return sl < sr;
	case LLVMIntSLE: return sl <= sr;
	case LLVMIntSGT: return sl > sr;
	case LLVMIntSGE: return sl >= sr;
	}
	return true;
}

/* Is there a value in r for which "v p it"? */
static bool
may_hold(LLVMIntPredicate p, const struct value *v, const struct range *r)
{
	wide u = v->bits, s = value_signed(v);

	switch (p) {
	case LLVMIntEQ:
		return u >= r->ulo && u <= r->uhi && s >= r->slo &&
		    s <= r->shi;
	case LLVMIntNE:
		return r->ulo != r->uhi || u != r->ulo;
	case LLVMIntULT: case LLVMIntULE: case LLVMIntSLT: case LLVMIntSLE:
		return compare(p, u, r->uhi, s, r->shi);
	default:
		return compare(p, u, r->ulo, s, r->slo);
	}
}

/* Does the test let the loop stay? False: cannot tell. */
static bool
stays(const struct env *env, const struct atom *a, const struct range *limit,
    bool *stay)
{
	struct value l, r;

	if (!eval(env, a->l, &l))
		return false;
	if (limit != NULL) {
		*stay = l.base == NULL && may_hold(a->pred, &l, limit);
		return l.base == NULL;
	}
	if (!eval(env, a->r, &r) || l.base != r.base)
		return false;
	*stay = compare(a->pred, l.bits, r.bits, value_signed(&l),
	    value_signed(&r));
	return true;
}

static int64_t
run(const struct fn *f, const struct loop *l, const struct variable *x,
    struct value now, const struct atom *a, const struct range *limit)
{
	int64_t n, most = limit != NULL ? RUN_RANGE_MAX : RUN_MAX;
	bool stay;

	for (n = 0; n <= most; n++) {
		struct env env = { f, l, x->phi, now };

		if (!stays(&env, a, limit, &stay))
			return -1;
		if (!stay)
			return n;
		if (!step(f, l, x, &now))
			return -1;
	}
	return -1;
}

/* ---- 3: what shrinks ---- */

/* x & (x - 1) */
static bool
loses_lowest_bit(LLVMValueRef v, LLVMValueRef phi)
{
	int64_t c;

	return LLVMIsABinaryOperator(v) &&
	    LLVMGetInstructionOpcode(v) == LLVMAnd &&
	    LLVMGetOperand(v, 0) == phi &&
	    is_step(LLVMGetOperand(v, 1), phi, &c) && c == -1;
}

static bool
is_shrinking(LLVMValueRef v, LLVMValueRef phi)
{
	LLVMOpcode op;
	int64_t c;

	if (!LLVMIsABinaryOperator(v) || LLVMGetOperand(v, 0) != phi ||
	    !value_const(LLVMGetOperand(v, 1), &c))
		return false;
	op = LLVMGetInstructionOpcode(v);
	return (op == LLVMLShr && c > 0) || (op == LLVMUDiv && c > 1);
}

/* The test may look at the variable, or at what it becomes next. */
static int64_t
by_shrinking(const struct fn *f, const struct loop *l,
    const struct variable *x, const struct atom *a, const struct range *limit)
{
	struct value top = { NULL, x->range.width, (uint64_t)x->range.uhi };
	LLVMValueRef next = x->next[0];

	if (x->nnext != 1 || (a->l != x->phi && a->l != next) ||
	    (a->pred != LLVMIntNE && a->pred != LLVMIntUGT &&
	    a->pred != LLVMIntUGE) || (a->pred == LLVMIntNE && limit->uhi != 0))
		return -1;
	if (loses_lowest_bit(next, x->phi))
		return limit->uhi == 0 && a->pred != LLVMIntUGE ?
		    (int64_t)x->range.width : -1;
	return is_shrinking(next, x->phi) ? run(f, l, x, top, a, limit) : -1;
}

/* ---- tests ---- */

static struct verdict
judge_atom(const struct fn *f, const struct loop *l, const struct atom *a,
    int block)
{
	LLVMValueRef phi = eval_variable(f, l, a->l);
	bool has_limit, is_const;
	struct variable x;
	struct range limit;
	int64_t n = -1;

	if (phi == NULL || !variable_of(f, l, phi, &x))
		return nothing;
	has_limit = range_at(f, a->r, block, &limit);
	is_const = !has_limit || limit.ulo == limit.uhi;
	if (has_limit && x.has_range)
		n = by_range(&x, a, &limit);
	if (n == -1 && x.is_fixed)
		n = run(f, l, &x, x.first, a, is_const ? NULL : &limit);
	if (n == -1 && has_limit && x.has_range)
		n = by_shrinking(f, l, &x, a, &limit);
	return (struct verdict){ n, n >= 0 && x.is_fixed && is_const };
}

static struct atom
turned(struct atom a)
{
	static const struct { LLVMIntPredicate p, q; } pair[] = {
		{ LLVMIntUGT, LLVMIntULT }, { LLVMIntUGE, LLVMIntULE },
		{ LLVMIntSGT, LLVMIntSLT }, { LLVMIntSGE, LLVMIntSLE },
	};
	struct atom t = { a.pred, a.r, a.l };
	unsigned i;

	for (i = 0; i < sizeof(pair) / sizeof(pair[0]); i++) {
		if (a.pred == pair[i].p)
			t.pred = pair[i].q;
		else if (a.pred == pair[i].q)
			t.pred = pair[i].p;
	}
	return t;
}

/* The least of what the conjuncts of a test say. */
static struct verdict
judge_test(const struct fn *f, const struct loop *l, int b, bool stay_if)
{
	LLVMValueRef end = LLVMGetBasicBlockTerminator(f->block[b].bb);
	struct atoms known = { .n = 0 };
	struct verdict best = nothing, v;
	struct atom a;
	int i;

	cond_atoms(f, LLVMGetCondition(end), stay_if, &known);
	for (i = 0; i < known.n; i++) {
		a = known.atom[i];
		v = judge_atom(f, l, &a, b);
		if (v.stays < 0) {
			a = turned(a);
			v = judge_atom(f, l, &a, b);
		}
		if (v.stays >= 0 && (best.stays < 0 || v.stays < best.stays))
			best = v;
	}
	best.exact &= known.n == 1 &&
	    LLVMIsAICmpInst(cond_plain(LLVMGetCondition(end)));
	return best;
}

/* ---- loops ---- */

/* Does each turn pass b? */
static bool
on_each_turn(const struct fn *f, const struct loop *l, int b)
{
	const struct block *h = &f->block[l->head];
	int i;

	for (i = 0; i < h->npred; i++)
		if (l->in[h->pred[i]] && !fn_dominates(f, b, h->pred[i]))
			return false;
	return true;
}

static int
exits(const struct fn *f, const struct loop *l)
{
	int b, i, n = 0;

	for (b = 0; b < f->nblocks; b++)
		for (i = 0; l->in[b] && i < f->block[b].nsucc; i++)
			n += !l->in[f->block[b].succ[i]];
	return n;
}

/* The block where a test stays, if the test is one of the loop's; or -1. */
static int
stay_block(const struct fn *f, int loop, int b, bool *stay_if)
{
	const struct loop *l = &f->loop[loop];
	LLVMValueRef end = LLVMGetBasicBlockTerminator(f->block[b].bb);
	int yes, no;

	if (f->block[b].loop != loop || f->block[b].nsucc != 2 ||
	    !LLVMIsABranchInst(end) || !on_each_turn(f, l, b))
		return -1;
	yes = fn_block_of(f, LLVMGetSuccessor(end, 0));
	no = fn_block_of(f, LLVMGetSuccessor(end, 1));
	if (l->in[yes] == l->in[no])
		return -1;
	*stay_if = l->in[yes];
	return l->in[yes] ? yes : no;
}

/* The turns that the tests allow; true: exactly those. */
static bool
derive(struct fn *f, int loop)
{
	struct loop *l = &f->loop[loop];
	struct verdict v;
	bool stay_if, exact = false;
	int b, s, turn_block;
	int64_t turns;

	for (b = 0; b < f->nblocks; b++) {
		s = stay_block(f, loop, b, &stay_if);
		if (s < 0)
			continue;
		v = judge_test(f, l, b, stay_if);
		if (v.stays < 0)
			continue;
		/* Where the body is entered by the test only, it runs as often
		 * as the test stays. */
		turn_block = s != l->head && f->block[s].npred == 1 ? s :
		    l->head;
		turns = v.stays + (turn_block == l->head);
		if (l->kind == LOOP_CONSTANT && turns >= l->turns)
			continue;
		l->kind = LOOP_CONSTANT;
		l->turns = turns;
		l->turn_block = turn_block;
		exact = v.exact;
	}
	return exact && exits(f, l) == 1;
}

static bool
is_marker(const struct call *c)
{
	return !c->indirect && fn_is(c->target[0], ROLE_MARKER);
}

/* An exact loop passes the marker as often as it turns, and once more when
 * the marker stands before the test. */
static void
state_bound(struct fn *f, struct loop *l, struct call *c, bool exact)
{
	const struct fact *fact = c->target[0]->fact;
	int64_t n, sure;

	if (!value_const(call_arg(c, fact_num(fact, "arg", 0)), &n) || n < 0) {
		diag_at(E_LOOP_BOUND, c->at, "%s: the stated bound is not "
		    "constant", f->name);
		return;
	}
	if (l->kind == LOOP_CONSTANT) {
		sure = l->turns;
		if (!fn_dominates(f, l->turn_block, c->block))
			sure++;
		if (exact && n < sure)
			diag_at(E_LOOP_BOUND, c->at, "%s: the loop turns %lld "
			    "times, but %lld are stated", f->name,
			    (long long)sure, (long long)n);
		else if (n >= sure)
			diag_at(W_LOOP_USELESS, c->at, "%s: a bound of %lld is "
			    "stated, and the loop shows that it turns at most "
			    "%lld times", f->name, (long long)n,
			    (long long)sure);
	}
	if (l->kind == LOOP_CONSTANT && l->turns <= n)
		return;
	l->kind = LOOP_STATED;
	l->turns = n;
	l->turn_block = c->block;
}

static void
apply_marker(struct fn *f, struct call *c, const bool *exact)
{
	int i = f->block[c->block].loop;
	struct loop *l = i < 0 ? NULL : &f->loop[i];

	if (l == NULL) {
		diag_at(E_LOOP_BOUND, c->at, "%s: a loop's marker stands "
		    "outside of loops", f->name);
	} else if (l->marker != NULL) {
		diag_at(E_LOOP_BOUND, c->at, "%s: a second marker in one loop",
		    f->name);
	} else if (!on_each_turn(f, l, c->block)) {
		diag_at(E_LOOP_BOUND, c->at, "%s: there is a way round the "
		    "loop that does not pass its marker", f->name);
	} else {
		l->marker = c;
		if (fact_has(c->target[0]->fact, "kind", "paid")) {
			l->kind = LOOP_PAID;
			l->turn_block = c->block;
		} else {
			state_bound(f, l, c, exact[i]);
		}
	}
}

void
trip_find(struct fn *f)
{
	bool *exact = calloc(f->nloops + 1, sizeof(*exact));
	int i;

	for (i = 0; i < f->nloops; i++)
		exact[i] = derive(f, i);
	for (i = 0; i < f->ncalls; i++)
		if (is_marker(&f->call[i]))
			apply_marker(f, &f->call[i], exact);
	free(exact);
}

void
trip_find_all(void)
{
	int i;

	for (i = 0; i < prog.nfns; i++)
		if (prog.fn[i]->is_defined)
			trip_find(prog.fn[i]);
}
