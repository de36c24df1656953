/*
 * Structure types as C knows them, and the places inside of them.
 *
 * LLVM's structure types are no names: each module has its own copy of struct
 * file, `{}*` stands for a function pointer that clang could not spell yet, and
 * an initialiser may have a type of its own. So a structure is known by its
 * debug information: tag, and file and line of its definition. Two files that
 * each have a `struct entry` of their own have two types; a header's is one.
 *
 * A slot is a place for a pointer: the innermost structure with a tag around
 * it, and the byte offset in that one; elements of an array are one slot. A
 * structure that is a member of another has the same slots in there and alone,
 * so that container_of() and pointers to members need no care. A structure
 * without a tag belongs to the one around it. A union is one place, as seen by
 * its scalar members; members that are structures with a tag have their slots.
 */

#include <llvm-c/DebugInfo.h>
#include <llvm-c/Target.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bounds/diag.h"
#include "tools/bounds/table.h"
#include "tools/bounds/types.h"

/* Places of operands in LLVM's metadata nodes. */
enum {
	OP_VARIABLE = 0,		/* DIGlobalVariableExpression */
	OP_TYPE = 3,			/* DIGlobalVariable, DIType's base */
	OP_ELEMENTS = 4			/* DICompositeType */
};

enum shape { SHAPE_LEAF, SHAPE_FP, SHAPE_ARRAY, SHAPE_STRUCT, SHAPE_UNION };

/* What a debug type is, less its typedefs and qualifiers. */
struct layout {
	enum shape	shape;
	struct ctype	*type;		/* it has a tag */
	LLVMMetadataRef	elem;		/* ARRAY */
	uint64_t	elem_size;
	struct member	*member;	/* STRUCT, UNION */
	int		nmembers;
};

static struct ptr_table layout_of;	/* debug type: struct layout */
static struct str_table by_place;	/* "tag@file:line": struct ctype */
static struct str_table by_tag;		/* tag: struct tagged */
static struct ptr_table module_tags;	/* module: struct str_table of ctypes */
static struct ptr_table of_debug;	/* structure's debug type: ctype */
static struct ptr_table of_llvm;	/* LLVM type: struct ctype */

/* The types of one tag. */
struct tagged {
	struct ctype	**type;
	int		n;
};

/* ---- metadata ---- */

static int
operands(LLVMMetadataRef m, LLVMValueRef **out)
{
	static LLVMValueRef *ops;
	static int room;
	LLVMValueRef v = LLVMMetadataAsValue(LLVMGetGlobalContext(), m);
	int n = LLVMGetMDNodeNumOperands(v);

	if (n > room) {
		room = 2 * n;
		ops = table_alloc(room, sizeof(*ops));
	}
	LLVMGetMDNodeOperands(v, ops);
	*out = ops;
	return n;
}

static LLVMMetadataRef
operand(LLVMMetadataRef m, int i)
{
	LLVMValueRef *ops;
	int n = operands(m, &ops);

	return i < n && ops[i] != NULL ? LLVMValueAsMetadata(ops[i]) : NULL;
}

static const char *
type_name(LLVMMetadataRef t)
{
	size_t len;
	const char *s = LLVMDITypeGetName(t, &len);

	return s == NULL ? "" : table_intern(s, len);
}

static bool
is_derived(LLVMMetadataRef t)
{
	return LLVMGetMetadataKind(t) == LLVMDIDerivedTypeMetadataKind;
}

static bool
is_composite(LLVMMetadataRef t)
{
	return LLVMGetMetadataKind(t) == LLVMDICompositeTypeMetadataKind;
}

/* A pointer has a size and no name; a typedef or qualifier has no size. */
static bool
is_pointer(LLVMMetadataRef t)
{
	return is_derived(t) && LLVMDITypeGetSizeInBits(t) != 0 &&
	    type_name(t)[0] == '\0';
}

/* Less typedefs and qualifiers; NULL: void. */
static LLVMMetadataRef
unqualified(LLVMMetadataRef t)
{
	while (t != NULL && is_derived(t) && !is_pointer(t))
		t = operand(t, OP_TYPE);
	return t;
}

static bool
is_function_pointer(LLVMMetadataRef t)
{
	if (!is_pointer(t))
		return false;
	t = unqualified(operand(t, OP_TYPE));
	return t != NULL &&
	    LLVMGetMetadataKind(t) == LLVMDISubroutineTypeMetadataKind;
}

