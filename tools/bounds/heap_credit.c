/*
 * Frees that lower a bound.
 *
 * Only one kind is sure: a function frees the object that it allocated itself,
 * by the very pointer (seen through casts and through the kernel's address
 * conversions). A free of what came from a list, an array, a field, or a merge
 * of paths counts for nothing, and so does one through RCU.
 *
 * A slab object is free when it is put. A frame is counted: putting it frees it
 * only if nobody else took a reference, so its address must not have got away
 * (been stored, returned, or changed atomically) in the meantime.
 *
 * A function whose every return gives such a new object makes each call of it
 * an allocation site of the caller; a function that frees its argument on every
 * way to its returns makes each call of it a free.
 */
#include <llvm-c/Core.h>
#include <stdlib.h>
#include <string.h>

#include "tools/bounds/heap_priv.h"

/* By function id. */
struct credit {
	const struct call	*site[SITES_MAX];
	int			cls[SITES_MAX];
	int			nsites;
	int			returned;	/* site returned new, or -1 */
	int			frees_arg;	/* freed on all ways, or -1 */
	int			frees_cls;
	int8_t			captures[16];	/* argument: 0 unknown, 1 no,
						 * 2 yes */
};
static struct credit **credits;

static struct credit *
credit_of(const struct fn *f)
{
	if (credits == NULL)
		credits = calloc(prog.nfns, sizeof(*credits));
	return credits[f->id];
}

static const struct fn *
only_target(const struct call *c)
{
	return c != NULL && c->ntargets == 1 ? c->target[0] : NULL;
}

/* The value whose object v is another address of. */
static LLVMValueRef
origin(const struct fn *f, LLVMValueRef v)
{
	for (;;) {
		const struct call *c;
		const struct fn *t;

		v = prog_strip(v);
		if (LLVMIsAInstruction(v) == NULL)
			return v;
		c = LLVMIsACallInst(v) != NULL ? fn_call_of(f, v) : NULL;
		t = only_target(c);
		if (t == NULL || !fn_is(t, ROLE_IDENTITY))
			return v;
		v = call_arg(c, fact_num(t->fact, "arg", 0));
	}
}

/* ---- does an address get away? ---- */

static bool	value_escapes(const struct fn *f, LLVMValueRef v, int depth);

static bool
argument_escapes(const struct fn *f, unsigned arg, int depth)
{
	static struct credit unknown;
	struct credit *c = credit_of(f);
	bool escapes;

	if (!heap_looks_into(f))
		return false;		/* a primitive keeps no address */
	if (arg >= 16 || depth > 12)
		return true;
	if (c == NULL)
		c = &unknown;
	if (c != &unknown && c->captures[arg] != 0)
		return c->captures[arg] == 2;
	if (c != &unknown)
		c->captures[arg] = 2;	/* while a cycle is walked */
	escapes = value_escapes(f, LLVMGetParam(f->value, arg), depth + 1);
	if (c != &unknown)
		c->captures[arg] = escapes ? 2 : 1;
	return escapes;
}

static bool
call_captures(const struct fn *f, LLVMValueRef user, LLVMValueRef v, int depth)
{
	const struct call *c = fn_call_of(f, user);

	if (c == NULL)			/* an intrinsic, or assembly */
		return LLVMIsAIntrinsicInst(user) == NULL;
	if (c->ntargets == 0)
		return true;
	for (unsigned a = 0; a < LLVMGetNumArgOperands(user); a++) {
		if (LLVMGetOperand(user, a) != v)
			continue;
		for (int i = 0; i < c->ntargets; i++) {
			const struct fn *t = c->target[i];

			if (fn_is(t, ROLE_IDENTITY) ?
			    value_escapes(f, user, depth + 1) :
			    argument_escapes(t, a, depth))
				return true;
		}
	}
	return false;
}

static bool
value_escapes(const struct fn *f, LLVMValueRef v, int depth)
{
	if (depth > 24)
		return true;
	for (LLVMUseRef u = LLVMGetFirstUse(v); u != NULL;
	    u = LLVMGetNextUse(u)) {
		LLVMValueRef user = LLVMGetUser(u);

		if (LLVMIsAInstruction(user) == NULL)
			return true;
		switch (LLVMGetInstructionOpcode(user)) {
		case LLVMLoad:
		case LLVMICmp:
			break;
		case LLVMStore:
			if (LLVMGetOperand(user, 0) == v)
				return true;
			break;
		case LLVMBitCast:
		case LLVMGetElementPtr:
			if (value_escapes(f, user, depth + 1))
				return true;
			break;
		case LLVMCall:
			if (call_captures(f, user, v, depth))
				return true;
			break;
		default:
			return true;
		}
	}
	return false;
}

