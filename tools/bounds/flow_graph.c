/* The graph of flow_priv.h: nodes, and tokens along edges to a fixed point. */

#include <stdlib.h>
#include <string.h>

#include "tools/bounds/flow_priv.h"
#include "tools/bounds/table.h"

struct node *flow_node;
struct token *flow_token;
static int nnodes, ntokens;

static struct ptr_table value_node;	/* value: node + 1 */
static struct ptr_table places;		/* ctype or object: struct offsets */

/* The nodes inside of one structure type or object. */
struct offsets {
	struct {
		uint64_t	off;
		int		node;
	}	*at;
	int	n;
};

/* Tokens that have arrived and not gone on. */
static struct arrival {
	int	node, token;
}	*todo;
static int ntodo;

static int
add_node(void)
{
	TABLE_GROW(flow_node, nnodes);
	memset(&flow_node[nnodes], 0, sizeof(*flow_node));
	return nnodes++;
}

int
flow_value(LLVMValueRef v)
{
	intptr_t n = (intptr_t)ptr_table_get(&value_node, v);

	if (n == 0) {
		n = add_node() + 1;
		ptr_table_put(&value_node, v, (void *)n);
	}
	return (int)n - 1;
}

static int
find_place(const void *base, uint64_t off)
{
	const struct offsets *o = ptr_table_get(&places, base);
	int i;

	for (i = 0; o != NULL && i < o->n; i++)
		if (o->at[i].off == off)
			return o->at[i].node;
	return -1;
}

static int
place(const void *base, uint64_t off)
{
	struct offsets *o = ptr_table_get(&places, base);
	int n = find_place(base, off);

	if (n >= 0)
		return n;
	if (o == NULL) {
		o = table_alloc(1, sizeof(*o));
		ptr_table_put(&places, base, o);
	}
	n = add_node();
	TABLE_GROW(o->at, o->n);
	o->at[o->n].off = off;
	o->at[o->n++].node = n;
	return n;
}

int
flow_slot_node(struct slot at)
{
	int n = place(at.type, at.off);

	flow_node[n].at = at;
	return n;
}

int
flow_object(LLVMValueRef v, uint64_t off)
{
	return place(v, off);
}

int
flow_find_object(LLVMValueRef v, uint64_t off)
{
	return find_place(v, off);
}

int
flow_find_slot(struct slot at)
{
	return find_place(at.type, at.off);
}

int
flow_wild(void)
{
	static int n = -1;

	if (n < 0)
		n = add_node();
	return n;
}

struct flow_fn *
flow_fn(struct fn *f)
{
	struct flow_fn *x = f->flow;

	if (x == NULL) {
		x = table_alloc(1, sizeof(*x));
		x->token = -1;
		x->result = add_node();
		f->flow = x;
	}
	return x;
}

/* ---- tokens ---- */

/* Index of the token, or where it belongs. */
static int
token_place(const struct node *n, int token)
{
	int lo = 0, hi = n->ntokens, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (n->token[mid] < token)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void
arrive(int node, int token)
{
	struct node *n = &flow_node[node];
	int i = token_place(n, token);

	if (i < n->ntokens && n->token[i] == token)
		return;
	TABLE_GROW(n->token, n->ntokens);
	memmove(&n->token[i + 1], &n->token[i],
	    (n->ntokens - i) * sizeof(*n->token));
	n->token[i] = token;
	n->ntokens++;
	TABLE_GROW(todo, ntodo);
	todo[ntodo++] = (struct arrival){ node, token };
}

static int
add_token(struct token t)
{
	TABLE_GROW(flow_token, ntokens);
	flow_token[ntokens] = t;
	return ntokens++;
}

void
flow_add_fn(int node, struct fn *f)
{
	struct flow_fn *x = flow_fn(f);

	if (x->token < 0)
		x->token = add_token((struct token){ .fn = f });
	arrive(node, x->token);
}

void
flow_add_type(int node, struct ctype *t)
{
	if (t->token < 0)
		t->token = add_token((struct token){ .type = t });
	arrive(node, t->token);
}

void
flow_edge(int from, int to)
{
	struct node *n = &flow_node[from];
	int i;

	if (from == to)
		return;
	for (i = 0; i < n->nto; i++)
		if (n->to[i] == to)
			return;
	TABLE_GROW(n->to, n->nto);
	n->to[n->nto++] = to;
	for (i = 0; i < flow_node[from].ntokens; i++)
		arrive(to, flow_node[from].token[i]);
}

void
flow_add_site(int node, struct call *c)
{
	struct node *n = &flow_node[node];

	TABLE_GROW(n->site, n->nsites);
	n->site[n->nsites++] = c;
}

/* Nodes move when others are made, so each is looked up anew. */
static void
go_on(struct arrival a, void (*link)(struct call *c, struct fn *f))
{
	struct fn *f = flow_token[a.token].fn;
	int i;

	for (i = 0; i < flow_node[a.node].nto; i++)
		arrive(flow_node[a.node].to[i], a.token);
	for (i = 0; f != NULL && i < flow_node[a.node].nsites; i++)
		link(flow_node[a.node].site[i], f);
}

void
flow_unknown(int node, const char *why, struct src at)
{
	struct node *n = &flow_node[node];

	if (n->unknown == NULL) {
		n->unknown = why;
		n->unknown_at = at;
	}
}

void
flow_spread_unknown(void)
{
	int *stack = table_alloc(nnodes, sizeof(*stack)), n = 0, i, j, to;

	for (i = 0; i < nnodes; i++)
		if (flow_node[i].unknown != NULL)
			stack[n++] = i;
	while (n > 0) {
		i = stack[--n];
		for (j = 0; j < flow_node[i].nto; j++) {
			to = flow_node[i].to[j];
			if (flow_node[to].unknown != NULL)
				continue;
			flow_unknown(to, flow_node[i].unknown,
			    flow_node[i].unknown_at);
			stack[n++] = to;
		}
	}
	free(stack);
}

void
flow_solve(void (*link)(struct call *c, struct fn *f))
{
	while (ntodo > 0)
		go_on(todo[--ntodo], link);
}

bool
flow_holds_fn(int node)
{
	int i;

	for (i = 0; i < flow_node[node].ntokens; i++)
		if (flow_token[flow_node[node].token[i]].fn != NULL)
			return true;
	return false;
}
