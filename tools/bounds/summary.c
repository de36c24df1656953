/*
 * What a call of a function means to the caller: outcomes and events.
 *
 * A function that always returns with the same locks has one outcome. One that
 * takes a lock and may fail has several, and each says what the result and the
 * parameters are then: so its caller knows the lock is held just where it has
 * seen the result. Primitives get theirs from the facts.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/bounds/context_priv.h"
#include "tools/bounds/facts.h"
#include "tools/bounds/table.h"

#define EVENTS_MAX	64	/* of a function: then they are merged */

/* ---- sets of locks ---- */

bool
holding_equal(const struct holding *a, const struct holding *b)
{
	if (a->n != b->n)
		return false;
	for (int i = 0; i < a->n; i++)
		if (a->h[i].lock != b->h[i].lock ||
		    a->h[i].kind != b->h[i].kind || a->h[i].n != b->h[i].n)
			return false;
	return true;
}

const struct held *
holding_find(const struct holding *h, int lock, int kind)
{
	for (int i = 0; i < h->n; i++)
		if (h->h[i].lock == lock && h->h[i].kind == kind)
			return &h->h[i];
	return NULL;
}

static void
holding_remove(struct holding *h, int i)
{
	memmove(&h->h[i], &h->h[i + 1],
	    (size_t)(h->n - i - 1) * sizeof(h->h[0]));
	h->n--;
}

bool
holding_add(struct holding *h, int lock, int kind, int n,
    const struct call *at)
{
	int i = 0;

	while (i < h->n && (h->h[i].lock < lock ||
	    (h->h[i].lock == lock && h->h[i].kind < kind)))
		i++;
	if (i < h->n && h->h[i].lock == lock && h->h[i].kind == kind) {
		h->h[i].n += n;
		if (n > 0)
			h->h[i].at = at;
		if (h->h[i].n == 0)
			holding_remove(h, i);
		return true;
	}
	if (h->n == HELD_MAX)
		return false;
	memmove(&h->h[i + 1], &h->h[i],
	    (size_t)(h->n - i) * sizeof(h->h[0]));
	h->h[i] = (struct held){ lock, kind, n, at };
	h->n++;
	return true;
}

/* ---- events ---- */

/* The call where an event's path ends. */
static const struct call *
event_site(const struct event *e)
{
	while (e->next != NULL)
		e = e->next;
	return e->at;
}

static bool
event_same(const struct event *a, const struct event *b)
{
	return a->kind == b->kind && holding_equal(&a->drops, &b->drops) &&
	    (a->kind != EV_WAIT || (a->state_arg == b->state_arg &&
	    event_site(a) == event_site(b)));
}

void
summary_add_event(struct summary *s, const struct event *e)
{
	struct event *copy;

	for (int i = 0; i < s->nevents; i++) {
		if (!event_same(s->event[i], e))
			continue;
		/* Different parameters have different paths, within reason. */
		if (s->nevents < EVENTS_MAX && memcmp(s->event[i]->guard,
		    e->guard, sizeof(e->guard)) != 0)
			continue;
		for (int p = 0; p < PARAMS_MAX; p++)
			s->event[i]->guard[p] |= e->guard[p];
		return;
	}
	copy = table_alloc(1, sizeof(*copy));
	*copy = *e;
	TABLE_GROW(s->event, s->nevents);
	s->event[s->nevents++] = copy;
}

/* ---- outcomes ---- */

static int
params_of(const struct fn *f)
{
	int n = (int)LLVMCountParams(f->value);

	return n < PARAMS_MAX ? n : PARAMS_MAX;
}

static int
param_index(const struct fn *f, LLVMValueRef v)
{
	for (int i = 0; i < params_of(f); i++)
		if (LLVMGetParam(f->value, (unsigned)i) == v)
			return i;
	return -1;
}

void
outcome_fill(struct outcome *o, const struct fn *f, const struct vfacts *k,
    LLVMValueRef result)
{
	o->result = result == NULL ? VSET_ANY : values_eval(k, result);
	for (int i = 0; i < PARAMS_MAX; i++)
		o->param[i] = i >= params_of(f) ? VSET_ANY :
		    values_eval(k, LLVMGetParam(f->value, (unsigned)i));
	o->nrels = 0;
	for (int i = 0; i < k->n && o->nrels < RELS_MAX; i++) {
		const struct vfact *v = &k->fact[i];
		int a = param_index(f, v->a);
		int b = v->b == NULL ? -1 : param_index(f, v->b);

		if (a < 0 || b < 0)
			continue;
		o->rel[o->nrels].rel = v->rel;
		o->rel[o->nrels].a = a;
		o->rel[o->nrels].b = b;
		o->rel[o->nrels++].truth = v->set == VSET_TRUE;
	}
}