static struct src
type_src(LLVMMetadataRef t)
{
	struct src at = { "?", LLVMDITypeGetLine(t) };
	LLVMMetadataRef file = operand(t, 0);
	unsigned len;
	const char *s;

	if (file == NULL)
		return at;
	s = LLVMDIFileGetFilename(file, &len);
	while (len > 2 && s[0] == '.' && s[1] == '/') {
		s += 2;
		len -= 2;
	}
	at.file = table_intern(s, len);
	return at;
}

/* ---- tags ---- */

static struct ctype *
stands_for(struct ctype *t)
{
	while (t != NULL && t->same != NULL)
		t = t->same;
	return t;
}

static struct str_table *
tags_of(struct module *m)
{
	struct str_table *tags = ptr_table_get(&module_tags, m);

	if (tags == NULL) {
		tags = table_alloc(1, sizeof(*tags));
		ptr_table_put(&module_tags, m, tags);
	}
	return tags;
}

static struct ctype *
add_type(LLVMMetadataRef t, const char *name)
{
	struct ctype *c = table_alloc(1, sizeof(*c));
	struct tagged *same_tag = str_table_get(&by_tag, name);

	c->name = name;
	c->di = t;
	c->at = type_src(t);
	c->has_fp = -1;
	c->token = -1;
	if (same_tag == NULL) {
		same_tag = table_alloc(1, sizeof(*same_tag));
		str_table_put(&by_tag, name, same_tag);
	}
	TABLE_GROW(same_tag->type, same_tag->n);
	same_tag->type[same_tag->n++] = c;
	return c;
}

/*
 * Make t known under its tag in the whole program and in this module. Two
 * types of one tag in one module, as in two functions, cannot be told apart in
 * bitcode: one stands for both.
 */
static void
add_tag(struct str_table *tags, LLVMMetadataRef t, const char *name)
{
	struct src at = type_src(t);
	const char *key = table_printf("%s@%s:%u", name, at.file, at.line);
	struct ctype *c = ptr_table_get(&of_debug, t), *old;

	if (c == NULL)
		c = str_table_get(&by_place, key);
	if (c == NULL) {
		c = add_type(t, name);
		str_table_put(&by_place, key, c);
	}
	ptr_table_put(&of_debug, t, c);
	c = stands_for(c);
	old = stands_for(str_table_get(tags, name));
	if (old == NULL)
		str_table_put(tags, name, c);
	else if (old != c)
		c->same = old;
}

/* A definition of a structure, a union or an enumeration (harmless). */
static bool
is_definition(LLVMMetadataRef t)
{
	return is_composite(t) && operand(t, OP_ELEMENTS) != NULL &&
	    LLVMDITypeGetSizeInBits(t) != 0;
}

/* ---- the walk over a module's debug information ---- */

struct walk {
	struct str_table *tags;
	struct ptr_table seen;
	LLVMMetadataRef	*todo;
	int		n;
};

static void
walk_push(struct walk *w, LLVMMetadataRef m)
{
	if (m == NULL || ptr_table_get(&w->seen, m) != NULL)
		return;
	switch (LLVMGetMetadataKind(m)) {
	case LLVMMDStringMetadataKind:
	case LLVMConstantAsMetadataMetadataKind:
	case LLVMLocalAsMetadataMetadataKind:
	case LLVMDIExpressionMetadataKind:
	case LLVMDIFileMetadataKind:
	case LLVMDIBasicTypeMetadataKind:
	case LLVMDISubrangeMetadataKind:
	case LLVMDIEnumeratorMetadataKind:
	case LLVMDIArgListMetadataKind:
		return;
	default:
		break;
	}
	ptr_table_put(&w->seen, m, m);
	TABLE_GROW(w->todo, w->n);
	w->todo[w->n++] = m;
}

static void
walk_node(struct walk *w, LLVMMetadataRef m)
{
	LLVMValueRef *ops;
	LLVMMetadataRef t;
	int n, i;

	if (is_definition(m) && type_name(m)[0] != '\0') {
		add_tag(w->tags, m, type_name(m));
	} else if (is_derived(m) && type_name(m)[0] != '\0' &&
	    LLVMDITypeGetSizeInBits(m) == 0) {
		t = operand(m, OP_TYPE);	/* of a typedef */
		if (t != NULL && is_definition(t) && type_name(t)[0] == '\0')
			add_tag(w->tags, t, type_name(m));
	}
	n = operands(m, &ops);
	for (i = 0; i < n; i++)
		if (ops[i] != NULL)
			walk_push(w, LLVMValueAsMetadata(ops[i]));
}

