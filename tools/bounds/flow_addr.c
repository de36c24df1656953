/*
 * What addresses name, and when types are the same.
 *
 * The problem: a load or store has an address, and the graph wants the slot.
 * The idea: clang spells each access to a member as a GEP from its structure,
 * so the nearest GEP or cast, going back from the access, that passes a
 * structure with a tag names the slot; the offsets behind it add up. Where it
 * is said of a variable, debug information names the type (an initialised one
 * may have a type of its own in LLVM). Phis and selects of addresses name all
 * of theirs. Invariant: an offset that is not constant is one among the
 * elements of an array, which are one slot, or else the place has no name.
 */

#include <string.h>

#include "tools/bounds/flow_priv.h"
#include "tools/bounds/table.h"

int
flow_opcode(LLVMValueRef v)
{
	if (LLVMIsAInstruction(v))
		return LLVMGetInstructionOpcode(v);
	if (LLVMIsAConstantExpr(v))
		return LLVMGetConstOpcode(v);
	return 0;
}

LLVMTypeRef
flow_pointee(LLVMTypeRef t)
{
	return LLVMGetTypeKind(t) == LLVMPointerTypeKind ?
	    LLVMGetElementType(t) : NULL;
}

bool
flow_is_fp(LLVMTypeRef t)
{
	LLVMTypeRef to = flow_pointee(t);

	if (to == NULL)
		return false;
	if (LLVMGetTypeKind(to) == LLVMFunctionTypeKind)
		return true;
	return LLVMGetTypeKind(to) == LLVMStructTypeKind &&
	    LLVMGetStructName(to) == NULL &&
	    LLVMCountStructElementTypes(to) == 0;
}

bool
flow_has_fp(LLVMTypeRef t)
{
	unsigned i;

	switch (LLVMGetTypeKind(t)) {
	case LLVMPointerTypeKind:
		return flow_is_fp(t);
	case LLVMArrayTypeKind:
		return flow_has_fp(LLVMGetElementType(t));
	case LLVMStructTypeKind:
		for (i = 0; i < LLVMCountStructElementTypes(t); i++)
			if (flow_has_fp(LLVMStructGetTypeAtIndex(t, i)))
				return true;
		return false;
	default:
		return false;
	}
}

bool
flow_is_tracked(LLVMTypeRef t)
{
	LLVMTypeRef to = flow_pointee(t);

	if (to == NULL)
		return false;
	return flow_is_fp(t) || (LLVMGetTypeKind(to) == LLVMIntegerTypeKind &&
	    LLVMGetIntTypeWidth(to) == 8);
}

static bool
same_params(LLVMTypeRef a, LLVMTypeRef b)
{
	LLVMTypeRef pa[64], pb[64];
	unsigned n = LLVMCountParamTypes(a), i;

	if (n != LLVMCountParamTypes(b) || n > 64 ||
	    LLVMIsFunctionVarArg(a) != LLVMIsFunctionVarArg(b))
		return false;
	LLVMGetParamTypes(a, pa);
	LLVMGetParamTypes(b, pb);
	for (i = 0; i < n; i++)
		if (!flow_same_type(pa[i], pb[i]))
			return false;
	return true;
}

static size_t
name_len(const char *s)
{
	const char *dot = strchr(s, '.');

	if (dot != NULL)
		dot = strchr(dot + 1, '.');
	return dot != NULL ? (size_t)(dot - s) : strlen(s);
}

/* Structures by tag: each module has types of its own. */
static bool
same_struct(LLVMTypeRef a, LLVMTypeRef b)
{
	const char *na = LLVMGetStructName(a), *nb = LLVMGetStructName(b);
	unsigned n, i;

	if (na != NULL && nb != NULL)
		return name_len(na) == name_len(nb) &&
		    memcmp(na, nb, name_len(na)) == 0;
	n = LLVMCountStructElementTypes(a);
	if (na != NULL || nb != NULL || n != LLVMCountStructElementTypes(b))
		return false;
	for (i = 0; i < n; i++)
		if (!flow_same_type(LLVMStructGetTypeAtIndex(a, i),
		    LLVMStructGetTypeAtIndex(b, i)))
			return false;
	return true;
}