/* The index in o of the relation that is o2's i-th, or -1. */
static int
rel_find(const struct outcome *o, const struct outcome *o2, int i)
{
	for (int j = 0; j < o->nrels; j++)
		if (o->rel[j].rel == o2->rel[i].rel &&
		    o->rel[j].a == o2->rel[i].a && o->rel[j].b == o2->rel[i].b)
			return j;
	return -1;
}

void
outcome_join(struct outcome *o, const struct outcome *other)
{
	o->charge |= other->charge;
	o->result |= other->result;
	for (int i = 0; i < PARAMS_MAX; i++)
		o->param[i] |= other->param[i];
	for (int i = o->nrels - 1; i >= 0; i--) {
		int j = rel_find(other, o, i);

		if (j < 0 || other->rel[j].truth != o->rel[i].truth)
			o->rel[i] = o->rel[--o->nrels];
	}
}

/*
 * Results tell by being 0 or not, negative or not: no caller is meant to know a
 * lock to be held from one error and not from another.
 */
static bool
results_tell(vset a, vset b)
{
	const vset kinds[] = { VSET_ZERO, VSET_NEGATIVE };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (((a & ~kinds[i]) == 0 && (b & kinds[i]) == 0) ||
		    ((b & ~kinds[i]) == 0 && (a & kinds[i]) == 0))
			return true;
	return false;
}

bool
outcome_differs(const struct outcome *a, const struct outcome *b)
{
	if (results_tell(a->result, b->result))
		return true;
	for (int i = 0; i < PARAMS_MAX; i++)
		if (!(a->param[i] & b->param[i]))
			return true;
	for (int i = 0; i < a->nrels; i++) {
		int j = rel_find(b, a, i);

		if (j >= 0 && a->rel[i].truth != b->rel[j].truth)
			return true;
	}
	return false;
}

bool
outcome_assume(const struct outcome *o, const struct call *c, struct vfacts *k)
{
	int n = (int)LLVMGetNumArgOperands(c->inst);

	for (int i = 0; i < PARAMS_MAX && i < n; i++)
		if (o->param[i] != VSET_ANY && !values_assume(k,
		    call_arg(c, (unsigned)i), o->param[i]))
			return false;
	for (int i = 0; i < o->nrels; i++) {
		if (o->rel[i].a >= n || o->rel[i].b >= n)
			continue;
		if (!values_assume_rel(k, o->rel[i].rel,
		    call_arg(c, (unsigned)o->rel[i].a),
		    call_arg(c, (unsigned)o->rel[i].b), o->rel[i].truth))
			return false;
	}
	return o->result == VSET_ANY ||
	    values_assume(k, c->inst, o->result);
}

/* ---- primitives ---- */

static struct outcome *
add_outcome(struct summary *s, vset result)
{
	struct outcome *o;

	TABLE_GROW(s->outcome, s->noutcomes);
	o = &s->outcome[s->noutcomes++];
	memset(o, 0, sizeof(*o));
	o->charge = CHARGE_ENTRY;
	o->result = result;
	for (int i = 0; i < PARAMS_MAX; i++)
		o->param[i] = VSET_ANY;
	return o;
}

struct summary *
summary_neutral(void)
{
	static struct summary s;

	if (s.noutcomes == 0)
		add_outcome(&s, VSET_ANY);
	return &s;
}

struct summary *
summary_of(const struct fn *f)
{
	struct summary *s = f->context;

	return s != NULL ? s : summary_neutral();	/* NULL: recursion */
}

static const struct {
	const char	*word;
	int		kind;
	int		lock;		/* LOCK_UNKNOWN: an argument's */
} kinds[] = {
	{ "spin", KIND_SPIN, LOCK_UNKNOWN },
	{ "mutex", KIND_MUTEX, LOCK_UNKNOWN },
	{ "rwlock", KIND_RWLOCK, LOCK_UNKNOWN },
	{ "rcu", KIND_RCU, LOCK_RCU },
	{ "preempt", KIND_PREEMPT, LOCK_PREEMPT },
	{ "irq", KIND_IRQ, LOCK_IRQ },
};
#define NKINDS	(sizeof(kinds) / sizeof(kinds[0]))

int
kinds_of_fact(const struct fact *fact, const char *key)
{
	int set = 0;

	for (size_t i = 0; i < NKINDS; i++)
		if (fact_has(fact, key, kinds[i].word))
			set |= kinds[i].kind;
	return set;
}

/* All the locks of a fact, n of each, on top of o. */
static void
add_locks(struct outcome *o, const struct fact *fact, int n)
{
	for (size_t i = 0; i < NKINDS; i++) {
		if (!fact_has(fact, "kind", kinds[i].word))
			continue;
		(void)holding_add(&o->delta, kinds[i].lock != LOCK_UNKNOWN ?
		    kinds[i].lock :
		    LOCK_PARAM((int)fact_num(fact, "arg", 0)),
		    kinds[i].kind, n, NULL);
	}
}

