/* Questions about what flow.c found: functions in slots, initialisers. */

#include <stdlib.h>
#include <string.h>

#include "tools/bounds/flow.h"
#include "tools/bounds/flow_priv.h"
#include "tools/bounds/table.h"

static int
by_id(const void *a, const void *b)
{
	const struct fn *x = *(struct fn *const *)a;
	const struct fn *y = *(struct fn *const *)b;

	return (x->id > y->id) - (x->id < y->id);
}

struct fn **
flow_functions(int node, int *n)
{
	const struct node *p = &flow_node[node];
	struct fn **list = table_alloc(p->ntokens, sizeof(*list)), *f;
	int i;

	*n = 0;
	for (i = 0; i < p->ntokens; i++)
		if ((f = flow_token[p->token[i]].fn) != NULL)
			list[(*n)++] = f;
	qsort(list, (size_t)*n, sizeof(*list), by_id);
	return list;
}

/* "struct.member" to the types of that tag. */
static bool
next_type(const char *slot, int *i, struct slot *out)
{
	const char *dot = strchr(slot, '.');
	struct ctype *t;
	struct slot at[1];
	uint64_t off;

	if (dot == NULL)
		return false;
	while ((t = types_named(table_intern(slot, (size_t)(dot - slot)),
	    (*i)++)) != NULL)
		if (t->same == NULL &&
		    types_member_offset(t, dot + 1, &off) &&
		    types_locate(t->di, off, at, 1) == 1) {
			*out = at[0];
			return true;
		}
	return false;
}

static void
add_functions(struct fn ***list, int *n, int node)
{
	struct fn **f;
	int i, k, nf;

	if (node < 0)
		return;
	f = flow_functions(node, &nf);
	for (i = 0; i < nf; i++) {
		for (k = 0; k < *n && (*list)[k] != f[i]; k++)
			;
		if (k < *n)
			continue;
		TABLE_GROW(*list, *n);
		(*list)[(*n)++] = f[i];
	}
}

struct fn **
flow_slot(const char *slot, int *n)
{
	struct fn **list = NULL;
	struct slot at;
	LLVMValueRef g;
	int i = 0;

	*n = 0;
	while (next_type(slot, &i, &at))
		add_functions(&list, n, flow_find_slot(at));
	if (strchr(slot, '.') == NULL &&
	    (g = prog_global_named(slot)) != NULL)
		add_functions(&list, n, flow_find_object(g, 0));
	qsort(list, (size_t)*n, sizeof(*list), by_id);
	return list;
}

struct find {
	uint64_t	off;
	struct fn	*fn;
};

static void
find_leaf(void *arg, LLVMValueRef leaf, uint64_t off)
{
	struct find *f = arg;

	if (off == f->off)
		f->fn = prog_fn(leaf);
}

struct fn *
flow_ops_field(LLVMValueRef ops, const char *slot)
{
	LLVMValueRef g = prog_global(ops), value;
	struct find f = { 0, NULL };
	const char *dot = strchr(slot, '.');
	LLVMMetadataRef di;
	struct ctype *t;

	if (!LLVMIsAGlobalVariable(g) || dot == NULL ||
	    (value = LLVMGetInitializer(g)) == NULL ||
	    (di = types_of_global(g)) == NULL ||
	    (t = types_of_debug(di)) == NULL ||
	    strncmp(t->name, slot, (size_t)(dot - slot)) != 0 ||
	    t->name[dot - slot] != '\0' ||
	    !types_member_offset(t, dot + 1, &f.off))
		return NULL;
	flow_each_fn(value, 0, find_leaf, &f);
	return f.fn;
}

LLVMValueRef *
flow_globals_of(const char *name, int *n)
{
	LLVMValueRef g, *list = NULL;
	LLVMMetadataRef di;
	struct ctype *t;
	int i;

	*n = 0;
	for (i = 0; i < prog.nmodules; i++)
		for (g = LLVMGetFirstGlobal(prog.module[i].ll); g != NULL;
		    g = LLVMGetNextGlobal(g)) {
			if (LLVMIsDeclaration(g) ||
			    (di = types_of_global(g)) == NULL ||
			    (t = types_of_exactly(di)) == NULL ||
			    strcmp(t->name, name) != 0)
				continue;
			TABLE_GROW(list, *n);
			list[(*n)++] = g;
		}
	return list;
}
