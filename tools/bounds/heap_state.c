/*
 * States and traces of the heap analysis: what heap_priv.h says of them.
 */
#include <stdlib.h>

#include "tools/bounds/heap_priv.h"

struct level *
state_find(const struct state *s, int seg, bool suspended)
{
	for (int i = 0; i < s->n; i++)
		if (s->level[i].seg == seg &&
		    s->level[i].suspended == suspended)
			return &s->level[i];
	return NULL;
}

struct level *
state_add(struct state *s, int seg, bool suspended)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 2;
		s->level = realloc(s->level, s->cap * sizeof(*s->level));
	}
	s->level[s->n] = (struct level){ .seg = seg, .suspended = suspended };
	return &s->level[s->n++];
}

void
state_clear(struct state *s)
{
	s->n = 0;
}

void
state_free(struct state *s)
{
	free(s->level);
	*s = (struct state){ 0 };
}

/* Componentwise maximum of one level into s; true if s grew. */
bool
state_join_level(struct state *s, const struct level *l)
{
	struct level *mine = state_find(s, l->seg, l->suspended);

	if (mine == NULL) {
		*state_add(s, l->seg, l->suspended) = *l;
		return true;
	}
	mine->live &= l->live;
	if (need_bytes(&l->v) > need_bytes(&mine->v))
		mine->trace = l->trace;
	return need_max(&mine->v, &l->v);
}

bool
state_join(struct state *s, const struct state *other)
{
	bool grew = false;

	for (int i = 0; i < other->n; i++)
		grew |= state_join_level(s, &other->level[i]);
	return grew;
}

void
state_copy(struct state *s, const struct state *from)
{
	state_clear(s);
	(void)state_join(s, from);
}

/* ---- traces ---- */

const struct trace *
trace_step(const struct trace *prev, int kind, const struct call *call,
    int cls, const struct trace *sub)
{
	struct trace *t = malloc(sizeof(*t));

	*t = (struct trace){ .prev = prev, .kind = kind, .call = call,
	    .cls = cls, .sub = sub, .turns = 1 };
	return t;
}

const struct trace *
trace_call(const struct trace *prev, const struct call *call,
    const struct trace *sub)
{
	return sub == NULL ? prev :
	    trace_step(prev, TRACE_CALL, call, 0, sub);
}