static struct event *
add_primitive(struct summary *s, enum event_kind kind)
{
	struct event e = { .kind = kind, .state_arg = -1 };

	for (int i = 0; i < PARAMS_MAX; i++)
		e.guard[i] = VSET_ANY;
	summary_add_event(s, &e);
	return s->event[s->nevents - 1];
}

/* "1,2,4": states of a thread that sleeps for as long as may be. */
static vset
states_of(const char *s)
{
	vset set = 0;
	char *end;

	for (; *s != '\0'; s = *end == ',' ? end + 1 : end) {
		set |= vset_of(strtol(s, &end, 0));
		if (end == s)
			break;
	}
	return set;
}

static void
sleep_of_fact(struct summary *s, const struct fact *fact)
{
	long state = fact_num(fact, "state", -1);
	struct event *e;

	if (state >= 0) {	/* chooses how the next sleep will be */
		e = add_primitive(s, EV_WAIT);
		e->state_arg = (int)state;
		e->long_states = states_of(fact_get(fact, "long", ""));
		return;
	}
	e = add_primitive(s, EV_SLEEP);
	if (fact_has(fact, "kind", "long"))
		(void)add_primitive(s, EV_WAIT);
	if (fact_get(fact, "drops", NULL) == NULL)
		return;
	for (size_t i = 0; i < NKINDS; i++)
		if (kinds[i].lock == LOCK_UNKNOWN)
			(void)holding_add(&e->drops,
			    LOCK_PARAM((int)fact_num(fact, "drops", 0)),
			    kinds[i].kind, -1, NULL);
}

/*
 * Who reserves has a charge if that succeeds: the result is 0, or the function
 * returns nothing. A bool says that it was only tried, without waiting.
 */
static void
reserve_of_fact(struct summary *s, const struct fn *f)
{
	LLVMTypeRef t = LLVMGetReturnType(LLVMGlobalGetValueType(f->value));
	bool is_try = LLVMGetTypeKind(t) == LLVMIntegerTypeKind &&
	    LLVMGetIntTypeWidth(t) == 1;

	if (fact_has(f->fact, "kind", "drop") ||
	    fact_has(f->fact, "kind", "end")) {
		s->charge_op = CHARGE_DROP;
		return;
	}
	if (fact_has(f->fact, "kind", "resume"))
		s->charge_op = CHARGE_RESUME;
	s->outcome[0].charge = CHARGE_YES;
	if (!is_try)
		(void)add_primitive(s, EV_RESERVE);
	if (LLVMGetTypeKind(t) != LLVMIntegerTypeKind)
		return;
	s->outcome[0].result = is_try ? VSET_TRUE : VSET_ZERO;
	add_outcome(s, is_try ? VSET_ZERO : VSET_NONZERO)->charge = CHARGE_NO;
}

/* Add to s what the fact says. False: it leaves the rest to the body. */
static bool
add_fact(struct summary *s, const struct fn *f)
{
	const struct fact *fact = f->fact;

	switch (fact->role) {
	case ROLE_LOCK:
		add_locks(s->outcome, fact, 1);
		if (fact_num(fact, "sleeps", fact_has(fact, "kind", "mutex") ||
		    fact_has(fact, "kind", "rwlock")))
			(void)add_primitive(s, EV_SLEEP);
		return true;
	case ROLE_UNLOCK:
		add_locks(s->outcome, fact, -1);
		return true;
	case ROLE_SLEEP:
		sleep_of_fact(s, fact);
		return true;
	case ROLE_RESERVE:
		reserve_of_fact(s, f);
		return true;
	case ROLE_OPAQUE:
	case ROLE_ASM:
	case ROLE_MARKER:
		if (fact_num(fact, "sleeps", 0))
			(void)add_primitive(s, EV_SLEEP);
		return true;
	case ROLE_ALLOC:
		(void)add_primitive(s, EV_ALLOC);
		return false;
	case ROLE_USERCOPY:
		(void)add_primitive(s, EV_COPY);
		return false;
	default:
		return false;
	}
}

struct summary *
summary_of_fact(const struct fn *f)
{
	struct summary *s;

	if (f->fact == NULL)
		return f->is_defined ? NULL : summary_neutral();
	s = table_alloc(1, sizeof(*s));
	if (f->fact->role == ROLE_TRYLOCK) {
		add_outcome(s, VSET_ZERO);
		add_locks(add_outcome(s, VSET_NONZERO), f->fact, 1);
		return s;
	}
	if (!f->is_noreturn)
		add_outcome(s, VSET_ANY);
	return add_fact(s, f) || !f->is_defined ? s : NULL;
}
