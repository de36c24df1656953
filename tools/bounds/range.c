/*
 * Ranges of values, from their shape (a u8 is at most 255, x & 15 at most 15)
 * and from the branches that lead to where they are used (`if (n > 16) return`
 * leaves n <= 16; so does MIN(n, 16), which is a branch).
 *
 * The unsigned and the signed reading are kept apart, each a plain interval of
 * mathematical integers, so that nothing wraps here. What is not understood
 * has the range of its type. Phis of loops are not followed round.
 */

#include "tools/bounds/cond.h"
#include "tools/bounds/range.h"

#define DEPTH_MAX	5
#define INCOMING_MAX	8

static struct range
full(unsigned width)
{
	wide top = (wide)1 << width;

	return (struct range){ width, 0, top - 1, -(top / 2), top / 2 - 1 };
}

/* Each reading narrows the other where they agree on the sign. */
static void
agree(struct range *r)
{
	wide half = (wide)1 << (r->width - 1);

	if (r->uhi < half) {
		r->slo = r->slo > r->ulo ? r->slo : r->ulo;
		r->shi = r->shi < r->uhi ? r->shi : r->uhi;
	}
	if (r->slo >= 0) {
		r->ulo = r->ulo > r->slo ? r->ulo : r->slo;
		r->uhi = r->uhi < r->shi ? r->uhi : r->shi;
	}
}

static void
cut_unsigned(struct range *r, wide lo, wide hi)
{
	r->ulo = r->ulo > lo ? r->ulo : lo;
	r->uhi = r->uhi < hi ? r->uhi : hi;
	agree(r);
}

static void
cut_signed(struct range *r, wide lo, wide hi)
{
	r->slo = r->slo > lo ? r->slo : lo;
	r->shi = r->shi < hi ? r->shi : hi;
	agree(r);
}

static struct range
either(const struct range *a, const struct range *b)
{
	return (struct range){ a->width,
	    a->ulo < b->ulo ? a->ulo : b->ulo,
	    a->uhi > b->uhi ? a->uhi : b->uhi,
	    a->slo < b->slo ? a->slo : b->slo,
	    a->shi > b->shi ? a->shi : b->shi };
}

static unsigned
width_of(LLVMValueRef v)
{
	LLVMTypeRef t = LLVMTypeOf(v);

	if (LLVMGetTypeKind(t) != LLVMIntegerTypeKind)
		return 0;
	return LLVMGetIntTypeWidth(t) <= 64 ? LLVMGetIntTypeWidth(t) : 0;
}

static struct range
of_const(LLVMValueRef v, unsigned width)
{
	struct range r = full(width);
	wide s = LLVMConstIntGetSExtValue(v);
	wide u = LLVMConstIntGetZExtValue(v);

	cut_unsigned(&r, u, u);
	cut_signed(&r, s, s);
	return r;
}

/* ---- by the branches ---- */

/* r pred other: what is left of r. */
static void
cut_by(struct range *r, LLVMIntPredicate pred, const struct range *o)
{
	switch (pred) {
	case LLVMIntEQ:
		cut_unsigned(r, o->ulo, o->uhi);
		cut_signed(r, o->slo, o->shi);
		break;
	case LLVMIntNE:
		if (o->ulo != o->uhi)
			break;
		cut_unsigned(r, r->ulo + (r->ulo == o->ulo),
		    r->uhi - (r->uhi == o->ulo));
		cut_signed(r, r->slo + (r->slo == o->slo),
		    r->shi - (r->shi == o->slo));
		break;
	case LLVMIntULT: cut_unsigned(r, r->ulo, o->uhi - 1); break;
	case LLVMIntULE: cut_unsigned(r, r->ulo, o->uhi); break;
	case LLVMIntUGT: cut_unsigned(r, o->ulo + 1, r->uhi); break;
	case LLVMIntUGE: cut_unsigned(r, o->ulo, r->uhi); break;
	case LLVMIntSLT: cut_signed(r, r->slo, o->shi - 1); break;
	case LLVMIntSLE: cut_signed(r, r->slo, o->shi); break;
	case LLVMIntSGT: cut_signed(r, o->slo + 1, r->shi); break;
	case LLVMIntSGE: cut_signed(r, o->slo, r->shi); break;
	}
}