/* Locals are named by the intrinsics of debug information only. */
static void
walk_function(struct walk *w, LLVMValueRef f)
{
	LLVMBasicBlockRef bb;
	LLVMValueRef inst, op;
	int i, n;

	walk_push(w, LLVMGetSubprogram(f));
	for (bb = LLVMGetFirstBasicBlock(f); bb != NULL;
	    bb = LLVMGetNextBasicBlock(bb))
		for (inst = LLVMGetFirstInstruction(bb); inst != NULL;
		    inst = LLVMGetNextInstruction(inst)) {
			if (LLVMIsADbgInfoIntrinsic(inst) == NULL)
				continue;
			n = LLVMGetNumOperands(inst);
			for (i = 1; i < n; i++) {
				op = LLVMGetOperand(inst, i);
				if (LLVMIsAMDNode(op))
					walk_push(w, LLVMValueAsMetadata(op));
			}
		}
}

static void
walk_module(struct module *m)
{
	struct walk w = { .tags = tags_of(m) };
	LLVMValueRef v, *unit;
	unsigned i, n;

	n = LLVMGetNamedMetadataNumOperands(m->ll, "llvm.dbg.cu");
	unit = table_alloc(n, sizeof(*unit));
	LLVMGetNamedMetadataOperands(m->ll, "llvm.dbg.cu", unit);
	for (i = 0; i < n; i++)
		walk_push(&w, LLVMValueAsMetadata(unit[i]));
	for (v = LLVMGetFirstFunction(m->ll); v != NULL;
	    v = LLVMGetNextFunction(v))
		walk_function(&w, v);
	while (w.n > 0)
		walk_node(&w, w.todo[--w.n]);
	free(w.todo);
	free(w.seen.key);
	free(w.seen.value);
}

/* ---- layouts ---- */

static void
add_members(struct layout *l, LLVMMetadataRef elements)
{
	LLVMValueRef *ops;
	LLVMMetadataRef *elem;
	int n = operands(elements, &ops), i;
	struct member *m;

	elem = table_alloc(n, sizeof(*elem));
	for (i = 0; i < n; i++)
		elem[i] = LLVMValueAsMetadata(ops[i]);
	l->member = table_alloc(n, sizeof(*l->member));
	for (i = 0; i < n; i++) {
		if (!is_derived(elem[i]))
			continue;
		m = &l->member[l->nmembers++];
		m->name = type_name(elem[i]);
		m->type = operand(elem[i], OP_TYPE);
		m->off = LLVMDITypeGetOffsetInBits(elem[i]) / 8;
		if (l->nmembers > 1 &&
		    LLVMDITypeGetOffsetInBits(elem[i]) != 0)
			l->shape = SHAPE_STRUCT;
	}
	free(elem);
}

static void
find_layout(struct layout *l, LLVMMetadataRef t)
{
	LLVMMetadataRef elements, first;
	LLVMValueRef *ops;
	uint64_t size;

	if (is_function_pointer(t)) {
		l->shape = SHAPE_FP;
		return;
	}
	if (!is_composite(t) || (elements = operand(t, OP_ELEMENTS)) == NULL ||
	    operands(elements, &ops) == 0)
		return;
	first = LLVMValueAsMetadata(ops[0]);
	switch (LLVMGetMetadataKind(first)) {
	case LLVMDISubrangeMetadataKind:
	case LLVMDIGenericSubrangeMetadataKind:
		l->shape = SHAPE_ARRAY;
		l->elem = unqualified(operand(t, OP_TYPE));
		size = l->elem == NULL ? 0 : LLVMDITypeGetSizeInBits(l->elem);
		l->elem_size = size / 8;
		/* The dimensions of an array of arrays stand in one node; as
		 * they all become one, only the innermost element counts. */
		return;
	case LLVMDIDerivedTypeMetadataKind:
		/* All at offset 0: a union, or a structure with one member. */
		l->shape = SHAPE_UNION;
		add_members(l, elements);
		if (l->nmembers < 2)
			l->shape = SHAPE_STRUCT;
		l->type = stands_for(ptr_table_get(&of_debug, t));
		return;
	default:
		return;			/* an enumeration */
	}
}

static const struct layout *
layout(LLVMMetadataRef t)
{
	static const struct layout leaf;
	struct layout *l;

	if (t == NULL)
		return &leaf;
	l = ptr_table_get(&layout_of, t);
	if (l != NULL)
		return l;
	l = table_alloc(1, sizeof(*l));
	ptr_table_put(&layout_of, t, l);
	t = unqualified(t);
	if (t != NULL)
		find_layout(l, t);
	return l;
}

/* The member of a structure that holds offset off. */
static const struct member *
member_at(const struct layout *l, uint64_t off)
{
	const struct member *m = NULL;
	int i;

	for (i = 0; i < l->nmembers; i++)
		if (l->member[i].off <= off)
			m = &l->member[i];
	return m;
}

