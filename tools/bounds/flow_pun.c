/*
 * Structures with function pointers that are seen through two types.
 *
 * A field's slot holds what is stored through its structure's type. It would
 * lose a function if the same memory were written as another structure, so
 * each cast must lead to where C says that the other one is: the first member,
 * the structure around a member (container_of), or the same. Where the pointer
 * is untyped between (void *arg), the graph says which structures come there,
 * and one of them must be what it becomes. (All files' private data share a
 * field: that a pipe was taken for a terminal is not seen, but is a wild write,
 * after which no analysis of calls holds.) A structure without function
 * pointers matters only where it would overlay one that has some.
 *
 * What comes out of an allocator, of an array of bytes or of a number (a
 * frame's address) has no type yet: what it is first cast to. That memory is
 * not two things at a time is the allocators' business, and debug kernels
 * check it.
 */

#include <stdlib.h>

#include "tools/bounds/diag.h"
#include "tools/bounds/flow_priv.h"
#include "tools/bounds/table.h"

/* An untyped pointer becomes a pointer to a structure. */
static struct untyped {
	int		node;
	struct ctype	*to;
	struct src	at;
	bool		copied;		/* memcpy, not a cast */
}	*untyped;
static int nuntyped;

static bool
fits(struct ctype *a, struct ctype *b, int64_t off)
{
	if (!types_has_fp(a) && !types_has_fp(b))
		return true;
	return (off >= 0 && types_embeds(a, (uint64_t)off, b)) ||
	    (off <= 0 && types_embeds(b, (uint64_t)-off, a));
}

static struct ctype *
struct_at(struct module *m, LLVMValueRef v)
{
	LLVMTypeRef t = flow_pointee(LLVMTypeOf(v));

	if (LLVMIsAGlobalVariable(v) && types_of_global(v) != NULL)
		return types_of_debug(types_of_global(v));
	return t == NULL ? NULL : types_of(m, t);
}

static void
mismatch(struct src at, struct ctype *from, struct ctype *to, bool copied)
{
	diag_at(copied ? E_FPCOPY : E_STRUCTCAST, at, copied ?
	    "memory that is struct %s is copied to or from struct %s" :
	    "a pointer to struct %s becomes one to struct %s, which is "
	    "neither around nor in it", from->name, to->name);
}

static bool
is_bytes(LLVMTypeRef t)
{
	return LLVMGetTypeKind(t) == LLVMArrayTypeKind &&
	    LLVMGetTypeKind(LLVMGetElementType(t)) == LLVMIntegerTypeKind &&
	    LLVMGetIntTypeWidth(LLVMGetElementType(t)) == 8;
}

/*
 * Back from a cast over bytes, `(char *)p - 24`, to what was a structure or is
 * no address that we see through. *off: from there to the cast. False: the way
 * is variable, or begins at an array of bytes, which has no other type.
 */
static bool
origin(struct module *m, LLVMValueRef *v, int64_t *off)
{
	while (struct_at(m, *v) == NULL) {
		switch (flow_opcode(*v)) {
		case LLVMBitCast:
		case LLVMAddrSpaceCast:
			break;
		case LLVMGetElementPtr:
			if (is_bytes(LLVMGetGEPSourceElementType(*v)) ||
			    is_bytes(flow_pointee(LLVMTypeOf(*v))) ||
			    !flow_gep(*v, off))
				return false;
			break;
		default:
			return true;
		}
		*v = LLVMGetOperand(*v, 0);
	}
	return true;
}

static void
add_untyped(LLVMValueRef v, struct ctype *to, struct src at, bool copied)
{
	if (LLVMIsConstant(v) || !flow_is_tracked(LLVMTypeOf(v)))
		return;
	TABLE_GROW(untyped, nuntyped);
	untyped[nuntyped++] = (struct untyped){ flow_value(v), to, at, copied };
}

void
flow_check_cast(struct module *m, LLVMValueRef cast, struct src at)
{
	LLVMValueRef from = LLVMGetOperand(cast, 0);
	struct ctype *to = struct_at(m, cast), *was;
	int64_t off = 0;

	if (to == NULL || !origin(m, &from, &off))
		return;
	was = struct_at(m, from);
	if (was == NULL)
		add_untyped(from, to, at, false);
	else if (was != to && !fits(was, to, off))
		mismatch(at, was, to, false);
}

struct image {
	struct module	*module;
	LLVMValueRef	to;
	struct src	at;
};