static LLVMIntPredicate
swapped(LLVMIntPredicate p)
{
	switch (p) {
	case LLVMIntUGT: return LLVMIntULT;
	case LLVMIntUGE: return LLVMIntULE;
	case LLVMIntULT: return LLVMIntUGT;
	case LLVMIntULE: return LLVMIntUGE;
	case LLVMIntSGT: return LLVMIntSLT;
	case LLVMIntSGE: return LLVMIntSLE;
	case LLVMIntSLT: return LLVMIntSGT;
	case LLVMIntSLE: return LLVMIntSGE;
	default: return p;
	}
}

static struct range	shape(const struct fn *f, LLVMValueRef v, int depth);

/* "w pred other", where w is v or an extension of v. */
static void
cut_value(const struct fn *f, struct range *r, LLVMValueRef v, LLVMValueRef w,
    LLVMIntPredicate pred, LLVMValueRef other, int depth)
{
	struct range o, wr;
	bool zext = LLVMIsAZExtInst(w) && LLVMGetOperand(w, 0) == v;
	bool sext = LLVMIsASExtInst(w) && LLVMGetOperand(w, 0) == v;

	if ((w != v && !zext && !sext) || width_of(w) == 0)
		return;
	o = LLVMIsAConstantInt(other) ? of_const(other, width_of(other)) :
	    shape(f, other, depth);
	if (w == v) {
		cut_by(r, pred, &o);
		return;
	}
	wr = full(width_of(w));
	if (zext)
		cut_unsigned(&wr, r->ulo, r->uhi);
	else
		cut_signed(&wr, r->slo, r->shi);
	cut_by(&wr, pred, &o);
	if (zext)
		cut_unsigned(r, wr.ulo, wr.uhi);
	else
		cut_signed(r, wr.slo, wr.shi);
}

static void
cut_by_atoms(const struct fn *f, struct range *r, LLVMValueRef v,
    const struct atoms *known, int depth)
{
	const struct atom *a;
	int i;

	for (i = 0; i < known->n; i++) {
		a = &known->atom[i];
		cut_value(f, r, v, a->l, a->pred, a->r, depth);
		cut_value(f, r, v, a->r, swapped(a->pred), a->l, depth);
	}
}

/* ---- by shape ---- */

static struct range
at(const struct fn *f, LLVMValueRef v, int b, int depth)
{
	struct atoms known = { .n = 0 };
	struct range r;

	if (LLVMIsAConstantInt(v))
		return of_const(v, width_of(v));
	r = shape(f, v, depth);
	if (depth > DEPTH_MAX)
		return r;
	cond_atoms_at(f, b, &known);
	cut_by_atoms(f, &r, v, &known, depth + 1);
	return r;
}

static struct range
of_phi(const struct fn *f, LLVMValueRef phi, int depth)
{
	struct range all = full(width_of(phi)), r;
	bool any = false;
	unsigned i, n = LLVMCountIncoming(phi);
	int to = fn_block_of(f, LLVMGetInstructionParent(phi)), from;
	struct atoms edge;
	LLVMValueRef v;

	if (n > INCOMING_MAX)
		return all;
	for (i = 0; i < n; i++) {
		v = LLVMGetIncomingValue(phi, i);
		from = fn_block_of(f, LLVMGetIncomingBlock(phi, i));
		if (f->block[from].rpo < 0)
			continue;
		if (f->block[from].rpo >= f->block[to].rpo)
			return full(width_of(phi));
		edge.n = 0;
		r = at(f, v, from, depth);
		cond_atoms_edge(f, from, to, &edge);
		cut_by_atoms(f, &r, v, &edge, depth + 1);
		if (r.ulo > r.uhi || r.slo > r.shi)
			continue;		/* never comes this way */
		all = any ? either(&all, &r) : r;
		any = true;
	}
	return all;
}

static struct range
of_select(const struct fn *f, LLVMValueRef v, int depth)
{
	struct range r[2];
	struct atoms known;
	int i;

	for (i = 0; i < 2; i++) {
		LLVMValueRef w = LLVMGetOperand(v, i + 1);

		r[i] = shape(f, w, depth);
		known.n = 0;
		cond_atoms(f, LLVMGetOperand(v, 0), i == 0, &known);
		cut_by_atoms(f, &r[i], w, &known, depth);
	}
	return either(&r[0], &r[1]);
}