static int
add_slot(struct slot at, struct slot *out, int n, int max)
{
	int i;

	for (i = 0; i < n; i++)
		if (out[i].type == at.type && out[i].off == at.off)
			return n;
	if (n < max)
		out[n++] = at;
	return n;
}

static int
locate(LLVMMetadataRef t, uint64_t off, struct slot at, struct slot *out,
    int n, int max)
{
	const struct layout *l = layout(t);
	const struct member *m;
	uint64_t in;
	int i;

	if (l->type != NULL)
		at = (struct slot){ l->type, off };
	switch (l->shape) {
	case SHAPE_ARRAY:
		in = l->elem_size == 0 ? off : off % l->elem_size;
		at.off -= off - in;
		return locate(l->elem, in, at, out, n, max);
	case SHAPE_STRUCT:
		m = member_at(l, off);
		if (m == NULL)
			break;
		return locate(m->type, off - m->off, at, out, n, max);
	case SHAPE_UNION:
		n = add_slot(at, out, n, max);
		for (i = 0; i < l->nmembers; i++)
			n = locate(l->member[i].type, off, at, out, n, max);
		return n;
	default:
		break;
	}
	return add_slot(at, out, n, max);
}

int
types_locate(LLVMMetadataRef t, uint64_t off, struct slot *out, int max)
{
	return locate(t, off, (struct slot){ NULL, off }, out, 0, max);
}

static bool
embeds(LLVMMetadataRef t, uint64_t off, const struct ctype *inner)
{
	const struct layout *l = layout(t);
	const struct member *m;
	int i;

	if (l->type == inner && off == 0)
		return true;
	switch (l->shape) {
	case SHAPE_ARRAY:
		if (l->elem_size != 0)
			off %= l->elem_size;
		return embeds(l->elem, off, inner);
	case SHAPE_STRUCT:
		m = member_at(l, off);
		return m != NULL && embeds(m->type, off - m->off, inner);
	case SHAPE_UNION:
		for (i = 0; i < l->nmembers; i++)
			if (embeds(l->member[i].type, off, inner))
				return true;
		return false;
	default:
		return false;
	}
}

bool
types_embeds(struct ctype *outer, uint64_t off, struct ctype *inner)
{
	return embeds(outer->di, off, inner);
}

static bool
has_fp(LLVMMetadataRef t)
{
	const struct layout *l = layout(t);
	int i;

	if (l->shape == SHAPE_FP)
		return true;
	if (l->shape == SHAPE_ARRAY)
		return has_fp(l->elem);
	for (i = 0; i < l->nmembers; i++)
		if (has_fp(l->member[i].type))
			return true;
	return false;
}

bool
types_has_fp(struct ctype *t)
{
	if (t->has_fp < 0)
		t->has_fp = has_fp(t->di);
	return t->has_fp;
}

static bool
fp_at(LLVMMetadataRef t, uint64_t off)
{
	const struct layout *l = layout(t);
	const struct member *m;
	int i;

	switch (l->shape) {
	case SHAPE_FP:
		return off == 0;
	case SHAPE_ARRAY:
		return fp_at(l->elem, l->elem_size ? off % l->elem_size : off);
	case SHAPE_STRUCT:
		m = member_at(l, off);
		return m != NULL && fp_at(m->type, off - m->off);
	case SHAPE_UNION:
		for (i = 0; i < l->nmembers; i++)
			if (fp_at(l->member[i].type, off))
				return true;
		return false;
	default:
		return false;
	}
}

bool
types_slot_is_fp(struct slot at)
{
	return fp_at(at.type->di, at.off);
}

/* ---- members by name ---- */

static const char *
member_path(LLVMMetadataRef t, uint64_t off)
{
	const struct layout *l = layout(t);
	const struct member *m = NULL;
	const char *rest;
	int i;

	if (l->shape == SHAPE_ARRAY) {
		if (l->elem_size != 0)
			off %= l->elem_size;
		return member_path(l->elem, off);
	}
	if (l->shape == SHAPE_STRUCT)
		m = member_at(l, off);
	for (i = 0; l->shape == SHAPE_UNION && i < l->nmembers; i++)
		if (m == NULL || !fp_at(m->type, off))
			m = &l->member[i];
	if (m == NULL)
		return NULL;
	rest = member_path(m->type, off - m->off);
	if (rest == NULL || m->name[0] == '\0')
		return rest != NULL ? rest : m->name;
	return table_printf("%s.%s", m->name, rest);
}

const char *
types_member_at(struct ctype *t, uint64_t off)
{
	return member_path(t->di, off);
}