bool
flow_same_type(LLVMTypeRef a, LLVMTypeRef b)
{
	if (a == b)
		return true;
	if (LLVMGetTypeKind(a) != LLVMGetTypeKind(b))
		return false;
	switch (LLVMGetTypeKind(a)) {
	case LLVMPointerTypeKind:
		if (flow_is_fp(a) && flow_is_fp(b) &&
		    (LLVMGetTypeKind(flow_pointee(a)) == LLVMStructTypeKind ||
		    LLVMGetTypeKind(flow_pointee(b)) == LLVMStructTypeKind))
			return true;	/* {}* */
		return flow_same_type(flow_pointee(a), flow_pointee(b));
	case LLVMFunctionTypeKind:
		return flow_same_type(LLVMGetReturnType(a),
		    LLVMGetReturnType(b)) && same_params(a, b);
	case LLVMStructTypeKind:
		return same_struct(a, b);
	case LLVMArrayTypeKind:
		return LLVMGetArrayLength(a) == LLVMGetArrayLength(b) &&
		    flow_same_type(LLVMGetElementType(a),
		    LLVMGetElementType(b));
	default:
		return false;
	}
}

/* ---- addresses ---- */

/* The type that index i of a GEP leads into, and the offset it adds. */
static bool
gep_index(LLVMTypeRef *t, LLVMValueRef index, int64_t *off)
{
	int64_t i;
	bool is_const = value_const(index, &i);

	if (LLVMGetTypeKind(*t) == LLVMStructTypeKind) {
		*off += types_offset(*t, (unsigned)i);
		*t = LLVMStructGetTypeAtIndex(*t, (unsigned)i);
		return true;
	}
	*t = LLVMGetElementType(*t);
	if (is_const)
		*off += i * (int64_t)types_size(*t);
	return true;
}

/* The first index counts whole objects of the source type. */
static bool
gep_first(LLVMValueRef gep, int64_t *off)
{
	LLVMTypeRef t = LLVMGetGEPSourceElementType(gep);
	int64_t i;

	if (value_const(LLVMGetOperand(gep, 1), &i)) {
		if (i != 0)
			*off += i * (int64_t)types_size(t);
		return true;
	}
	return LLVMGetTypeKind(t) != LLVMIntegerTypeKind;
}

bool
flow_gep(LLVMValueRef gep, int64_t *off)
{
	LLVMTypeRef t = LLVMGetGEPSourceElementType(gep);
	int i, n = LLVMGetNumOperands(gep);

	if (!gep_first(gep, off))
		return false;
	for (i = 2; i < n; i++)
		gep_index(&t, LLVMGetOperand(gep, i), off);
	return true;
}

/* The innermost structure with a tag on the way of a GEP, and the offset in
 * it; NULL: none. */
static struct ctype *
gep_type(struct module *m, LLVMValueRef gep, int64_t *off)
{
	LLVMTypeRef t = LLVMGetGEPSourceElementType(gep);
	struct ctype *in = NULL, *c;
	int64_t o = 0;
	int i, n = LLVMGetNumOperands(gep);

	for (i = 2;; i++) {
		c = LLVMGetTypeKind(t) == LLVMStructTypeKind ?
		    types_of(m, t) : NULL;
		if (c != NULL) {
			in = c;
			o = 0;
		}
		if (i >= n)
			break;
		gep_index(&t, LLVMGetOperand(gep, i), &o);
	}
	*off += o;
	return in;
}

static struct ctype *
pointed_type(struct module *m, LLVMValueRef v)
{
	LLVMTypeRef t = flow_pointee(LLVMTypeOf(v));

	return t == NULL ? NULL : types_of(m, t);
}

static bool
in_type(struct ctype *t, int64_t off, struct addr *out)
{
	out->object = NULL;
	return off >= 0 && types_locate(t->di, (uint64_t)off, &out->at, 1) == 1;
}

static bool
in_variable(struct module *m, LLVMValueRef v, int64_t off, struct addr *out)
{
	LLVMTypeRef t;
	LLVMMetadataRef di = NULL;
	struct ctype *c;

	if (LLVMIsAGlobalVariable(v)) {
		v = prog_global(v);
		t = LLVMGlobalGetValueType(v);
		di = types_of_global(v);
	} else {
		t = LLVMGetAllocatedType(v);
	}
	if (off < 0)
		return false;
	out->object = v;
	if (di != NULL) {
		if (types_locate(di, (uint64_t)off, &out->at, 1) != 1)
			return false;
		if (out->at.type != NULL)
			out->object = NULL;
		return true;
	}
	c = types_of(m, t);
	if (c != NULL)
		return in_type(c, off, out);
	for (; LLVMGetTypeKind(t) == LLVMArrayTypeKind;
	    t = LLVMGetElementType(t))
		off %= (int64_t)types_size(LLVMGetElementType(t));
	out->at = (struct slot){ NULL, (uint64_t)off };
	return true;
}

