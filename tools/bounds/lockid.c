/*
 * Which lock an address is.
 *
 * Locks are told apart by where they live, not by instance: the structure and
 * the offset of the field, found by walking from the address back through
 * getelementptr to the innermost structure that has a name. So the lock of an
 * inode that one function takes and another releases is one lock, "inode.lock".
 * Two instances of one kind are counted, not told apart.
 */
#include <llvm-c/DebugInfo.h>
#include <llvm-c/Target.h>
#include <stdio.h>
#include <string.h>

#include "tools/bounds/facts.h"
#include "tools/bounds/lockid.h"
#include "tools/bounds/table.h"

#define DEPTH_MAX	16

struct lock {
	const char	*name;
};
static struct lock *locks;
static int nlocks;
static struct str_table lock_of_key;	/* key: number + 1 */

/* Where an address is: base (a structure's or global's name) and offset. */
struct place {
	enum { NOWHERE, FIELD, GLOBAL, PARAM } kind;
	const char	*base;		/* FIELD: the structure; GLOBAL */
	uint64_t	offset;
	int		param;
};

static struct place place_of(const struct fn *f, LLVMValueRef v, int depth);

/* ---- the names of fields, from debug information ---- */

static LLVMValueRef
as_value(LLVMMetadataRef m)
{
	return LLVMMetadataAsValue(LLVMGetGlobalContext(), m);
}

static LLVMMetadataRef
operand(LLVMMetadataRef m, unsigned i)
{
	LLVMValueRef node = as_value(m), *op;
	unsigned n = LLVMGetMDNodeNumOperands(node);

	if (i >= n)
		return NULL;
	op = table_alloc(n, sizeof(*op));
	LLVMGetMDNodeOperands(node, op);
	return op[i] == NULL ? NULL : LLVMValueAsMetadata(op[i]);
}

static bool
is_node(LLVMMetadataRef m)
{
	LLVMMetadataKind kind;

	if (m == NULL)
		return false;
	kind = LLVMGetMetadataKind(m);
	return kind != LLVMMDStringMetadataKind &&
	    kind != LLVMConstantAsMetadataMetadataKind &&
	    kind != LLVMLocalAsMetadataMetadataKind;
}

/* The definition of structure `name`, reachable from m. */
static LLVMMetadataRef
find_struct(LLVMMetadataRef m, const char *name, struct ptr_table *seen)
{
	LLVMValueRef node, *op;
	unsigned n;
	size_t len;

	if (!is_node(m) || ptr_table_get(seen, m) != NULL)
		return NULL;
	ptr_table_put(seen, m, m);
	if (LLVMGetMetadataKind(m) == LLVMDICompositeTypeMetadataKind) {
		const char *s = LLVMDITypeGetName(m, &len);

		if (s != NULL && strlen(name) == len &&
		    memcmp(s, name, len) == 0 && operand(m, 4) != NULL)
			return m;
	}
	node = as_value(m);
	n = LLVMGetMDNodeNumOperands(node);
	op = table_alloc(n + 1, sizeof(*op));
	LLVMGetMDNodeOperands(node, op);
	for (unsigned i = 0; i < n; i++) {
		LLVMMetadataRef found = op[i] == NULL ? NULL :
		    find_struct(LLVMValueAsMetadata(op[i]), name, seen);

		if (found != NULL)
			return found;
	}
	return NULL;
}

/* The name of a structure's field at an offset, "lock" or "waiters.lock". */
static const char *
field_at(LLVMMetadataRef composite, uint64_t offset)
{
	LLVMMetadataRef elements = operand(composite, 4), member, type;
	unsigned n = elements == NULL ? 0 :
	    LLVMGetMDNodeNumOperands(as_value(elements));

	for (unsigned i = 0; i < n; i++) {
		uint64_t at, size;
		size_t len;
		const char *s;

		member = operand(elements, i);
		if (member == NULL || LLVMGetMetadataKind(member) !=
		    LLVMDIDerivedTypeMetadataKind)
			continue;
		at = LLVMDITypeGetOffsetInBits(member) / 8;
		size = LLVMDITypeGetSizeInBits(member) / 8;
		if (offset < at || offset >= at + (size ? size : 1))
			continue;
		s = LLVMDITypeGetName(member, &len);
		if (s != NULL && len != 0)
			return table_intern(s, len);
		type = operand(member, 3);	/* an unnamed union */
		if (type != NULL && LLVMGetMetadataKind(type) ==
		    LLVMDICompositeTypeMetadataKind &&
		    (s = field_at(type, offset - at)) != NULL)
			return s;
	}
	return NULL;
}

