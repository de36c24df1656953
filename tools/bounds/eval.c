/*
 * Values are computed at their real width, so that a u8 wraps round at 256 as
 * it does in the machine.
 */

#include <llvm-c/Target.h>
#include <stddef.h>

#include "tools/bounds/eval.h"

#define DEPTH_MAX	8

static uint64_t
mask(unsigned width)
{
	return width >= 64 ? ~0ull : (1ull << width) - 1;
}

int64_t
value_signed(const struct value *v)
{
	unsigned up = 64 - v->width;

	return (int64_t)(v->bits << up) >> up;
}

static unsigned
int_width(LLVMValueRef v)
{
	LLVMTypeRef t = LLVMTypeOf(v);

	if (LLVMGetTypeKind(t) == LLVMPointerTypeKind)
		return 64;
	if (LLVMGetTypeKind(t) != LLVMIntegerTypeKind ||
	    LLVMGetIntTypeWidth(t) > 64)
		return 0;
	return LLVMGetIntTypeWidth(t);
}

static LLVMOpcode
opcode_of(LLVMValueRef v)
{
	if (LLVMIsAConstantExpr(v))
		return LLVMGetConstOpcode(v);
	return LLVMIsAInstruction(v) ? LLVMGetInstructionOpcode(v) : 0;
}

static bool
shift(LLVMOpcode op, const struct value *a, uint64_t by, uint64_t *r)
{
	if (by >= a->width)
		return false;
	if (op == LLVMShl)
		*r = a->bits << by;
	else if (op == LLVMLShr)
		*r = a->bits >> by;
	else
		*r = (uint64_t)(value_signed(a) >> by);
	return true;
}

static bool
binary(LLVMOpcode op, const struct value *a, const struct value *b,
    struct value *out)
{
	uint64_t x = a->bits, y = b->bits, r = 0;
	bool ok = true;

	if (b->base != NULL || (a->base != NULL && op != LLVMAdd))
		return false;
	switch (op) {
	case LLVMAdd: r = x + y; break;
	case LLVMSub: r = x - y; break;
	case LLVMMul: r = x * y; break;
	case LLVMAnd: r = x & y; break;
	case LLVMOr: r = x | y; break;
	case LLVMXor: r = x ^ y; break;
	case LLVMUDiv: ok = y != 0; r = ok ? x / y : 0; break;
	case LLVMURem: ok = y != 0; r = ok ? x % y : 0; break;
	default: ok = shift(op, a, y, &r); break;
	}
	*out = (struct value){ a->base, a->width, r & mask(a->width) };
	return ok;
}

static bool	eval_depth(const struct env *env, LLVMValueRef v,
		    struct value *out, int depth);

static bool
gep(const struct env *env, LLVMValueRef v, struct value *out, int depth)
{
	LLVMTargetDataRef td = LLVMGetModuleDataLayout(env->f->module->ll);
	LLVMTypeRef t = LLVMGetGEPSourceElementType(v);
	struct value i;
	int k, n = LLVMGetNumOperands(v);

	if (!eval_depth(env, LLVMGetOperand(v, 0), out, depth))
		return false;
	for (k = 1; k < n; k++) {
		if (!eval_depth(env, LLVMGetOperand(v, k), &i, depth) ||
		    i.base != NULL)
			return false;
		if (k > 1 && LLVMGetTypeKind(t) == LLVMStructTypeKind) {
			out->bits += LLVMOffsetOfElement(td, t, i.bits);
			t = LLVMStructGetTypeAtIndex(t, i.bits);
			continue;
		}
		if (k > 1 && LLVMGetTypeKind(t) != LLVMArrayTypeKind)
			return false;
		if (k > 1)
			t = LLVMGetElementType(t);
		out->bits += value_signed(&i) * LLVMABISizeOfType(td, t);
	}
	return true;
}

static bool
cast(const struct env *env, LLVMValueRef v, LLVMOpcode op, struct value *out,
    int depth)
{
	struct value a;
	unsigned width = int_width(v);

	if (width == 0 || !eval_depth(env, LLVMGetOperand(v, 0), &a, depth))
		return false;
	if (a.base != NULL && op != LLVMBitCast)
		return false;
	*out = a;
	out->width = width;
	if (op == LLVMSExt)
		out->bits = value_signed(&a);
	out->bits &= mask(width);
	return true;
}

/* A pointer that stays the same while the loop runs. */
static bool
fixed_pointer(const struct env *env, LLVMValueRef v, struct value *out)
{
	if (LLVMGetTypeKind(LLVMTypeOf(v)) != LLVMPointerTypeKind)
		return false;
	if (LLVMIsAInstruction(v) && env->l->in[fn_block_of(env->f,
	    LLVMGetInstructionParent(v))])
		return false;
	*out = (struct value){ prog_global(v), 64, 0 };
	return true;
}

static bool
eval_depth(const struct env *env, LLVMValueRef v, struct value *out, int depth)
{
	LLVMOpcode op = opcode_of(v);
	struct value a, b;

	if (v == env->var) {
		*out = env->is;
		return true;
	}
	if (depth++ > DEPTH_MAX)
		return false;
	if (LLVMIsAConstantInt(v) && int_width(v) != 0) {
		*out = (struct value){ NULL, int_width(v),
		    LLVMConstIntGetZExtValue(v) };
		return true;
	}
	if (LLVMIsAConstantPointerNull(v)) {
		*out = (struct value){ NULL, 64, 0 };
		return true;
	}
	switch (op) {
	case LLVMZExt: case LLVMSExt: case LLVMTrunc: case LLVMBitCast:
		return cast(env, v, op, out, depth);
	case LLVMGetElementPtr:
		return gep(env, v, out, depth);
	case LLVMAdd: case LLVMSub: case LLVMMul: case LLVMAnd: case LLVMOr:
	case LLVMXor: case LLVMShl: case LLVMLShr: case LLVMAShr:
	case LLVMUDiv: case LLVMURem:
		return eval_depth(env, LLVMGetOperand(v, 0), &a, depth) &&
		    eval_depth(env, LLVMGetOperand(v, 1), &b, depth) &&
		    binary(op, &a, &b, out);
	default:
		return fixed_pointer(env, v, out);
	}
}

bool
eval(const struct env *env, LLVMValueRef v, struct value *out)
{
	return eval_depth(env, v, out, 0);
}

/* ---- the variable ---- */

static bool
find_variable(const struct fn *f, const struct loop *l, LLVMValueRef v,
    LLVMValueRef *found, int depth)
{
	int i, n;

	if (!LLVMIsAInstruction(v) || depth > DEPTH_MAX)
		return true;
	if (LLVMIsAPHINode(v)) {
		if (LLVMGetInstructionParent(v) != f->block[l->head].bb)
			return true;
		if (*found != NULL && *found != v)
			return false;
		*found = v;
		return true;
	}
	if (LLVMIsACallInst(v) || LLVMIsALoadInst(v))
		return true;
	n = LLVMGetNumOperands(v);
	for (i = 0; i < n; i++)
		if (!find_variable(f, l, LLVMGetOperand(v, i), found,
		    depth + 1))
			return false;
	return true;
}

LLVMValueRef
eval_variable(const struct fn *f, const struct loop *l, LLVMValueRef v)
{
	LLVMValueRef found = NULL;

	return find_variable(f, l, v, &found, 0) ? found : NULL;
}