static int
add_addr(const struct addr *a, struct addr *out, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (out[i].at.type == a->at.type &&
		    out[i].at.off == a->at.off && out[i].object == a->object)
			return n;
	if (n == FLOW_ADDRS)
		return -1;
	out[n] = *a;
	return n + 1;
}

/* The values that a phi or select chooses from; NULL: no more. */
static LLVMValueRef
choice(LLVMValueRef v, unsigned i)
{
	switch (flow_opcode(v)) {
	case LLVMPHI:
		return i < LLVMCountIncoming(v) ? LLVMGetIncomingValue(v, i) :
		    NULL;
	case LLVMSelect:
		return i < 2 ? LLVMGetOperand(v, i + 1) : NULL;
	default:
		return NULL;
	}
}

/*
 * Back over GEPs and casts, to the structure with a tag that the nearest of
 * them names, or (NULL) to the value *v that it all comes from. False: the
 * offset is not constant.
 */
static bool
walk_back(struct module *m, LLVMValueRef *v, int64_t *off, struct ctype **c)
{
	for (*c = NULL; *c == NULL; *v = LLVMGetOperand(*v, 0))
		switch (flow_opcode(*v)) {
		case LLVMGetElementPtr:
			*c = gep_type(m, *v, off);
			/* gep_type has added all but the first index. */
			if (*c == NULL && !gep_first(*v, off))
				return false;
			break;
		case LLVMBitCast:
		case LLVMAddrSpaceCast:
			*c = pointed_type(m, *v);
			break;
		default:
			if (!LLVMIsAGlobalVariable(*v) &&
			    !LLVMIsAAllocaInst(*v))
				*c = pointed_type(m, *v);
			return true;
		}
	return true;
}

/* Adds the places to the n that are there; -1: some have no name. path: the
 * phis on the way here, depth of them. */
static int
addresses(struct module *m, LLVMValueRef v, int64_t off, struct addr *out,
    int n, LLVMValueRef *path, int depth)
{
	struct ctype *c;
	LLVMValueRef of;
	struct addr a;
	unsigned i;
	int k;

	if (!walk_back(m, &v, &off, &c))
		return -1;
	if (c != NULL)
		return in_type(c, off, &a) ? add_addr(&a, out, n) : -1;
	if (LLVMIsAGlobalAlias(v))
		v = prog_strip(v);
	if (LLVMIsAGlobalVariable(v) || LLVMIsAAllocaInst(v))
		return in_variable(m, v, off, &a) ? add_addr(&a, out, n) : -1;
	if (LLVMIsNull(v) || LLVMIsUndef(v))
		return n;
	for (k = 0; k < depth; k++)
		if (path[k] == v)
			return n;
	if (depth == FLOW_ADDRS || choice(v, 0) == NULL)
		return -1;
	path[depth] = v;
	for (i = 0; n >= 0 && (of = choice(v, i)) != NULL; i++)
		n = addresses(m, of, off, out, n, path, depth + 1);
	return n;
}

int
flow_addresses(struct module *m, LLVMValueRef v, struct addr out[FLOW_ADDRS])
{
	LLVMValueRef path[FLOW_ADDRS];
	int n = addresses(m, v, 0, out, 0, path, 0);

	return n < 0 ? 0 : n;
}

bool
flow_address(struct module *m, LLVMValueRef v, int64_t off, struct addr *out)
{
	struct addr all[FLOW_ADDRS];
	LLVMValueRef path[FLOW_ADDRS];

	if (addresses(m, v, off, all, 0, path, 0) != 1)
		return false;
	*out = all[0];
	return true;
}

int
flow_addr_node(const struct addr *a)
{
	return a->at.type != NULL ? flow_slot_node(a->at) :
	    flow_object(a->object, a->at.off);
}

const char *
flow_addr_name(const struct addr *a)
{
	const char *s;
	size_t len;

	if (a->at.type == NULL) {
		s = LLVMGetValueName2(a->object, &len);
		return table_intern(s, len);
	}
	s = types_member_at(a->at.type, a->at.off);
	return table_printf("%s.%s", a->at.type->name, s ? s : "?");
}

bool
flow_addr_is_fp(const struct addr *a)
{
	return a->at.type == NULL || types_slot_is_fp(a->at);
}
