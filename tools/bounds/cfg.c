/*
 * The shape of a function: blocks, dominators, loops.
 *
 * Dominators by Cooper, Harvey and Kennedy, "A Simple, Fast Dominance
 * Algorithm" (2001): iterate over the reverse post-order; the common ancestor
 * of two blocks is found by walking up from the later one.
 *
 * A loop is a natural loop: an edge t -> h where h dominates t, with all
 * blocks that reach t without h. Loops of one head are one loop. Two loops of
 * different heads are disjoint or nested, and the outer head comes first in
 * reverse post-order, which is how they are sorted. An edge back to a block
 * that does not dominate its source makes a loop with two entries: refused.
 */

#include "tools/bounds/diag.h"
#include "tools/bounds/prog_priv.h"
#include "tools/bounds/table.h"

static struct ptr_table index_of_bb;	/* index + 1, as a pointer */

int
fn_block_of(const struct fn *f, LLVMBasicBlockRef bb)
{
	int i = (int)(intptr_t)ptr_table_get(&index_of_bb, bb) - 1;

	return i >= 0 && i < f->nblocks && f->block[i].bb == bb ? i : -1;
}

static void
find_blocks(struct fn *f)
{
	LLVMBasicBlockRef bb;
	int i = 0;

	f->nblocks = LLVMCountBasicBlocks(f->value);
	f->block = table_alloc(f->nblocks, sizeof(*f->block));
	for (bb = LLVMGetFirstBasicBlock(f->value); bb != NULL;
	    bb = LLVMGetNextBasicBlock(bb)) {
		f->block[i].bb = bb;
		f->block[i].rpo = f->block[i].loop = f->block[i].idom = -1;
		ptr_table_put(&index_of_bb, bb, (void *)(intptr_t)++i);
	}
}

static bool
has_succ(const struct block *b, int to)
{
	int i;

	for (i = 0; i < b->nsucc; i++)
		if (b->succ[i] == to)
			return true;
	return false;
}

static void
find_edges(struct fn *f)
{
	LLVMValueRef end;
	struct block *b, *s;
	int i, j, n, to;

	for (i = 0; i < f->nblocks; i++) {
		b = &f->block[i];
		end = LLVMGetBasicBlockTerminator(b->bb);
		n = LLVMGetNumSuccessors(end);
		b->succ = table_alloc(n, sizeof(*b->succ));
		for (j = 0; j < n; j++) {
			to = fn_block_of(f, LLVMGetSuccessor(end, j));
			if (has_succ(b, to))
				continue;
			b->succ[b->nsucc++] = to;
			s = &f->block[to];
			TABLE_GROW(s->pred, s->npred);
			s->pred[s->npred++] = i;
		}
	}
}

/* Depth first, with a stack of our own: block and which successor is next. */
static void
find_order(struct fn *f)
{
	int *stack = table_alloc(f->nblocks, sizeof(*stack));
	int *next = table_alloc(f->nblocks, sizeof(*next));
	bool *seen = table_alloc(f->nblocks, sizeof(*seen));
	int *post = table_alloc(f->nblocks, sizeof(*post));
	int n = 0, depth = 1, i, b;

	seen[0] = true;
	while (depth > 0) {
		b = stack[depth - 1];
		if (next[b] == f->block[b].nsucc) {
			post[n++] = b;
			depth--;
			continue;
		}
		i = f->block[b].succ[next[b]++];
		if (!seen[i]) {
			seen[i] = true;
			stack[depth++] = i;
		}
	}
	f->rpo = table_alloc(n, sizeof(*f->rpo));
	f->nrpo = n;
	for (i = 0; i < n; i++) {
		f->rpo[i] = post[n - 1 - i];
		f->block[f->rpo[i]].rpo = i;
	}
}

static int
common_dominator(const struct fn *f, int a, int b)
{
	while (a != b) {
		while (f->block[a].rpo > f->block[b].rpo)
			a = f->block[a].idom;
		while (f->block[b].rpo > f->block[a].rpo)
			b = f->block[b].idom;
	}
	return a;
}