static struct range
of_cast(const struct fn *f, LLVMValueRef v, LLVMOpcode op, int depth)
{
	LLVMValueRef w = LLVMGetOperand(v, 0);
	struct range r = full(width_of(v)), from;

	if (width_of(w) == 0)
		return r;
	from = at(f, w, fn_block_of(f, LLVMGetInstructionParent(v)), depth);
	if (op == LLVMZExt || (op == LLVMTrunc && from.uhi <= r.uhi))
		cut_unsigned(&r, from.ulo, from.uhi);
	if (op == LLVMSExt || (op == LLVMTrunc && from.slo >= r.slo &&
	    from.shi <= r.shi))
		cut_signed(&r, from.slo, from.shi);
	return r;
}

/* Of a value and a constant; no result may wrap, else it is anything. */
static struct range
of_binary(const struct fn *f, LLVMValueRef v, LLVMOpcode op, int depth)
{
	struct range r = full(width_of(v)), a, b;
	int here = fn_block_of(f, LLVMGetInstructionParent(v));

	a = at(f, LLVMGetOperand(v, 0), here, depth);
	b = at(f, LLVMGetOperand(v, 1), here, depth);
	if (op == LLVMAnd)
		cut_unsigned(&r, 0, a.uhi < b.uhi ? a.uhi : b.uhi);
	else if (op == LLVMURem && b.ulo > 0)
		cut_unsigned(&r, 0, a.uhi < b.uhi - 1 ? a.uhi : b.uhi - 1);
	else if (op == LLVMUDiv && b.ulo > 0)
		cut_unsigned(&r, a.ulo / b.uhi, a.uhi / b.ulo);
	else if (op == LLVMLShr && b.uhi < r.width)
		cut_unsigned(&r, a.ulo >> (int)b.uhi, a.uhi >> (int)b.ulo);
	else if (op == LLVMShl && b.uhi < r.width &&
	    a.uhi << (int)b.uhi <= r.uhi)
		cut_unsigned(&r, a.ulo << (int)b.ulo, a.uhi << (int)b.uhi);
	else if (op == LLVMMul && a.uhi <= UINT32_MAX &&
	    b.uhi <= UINT32_MAX && a.uhi * b.uhi <= r.uhi)
		cut_unsigned(&r, a.ulo * b.ulo, a.uhi * b.uhi);
	else if (op == LLVMSub && a.ulo >= b.uhi)
		cut_unsigned(&r, a.ulo - b.uhi, a.uhi - b.ulo);
	else if (op == LLVMAdd && a.uhi + b.uhi <= r.uhi)
		cut_unsigned(&r, a.ulo + b.ulo, a.uhi + b.uhi);
	if (op == LLVMAdd && a.slo + b.slo >= r.slo && a.shi + b.shi <= r.shi)
		cut_signed(&r, a.slo + b.slo, a.shi + b.shi);
	if (op == LLVMSub && a.slo - b.shi >= r.slo && a.shi - b.slo <= r.shi)
		cut_signed(&r, a.slo - b.shi, a.shi - b.slo);
	return r;
}

static struct range
shape(const struct fn *f, LLVMValueRef v, int depth)
{
	unsigned width = width_of(v);
	LLVMOpcode op;

	if (LLVMIsAConstantInt(v))
		return of_const(v, width);
	if (depth++ > DEPTH_MAX || !LLVMIsAInstruction(v))
		return full(width);
	op = LLVMGetInstructionOpcode(v);
	if (op == LLVMPHI)
		return of_phi(f, v, depth);
	if (op == LLVMSelect)
		return of_select(f, v, depth);
	if (op == LLVMZExt || op == LLVMSExt || op == LLVMTrunc)
		return of_cast(f, v, op, depth);
	if (LLVMIsABinaryOperator(v))
		return of_binary(f, v, op, depth);
	return full(width);
}

bool
range_at(const struct fn *f, LLVMValueRef v, int b, struct range *out)
{
	if (width_of(v) == 0)
		return false;
	*out = at(f, v, b, 0);
	return out->ulo <= out->uhi && out->slo <= out->shi;
}