static bool
member_offset(LLVMMetadataRef t, const char *path, uint64_t *off)
{
	const struct layout *l = layout(t);
	const char *rest = strchr(path, '.');
	size_t len = rest != NULL ? (size_t)(rest - path) : strlen(path);
	const struct member *m;
	int i;

	if (l->shape == SHAPE_ARRAY)
		return member_offset(l->elem, path, off);
	for (i = 0; i < l->nmembers; i++) {
		m = &l->member[i];
		if (m->name[0] == '\0') {
			if (!member_offset(m->type, path, off))
				continue;
		} else if (strncmp(m->name, path, len) != 0 ||
		    m->name[len] != '\0') {
			continue;
		} else if (rest == NULL) {
			*off = 0;
		} else if (!member_offset(m->type, rest + 1, off)) {
			continue;
		}
		*off += m->off;
		return true;
	}
	return false;
}

bool
types_member_offset(struct ctype *t, const char *path, uint64_t *off)
{
	return member_offset(t->di, path, off);
}

/* ---- LLVM's types and globals ---- */

static LLVMTargetDataRef
target(void)
{
	return LLVMGetModuleDataLayout(prog.module[0].ll);
}

uint64_t
types_offset(LLVMTypeRef st, unsigned element)
{
	return LLVMOffsetOfElement(target(), st, element);
}

uint64_t
types_size(LLVMTypeRef t)
{
	return LLVMABISizeOfType(target(), t);
}

/* "struct.file.12": "file"; NULL: it has no tag. LLVM numbers the types that
 * it would otherwise confuse. */
static const char *
tag_of(LLVMTypeRef t)
{
	const char *s = LLVMGetStructName(t), *dot;
	size_t len;

	if (s == NULL)
		return NULL;
	if (strncmp(s, "struct.", 7) == 0)
		s += 7;
	else if (strncmp(s, "union.", 6) == 0)
		s += 6;
	dot = strchr(s, '.');
	len = dot != NULL ? (size_t)(dot - s) : strlen(s);
	return len == 4 && memcmp(s, "anon", 4) == 0 ? NULL :
	    table_intern(s, len);
}

struct ctype *
types_named(const char *name, int i)
{
	const struct tagged *same_tag = str_table_get(&by_tag, name);

	for (; same_tag != NULL && i < same_tag->n; i++)
		return same_tag->type[i];
	return NULL;
}

static struct ctype *
find_type(struct module *m, LLVMTypeRef t)
{
	const char *tag = tag_of(t);
	struct ctype *c = NULL;

	if (tag == NULL)
		return NULL;
	if (m != NULL)
		c = stands_for(str_table_get(tags_of(m), tag));
	/* Not defined in this module: a pointer to it, from elsewhere. */
	if (c == NULL && types_named(tag, 0) != NULL &&
	    types_named(tag, 1) == NULL)
		c = stands_for(types_named(tag, 0));
	return c;
}

struct ctype *
types_of(struct module *m, LLVMTypeRef t)
{
	struct ctype *c;

	while (LLVMGetTypeKind(t) == LLVMArrayTypeKind)
		t = LLVMGetElementType(t);
	if (LLVMGetTypeKind(t) != LLVMStructTypeKind)
		return NULL;
	c = ptr_table_get(&of_llvm, t);
	if (c == NULL) {
		c = find_type(m, t);
		if (c != NULL)
			ptr_table_put(&of_llvm, t, c);
	}
	return c;
}

LLVMMetadataRef
types_of_global(LLVMValueRef g)
{
	LLVMValueMetadataEntry *e;
	LLVMMetadataRef m, t = NULL;
	size_t n, i;

	e = LLVMGlobalCopyAllMetadata(g, &n);
	for (i = 0; i < n && t == NULL; i++) {
		m = LLVMValueMetadataEntriesGetMetadata(e, i);
		if (LLVMGetMetadataKind(m) ==
		    LLVMDIGlobalVariableExpressionMetadataKind)
			t = operand(operand(m, OP_VARIABLE), OP_TYPE);
	}
	LLVMDisposeValueMetadataEntries(e);
	return t;
}

struct ctype *
types_of_debug(LLVMMetadataRef t)
{
	const struct layout *l = layout(t);

	while (l->shape == SHAPE_ARRAY)
		l = layout(l->elem);
	return l->type;
}

struct ctype *
types_of_exactly(LLVMMetadataRef t)
{
	return layout(t)->type;
}

void
types_load(void)
{
	int i;

	for (i = 0; i < prog.nmodules; i++)
		walk_module(&prog.module[i]);
}