/* ---- sites and frees ---- */

int
credit_site_of(const struct fn *f, const struct call *c)
{
	const struct credit *k = credit_of(f);

	for (int s = 0; k != NULL && s < k->nsites; s++)
		if (k->site[s] == c)
			return s;
	return -1;
}

int
credit_site_class(const struct fn *f, int site)
{
	return credit_of(f)->cls[site];
}

int
credit_returned_site(const struct fn *f)
{
	const struct credit *k = credit_of(f);

	return k == NULL ? -1 : k->returned;
}

/* The object that c frees for certain, and its class; NULL: none. */
static LLVMValueRef
freed_object(const struct fn *f, const struct call *c, int *cls)
{
	const struct fn *t = only_target(c);
	const struct credit *k;

	if (t == NULL)
		return NULL;
	if (fn_is(t, ROLE_FREE)) {
		const char *kind = fact_get(t->fact, "class", "frame");

		*cls = strcmp(kind, "frame") == 0 ? 0 : heap_class_of(c);
		return *cls < 0 ? NULL :
		    origin(f, call_arg(c, fact_num(t->fact, "obj", 0)));
	}
	k = credit_of(t);
	if (k == NULL || k->frees_arg < 0)
		return NULL;
	*cls = k->frees_cls;
	return origin(f, call_arg(c, k->frees_arg));
}

int
credit_freed_site(const struct fn *f, const struct call *c)
{
	const struct credit *k = credit_of(f);
	LLVMValueRef obj;
	int cls;

	if (k == NULL || k->nsites == 0)
		return -1;
	obj = freed_object(f, c, &cls);
	for (int s = 0; obj != NULL && s < k->nsites; s++)
		if (k->site[s]->inst == obj && k->cls[s] == cls)
			return cls != 0 || !value_escapes(f, obj, 0) ? s : -1;
	return -1;
}

/* The site whose new object every return of f gives, or -1. */
static int
returned_site(const struct fn *f)
{
	int site = -1;

	for (int b = 0; b < f->nblocks; b++) {
		LLVMValueRef t = LLVMGetBasicBlockTerminator(f->block[b].bb);
		LLVMValueRef v;

		if (f->block[b].rpo < 0 || LLVMIsAReturnInst(t) == NULL)
			continue;
		if (site >= 0 || LLVMGetNumOperands(t) == 0)
			return -1;
		v = origin(f, LLVMGetOperand(t, 0));
		if (LLVMIsACallInst(v) == NULL)
			return -1;
		site = credit_site_of(f, fn_call_of(f, v));
		if (site < 0)
			return -1;
	}
	return site;
}

static bool
is_on_every_way(const struct fn *f, int block)
{
	if (f->block[block].loop >= 0)
		return false;
	for (int b = 0; b < f->nblocks; b++)
		if (f->block[b].rpo >= 0 && LLVMIsAReturnInst(
		    LLVMGetBasicBlockTerminator(f->block[b].bb)) != NULL &&
		    !fn_dominates(f, block, b))
			return false;
	return true;
}

/* Slab objects only: whether a frame's last reference goes, f cannot know. */
static void
find_freed_argument(const struct fn *f, struct credit *k)
{
	k->frees_arg = -1;
	for (int i = 0; i < f->ncalls; i++) {
		int cls = -1;
		LLVMValueRef obj = freed_object(f, &f->call[i], &cls);

		if (obj == NULL || cls <= 0 || LLVMIsAArgument(obj) == NULL ||
		    !is_on_every_way(f, f->call[i].block))
			continue;
		for (unsigned a = 0; a < LLVMCountParams(f->value); a++)
			if (LLVMGetParam(f->value, a) == obj) {
				k->frees_arg = a;
				k->frees_cls = cls;
			}
	}
}

void
credit_prepare(struct fn *f)
{
	struct credit *k = calloc(1, sizeof(*k));

	(void)credit_of(f);
	credits[f->id] = k;
	k->returned = k->frees_arg = -1;
	for (int i = 0; i < f->ncalls && k->nsites < SITES_MAX; i++) {
		const struct call *c = &f->call[i];
		const struct fn *t = only_target(c);
		const struct credit *sub;

		if (t == NULL)
			continue;
		sub = credit_of(t);
		if (fn_is(t, ROLE_ALLOC))
			k->cls[k->nsites] = heap_class_of(c);
		else if (sub != NULL && sub->returned >= 0)
			k->cls[k->nsites] = sub->cls[sub->returned];
		else
			continue;
		k->site[k->nsites++] = c;
	}
	k->returned = returned_site(f);
	find_freed_argument(f, k);
}
