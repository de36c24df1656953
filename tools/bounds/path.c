/* The tree of a costliest path, see path.h. */
#include "tools/bounds/path.h"

#include <stdlib.h>
#include <string.h>

#include "tools/bounds/table.h"

/* What call i of an event's stack calls: an indirect one is known by who makes
 * the next call; the last goes to the allocator. */
static const char *
callee_name(const struct heap_event *e, int i)
{
	if (i + 1 < e->depth)
		return e->stack[i + 1]->caller->name;
	if (e->stack[i]->ntargets > 0)
		return e->stack[i]->target[0]->name;
	return "?";
}

static struct path *
path_add(struct path *up, const char *fn, const struct call *c)
{
	struct path *p;

	TABLE_GROW(up->kid, up->nkids);
	p = &up->kid[up->nkids++];
	memset(p, 0, sizeof(*p));
	p->fn = fn;
	p->at = c->at;
	p->call = c;
	p->slot = c->indirect ? c->slot : NULL;
	return p;
}

/*
 * The branch of up for a call, if it has one: the last, or any when the order
 * of events does not matter.
 */
static struct path *
path_find(struct path *up, const char *fn, const struct call *c, bool any)
{
	for (int i = up->nkids - 1; i >= 0; i--) {
		struct path *p = &up->kid[i];

		if (p->call == c && strcmp(p->fn, fn) == 0)
			return p;
		if (!any)
			break;
	}
	return NULL;
}

static void
path_event(struct path *root, const struct heap_event *e, bool any)
{
	struct path *p = root, *found;

	for (int i = 0; i < e->depth; i++) {
		const char *fn = callee_name(e, i);
		bool last = i + 1 == e->depth;

		found = path_find(p, fn, e->stack[i], any);
		if (found == NULL || found->is_event != last ||
		    (last && found->cls != e->cls))
			found = path_add(p, fn, e->stack[i]);
		p = found;
	}
	p->is_event = true;
	p->cls = e->cls;
	p->count += e->count;
	p->turns += e->turns;
}

/* A loop's first turn and the others are events of their own, of one call:
 * they are added up, unless something is given back in between. */
struct path *
path_tree(const struct heap_event *event, int n, const char *name,
    struct src at)
{
	struct path *root = table_alloc(1, sizeof(*root));
	bool any = true;

	*root = (struct path){ .fn = name, .at = at };
	for (int k = 0; k < n; k++)
		any &= event[k].count >= 0;
	for (int k = 0; k < n; k++)
		path_event(root, &event[k], any);
	return root;
}

static void
add_up(const struct path *p, struct need *now, struct need *peak)
{
	if (p->is_event) {
		now->n[p->cls] += p->count;
		if (now->n[p->cls] > peak->n[p->cls])
			peak->n[p->cls] = now->n[p->cls];
	}
	for (int i = 0; i < p->nkids; i++)
		add_up(&p->kid[i], now, peak);
}

struct need
path_peak(const struct path *p)
{
	struct need now = { 0 }, peak = { 0 };

	add_up(p, &now, &peak);
	return peak;
}