static void
find_dominators(struct fn *f)
{
	bool changed = true;
	int i, j, p, dom;
	struct block *b;

	f->block[0].idom = 0;
	while (changed) {
		changed = false;
		for (i = 1; i < f->nrpo; i++) {
			b = &f->block[f->rpo[i]];
			dom = -1;
			for (j = 0; j < b->npred; j++) {
				p = b->pred[j];
				if (f->block[p].idom < 0)
					continue;
				dom = dom < 0 ? p : common_dominator(f, dom, p);
			}
			changed |= b->idom != dom;
			b->idom = dom;
		}
	}
}

bool
fn_dominates(const struct fn *f, int a, int b)
{
	if (f->block[a].rpo < 0 || f->block[b].rpo < 0)
		return false;
	while (f->block[b].rpo > f->block[a].rpo)
		b = f->block[b].idom;
	return a == b;
}

/* ---- loops ---- */

/*
 * clang puts the place of `for` or `while` on the edge back, and marks it with
 * llvm.loop; a loop made by goto is where its first block begins.
 */
static struct src
loop_src(const struct fn *f, int head, int latch)
{
	LLVMValueRef end, inst;
	struct src at;
	unsigned kind = LLVMGetMDKindID("llvm.loop", 9);

	end = LLVMGetBasicBlockTerminator(f->block[latch].bb);
	if (LLVMGetMetadata(end, kind) != NULL) {
		at = prog_src(end);
		if (at.line != 0)
			return at;
	}
	for (inst = LLVMGetFirstInstruction(f->block[head].bb); inst != NULL;
	    inst = LLVMGetNextInstruction(inst)) {
		at = prog_src(inst);
		if (at.line != 0)
			return at;
	}
	return f->at;
}

static struct loop *
add_loop(struct fn *f, int head, int latch)
{
	struct loop *l;

	TABLE_GROW(f->loop, f->nloops);
	l = &f->loop[f->nloops++];
	*l = (struct loop){ .head = head, .parent = -1, .turn_block = -1,
	    .at = loop_src(f, head, latch),
	    .in = table_alloc(f->nblocks, sizeof(bool)) };
	l->in[head] = true;
	return l;
}

/* All that reaches the latch without passing the head. */
static void
add_members(const struct fn *f, struct loop *l, int latch, int *stack)
{
	int n = 0, b, i, p;

	if (l->in[latch])
		return;
	l->in[latch] = true;
	stack[n++] = latch;
	while (n > 0) {
		b = stack[--n];
		for (i = 0; i < f->block[b].npred; i++) {
			p = f->block[b].pred[i];
			if (l->in[p] || f->block[p].rpo < 0)
				continue;
			l->in[p] = true;
			stack[n++] = p;
		}
	}
}

static void
find_loops(struct fn *f)
{
	int *stack = table_alloc(f->nblocks, sizeof(*stack));
	struct block *h;
	struct loop *l;
	int i, j, p;

	for (i = 0; i < f->nrpo; i++) {
		h = &f->block[f->rpo[i]];
		l = NULL;
		for (j = 0; j < h->npred; j++) {
			p = h->pred[j];
			if (f->block[p].rpo < i)
				continue;
			if (!fn_dominates(f, f->rpo[i], p)) {
				diag_at(E_IRREDUCIBLE,
				    loop_src(f, f->rpo[i], p),
				    "%s has a loop with two entries", f->name);
				continue;
			}
			if (l == NULL)
				l = add_loop(f, f->rpo[i], p);
			add_members(f, l, p, stack);
		}
	}
}

/* Later loops are the inner ones, so the last that holds a block is its own. */
static void
nest_loops(struct fn *f)
{
	struct loop *l;
	int i, b;

	for (i = 0; i < f->nloops; i++) {
		l = &f->loop[i];
		l->parent = f->block[l->head].loop;
		l->depth = l->parent < 0 ? 1 : f->loop[l->parent].depth + 1;
		for (b = 0; b < f->nblocks; b++)
			if (l->in[b])
				f->block[b].loop = i;
	}
}

void
cfg_build(struct fn *f)
{
	find_blocks(f);
	find_edges(f);
	find_order(f);
	find_dominators(f);
	find_loops(f);
	nest_loops(f);
}