static const char *
field_name(const struct fn *f, const char *type, uint64_t offset)
{
	struct ptr_table seen = { 0 };
	LLVMMetadataRef sub = LLVMGetSubprogram(f->value), s;
	const char *field;

	/* From the function's own types first, else from its variables'. */
	s = sub == NULL ? NULL : find_struct(sub, type, &seen);
	for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(f->value);
	    s == NULL && b != NULL; b = LLVMGetNextBasicBlock(b))
		for (LLVMValueRef i = LLVMGetFirstInstruction(b);
		    s == NULL && i != NULL; i = LLVMGetNextInstruction(i)) {
			if (LLVMIsADbgInfoIntrinsic(i) == NULL)
				continue;
			s = find_struct(LLVMValueAsMetadata(
			    LLVMGetOperand(i, 1)), type, &seen);
		}
	field = s == NULL ? NULL : field_at(s, offset);
	return field != NULL ? field :
	    table_printf("+%lu", (unsigned long)offset);
}

/* ---- locks ---- */

static int
lock_add(const char *key, const char *name)
{
	void *known = str_table_get(&lock_of_key, key);

	if (known != NULL)
		return (int)(intptr_t)known - 1;
	TABLE_GROW(locks, nlocks);
	locks[nlocks].name = name;
	str_table_put(&lock_of_key, key, (void *)(intptr_t)(nlocks + 1));
	return nlocks++;
}

static void
lock_init(void)
{
	if (nlocks != 0)
		return;
	lock_add("?", "a lock");
	lock_add("preempt", "preemption is off");
	lock_add("irq", "interrupts are off");
	lock_add("rcu", "an RCU read section");
}

const char *
lock_name(int lock)
{
	if (LOCK_IS_PARAM(lock))
		return table_printf("the lock of argument %d",
		    LOCK_PARAM_OF(lock));
	lock_init();
	return locks[lock].name;
}

/* ---- places ---- */

/* "inode" of "struct.inode.17"; NULL for a structure without a name. */
static const char *
struct_name(LLVMTypeRef t)
{
	const char *s = LLVMGetStructName(t), *dot;
	size_t len;

	if (s == NULL)
		return NULL;
	if (strncmp(s, "struct.", 7) == 0)
		s += 7;
	else if (strncmp(s, "union.", 6) == 0)
		s += 6;
	if (strcmp(s, "anon") == 0 || strncmp(s, "anon.", 5) == 0)
		return NULL;
	len = strlen(s);
	dot = strrchr(s, '.');
	if (dot != NULL && dot[1] != '\0' &&
	    strspn(dot + 1, "0123456789") == strlen(dot + 1))
		len = (size_t)(dot - s);
	return table_intern(s, len);
}

static struct place
place_of_global(LLVMValueRef g)
{
	struct place p = { .kind = GLOBAL };
	size_t len;
	const char *s;

	g = prog_global(g);
	s = LLVMGetValueName2(g, &len);
	p.base = table_intern(s, len);
	if (LLVMGetLinkage(g) == LLVMInternalLinkage) {
		const char *file = LLVMGetSourceFileName(
		    LLVMGetGlobalParent(g), &len);

		p.base = table_printf("%s (%s)", p.base, file);
	}
	return p;
}

/* A getelementptr: the last named structure on the way, and what follows. */
static struct place
place_of_gep(const struct fn *f, LLVMValueRef v, int depth)
{
	LLVMTargetDataRef layout = LLVMGetModuleDataLayout(f->module->ll);
	LLVMTypeRef t = LLVMGetGEPSourceElementType(v);
	struct place p = { .kind = NOWHERE }, base;
	int n = LLVMGetNumOperands(v);
	uint64_t offset = 0;

	for (int i = 2; i < n; i++) {
		int64_t k;

		if (LLVMGetTypeKind(t) != LLVMStructTypeKind) {
			t = LLVMGetElementType(t);	/* any of an array */
			continue;
		}
		if (!value_const(LLVMGetOperand(v, (unsigned)i), &k))
			return p;
		if (struct_name(t) != NULL) {
			p.kind = FIELD;
			p.base = struct_name(t);
			offset = 0;
		}
		offset += LLVMOffsetOfElement(layout, t, (unsigned)k);
		t = LLVMStructGetTypeAtIndex(t, (unsigned)k);
	}
	p.offset = offset;
	if (p.kind != NOWHERE)
		return p;
	base = place_of(f, LLVMGetOperand(v, 0), depth + 1);
	if (base.kind == PARAM && offset != 0)
		base.kind = NOWHERE;
	base.offset += offset;
	return base;
}

static bool
place_equal(const struct place *a, const struct place *b)
{
	return a->kind == b->kind && a->offset == b->offset &&
	    a->param == b->param && (a->base == b->base ||
	    (a->base != NULL && b->base != NULL &&
	    strcmp(a->base, b->base) == 0));
}

/* Several values: the place that all are at. */
static struct place
place_join(const struct place *a, const struct place *b, bool first)
{
	if (first || place_equal(a, b))
		return *b;
	return (struct place){ .kind = NOWHERE };
}