static void
image_leaf(void *arg, LLVMValueRef leaf, uint64_t off)
{
	const struct image *im = arg;
	struct addr a;

	if (flow_address(im->module, im->to, (int64_t)off, &a))
		flow_assign(im->module, leaf, flow_addr_node(&a), im->at);
	else
		diag_at(E_FPCOPY, im->at, "%s is copied to where no field or "
		    "variable is named", prog_fn(leaf)->name);
}

static bool
is_image(LLVMValueRef v)
{
	return LLVMIsAGlobalVariable(v) && LLVMIsGlobalConstant(v) &&
	    LLVMGetLinkage(v) == LLVMPrivateLinkage &&
	    LLVMGetInitializer(v) != NULL;
}

/* Function pointers outside of structures with a tag. */
static bool
has_untagged_fp(LLVMValueRef v)
{
	LLVMTypeRef t = flow_pointee(LLVMTypeOf(v));

	return t != NULL && flow_has_fp(t);
}

/* The bytes of what a GEP leads to; of the whole array, for its element 0. */
static uint64_t
room(LLVMValueRef gep)
{
	LLVMTypeRef t = LLVMGetGEPSourceElementType(gep);
	int i, n = LLVMGetNumOperands(gep);
	int64_t index;

	for (i = 2; i < n; i++) {
		if (!value_const(LLVMGetOperand(gep, i), &index))
			index = -1;
		if (LLVMGetTypeKind(t) == LLVMStructTypeKind)
			t = LLVMStructGetTypeAtIndex(t, (unsigned)index);
		else if (i == n - 1 && index == 0)
			break;
		else
			t = LLVMGetElementType(t);
	}
	return types_size(t);
}

/*
 * What a copy of memory begins at: a structure, or (NULL) a member without
 * function pointers, which a copy that is not longer cannot pass. *v becomes
 * the typed address.
 */
static struct ctype *
copied_type(struct module *m, LLVMValueRef *v, LLVMValueRef len)
{
	struct ctype *t;
	int64_t n, off = 0;
	int op;

	while ((t = struct_at(m, *v)) == NULL) {
		op = flow_opcode(*v);
		if (op != LLVMBitCast && (op != LLVMGetElementPtr ||
		    LLVMGetTypeKind(LLVMGetGEPSourceElementType(*v)) !=
		    LLVMArrayTypeKind))
			break;
		*v = LLVMGetOperand(*v, 0);
	}
	if (t == NULL && flow_opcode(*v) == LLVMGetElementPtr &&
	    value_const(len, &n) &&
	    n > (int64_t)room(*v) && origin(m, v, &off))
		t = struct_at(m, *v);
	return t;
}

void
flow_check_copy(struct module *m, LLVMValueRef inst)
{
	LLVMValueRef to = LLVMGetOperand(inst, 0);
	LLVMValueRef from = LLVMGetOperand(inst, 1);
	struct src at = prog_src(inst);
	struct image im = { m, to, at };
	LLVMValueRef len = LLVMGetOperand(inst, 2);
	struct ctype *a, *b;

	if (is_image(prog_strip(from))) {
		flow_each_fn(LLVMGetInitializer(prog_strip(from)), 0,
		    image_leaf, &im);
		return;
	}
	a = copied_type(m, &to, len);
	b = copied_type(m, &from, len);
	if (a != NULL && b != NULL) {
		if (a != b && !fits(a, b, 0))
			mismatch(at, b, a, true);
	} else if (a != NULL) {
		add_untyped(from, a, at, true);
	} else if (b != NULL) {
		add_untyped(to, b, at, true);
	} else if (has_untagged_fp(to) || has_untagged_fp(from)) {
		diag_at(E_FPCOPY, at, "function pointers without a structure's "
		    "name are copied");
	}
}

/* What comes out as one type went in as another, and never as that one. */
static struct ctype *
never_fits(const struct untyped *u)
{
	int wild = flow_wild();		/* may move the nodes */
	const struct node *n = &flow_node[u->node];
	const struct node *w = &flow_node[wild];
	struct ctype *t, *other = NULL;
	int i;

	if (n->unknown != NULL)
		return NULL;
	for (i = 0; i < n->ntokens + w->ntokens; i++) {
		t = flow_token[i < n->ntokens ? n->token[i] :
		    w->token[i - n->ntokens]].type;
		if (t == NULL)
			continue;
		if (t == u->to || fits(t, u->to, 0))
			return NULL;
		if (i < n->ntokens)
			other = t;
	}
	return other;
}

void
flow_check_untyped(void)
{
	struct ctype *t;
	int i;

	for (i = 0; i < nuntyped; i++) {
		t = never_fits(&untyped[i]);
		if (t != NULL)
			mismatch(untyped[i].at, t, untyped[i].to,
			    untyped[i].copied);
	}
}