static struct place
place_of_phi(const struct fn *f, LLVMValueRef v, int depth)
{
	struct place p = { .kind = NOWHERE }, in;
	bool is_phi = LLVMIsAPHINode(v) != NULL, first = true;
	unsigned n = is_phi ? LLVMCountIncoming(v) : 2;

	for (unsigned i = 0; i < n; i++) {
		LLVMValueRef x = is_phi ? LLVMGetIncomingValue(v, i) :
		    LLVMGetOperand(v, i + 1);

		if (x == v || LLVMIsUndef(x) || LLVMIsAConstantPointerNull(x))
			continue;
		in = place_of(f, x, depth + 4);
		p = place_join(&p, &in, first);
		first = false;
		if (p.kind == NOWHERE)
			break;
	}
	return p;
}

/* What a function returns, as its caller sees it. */
static struct place
place_of_call(const struct fn *f, LLVMValueRef v, int depth)
{
	const struct call *c = fn_call_of(f, v);
	struct place p = { .kind = NOWHERE }, in;
	const struct fn *callee;
	bool first = true;

	if (c == NULL || c->ntargets != 1)
		return p;
	callee = c->target[0];
	if (fn_is(callee, ROLE_IDENTITY))
		return place_of(f, call_arg(c,
		    (unsigned)fact_num(callee->fact, "arg", 0)), depth + 1);
	for (int b = 0; callee->is_defined && b < callee->nblocks; b++) {
		LLVMValueRef ret = LLVMGetBasicBlockTerminator(
		    callee->block[b].bb);

		if (ret == NULL || LLVMIsAReturnInst(ret) == NULL ||
		    LLVMGetNumOperands(ret) == 0)
			continue;
		in = place_of(callee, LLVMGetOperand(ret, 0), depth + 4);
		p = place_join(&p, &in, first);
		first = false;
	}
	if (p.kind == PARAM)
		return place_of(f, call_arg(c, (unsigned)p.param), depth + 1);
	return p;
}

static struct place
place_of_param(const struct fn *f, LLVMValueRef v)
{
	for (unsigned i = 0; i < LLVMCountParams(f->value); i++)
		if (LLVMGetParam(f->value, i) == v)
			return (struct place){ .kind = PARAM, .param = (int)i };
	return (struct place){ .kind = NOWHERE };
}

/* A pointer to a lock: what the pointer stands in. */
static struct place
place_of_load(const struct fn *f, LLVMValueRef v, int depth)
{
	struct place p = place_of(f, LLVMGetOperand(v, 0), depth + 1);

	if (p.kind == FIELD || p.kind == GLOBAL)
		p.base = table_printf("*%s", p.base);
	else
		p.kind = NOWHERE;
	return p;
}

/* What an instruction computes, or a constant in the same way. */
static struct place
place_of_op(const struct fn *f, LLVMOpcode op, LLVMValueRef v, int depth)
{
	switch (op) {
	case LLVMBitCast:
	case LLVMAddrSpaceCast:
		return place_of(f, LLVMGetOperand(v, 0), depth + 1);
	case LLVMGetElementPtr:
		return place_of_gep(f, v, depth);
	case LLVMLoad:
		return place_of_load(f, v, depth);
	case LLVMPHI:
	case LLVMSelect:
		return place_of_phi(f, v, depth);
	case LLVMCall:
		return place_of_call(f, v, depth);
	default:
		return (struct place){ .kind = NOWHERE };
	}
}

static struct place
place_of(const struct fn *f, LLVMValueRef v, int depth)
{
	if (depth > DEPTH_MAX)
		return (struct place){ .kind = NOWHERE };
	if (LLVMIsAGlobalAlias(v))
		v = prog_strip(v);
	if (LLVMIsAGlobalVariable(v))
		return place_of_global(v);
	if (LLVMIsAArgument(v))
		return place_of_param(f, v);
	if (LLVMIsAConstantExpr(v))
		return place_of_op(f, LLVMGetConstOpcode(v), v, depth);
	if (LLVMIsAInstruction(v))
		return place_of_op(f, LLVMGetInstructionOpcode(v), v, depth);
	return (struct place){ .kind = NOWHERE };
}

int
lock_of_address(const struct fn *f, LLVMValueRef v)
{
	struct place p = place_of(f, v, 0);
	const char *key, *type;

	lock_init();
	if (p.kind == PARAM)
		return LOCK_PARAM(p.param);
	if (p.kind == NOWHERE)
		return LOCK_UNKNOWN;
	key = table_printf("%s+%lu", p.base, (unsigned long)p.offset);
	if (str_table_get(&lock_of_key, key) != NULL)
		return lock_add(key, NULL);
	if (p.kind == GLOBAL)
		return lock_add(key, p.offset == 0 ? p.base : key);
	type = p.base + strspn(p.base, "*");
	return lock_add(key, table_printf("%s.%s", p.base,
	    field_name(f, type, p.offset)));
}

int
lock_for_caller(const struct call *c, int lock)
{
	if (!LOCK_IS_PARAM(lock))
		return lock;
	if (LOCK_PARAM_OF(lock) >= (int)LLVMGetNumArgOperands(c->inst))
		return LOCK_UNKNOWN;
	return lock_of_address(c->caller, call_arg(c,
	    (unsigned)LOCK_PARAM_OF(lock)));
}
