/*
 * Contexts: what is held where something may wait, sleep, allocate or fault.
 *
 * Functions are looked at bottom-up. What a call of one means to its caller is
 * a summary (context_priv.h): the ways in which it returns, each with the locks
 * that it took or released; and events, the things not allowed everywhere. An
 * event says what of its caller's locks the function lets go first, so that a
 * wait that drops its caller's lock is no sleep under it.
 *
 * Inside a function the flow is followed forward. A state is a set of held
 * locks, relative to the entry, with what is known of values there (values.h).
 * At a join, states that hold the same are merged and keep what they agree on;
 * states that differ stay apart. So the conditions that decide about locks are
 * remembered, others are forgotten, and there are few states (Das, Lerner,
 * Seigle: ESP, path-sensitive program verification in polynomial time, 2002).
 * A trylock, or a function that may return with a lock, splits a state in two,
 * one for each result.
 *
 * An error is reported in the function that took the lock: its callees see it
 * as their caller's. Locks are counted by kind (lockid.h). A loop that takes
 * one in each turn holds a set of them afterwards, of unknown size; the loop
 * that releases them gives the set back. States that callers cannot tell apart
 * by the result or the parameters are E-LOCK-BALANCE.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/bounds/context.h"
#include "tools/bounds/context_priv.h"
#include "tools/bounds/diag.h"
#include "tools/bounds/facts.h"
#include "tools/bounds/table.h"

#define STATES_MAX	24	/* of one block */
#define COLLECT_MAX	4	/* loops of a function that take a set */

struct state {
	struct holding	held;
	unsigned	charge;		/* one of CHARGE_* */
	unsigned	saved;		/* a set: before it was dropped */
	struct vfacts	know;
};

struct states {
	struct state	*s;
	int		n;
};

/* A loop whose every turn takes (sign 1) or releases (-1) one lock. */
struct collect {
	int		head;
	int		lock, kind, sign;
};

struct walk {
	struct fn	*f;
	struct summary	*sum;
	struct states	*in;		/* [f->nblocks] */
	bool		*waits;		/* [f->nblocks] to be looked at */
	bool		report;		/* the states are final */
	struct states	exits;		/* as returned, with the results: */
	LLVMValueRef	*result;
	struct collect	collect[COLLECT_MAX];
	int		ncollects;
	bool		again;		/* collect has grown: start over */
	bool		told;		/* this function was reported */
};

static void
add_state(struct states *list, const struct state *s)
{
	TABLE_GROW(list->s, list->n);
	list->s[list->n++] = *s;
}

/* ---- calls ---- */

/* What is held after a call that changes it by delta. False: too much. */
static bool
holding_after(struct holding *out, const struct state *s,
    const struct holding *delta, const struct call *c)
{
	bool fits = true;

	*out = s->held;
	for (int i = 0; i < delta->n; i++)
		fits &= holding_add(out, lock_for_caller(c, delta->h[i].lock),
		    delta->h[i].kind, delta->h[i].n, c);
	return fits;
}

/* Drops name all kinds of lock: those of what is not held mean nothing. */
static void
holding_drop(struct holding *out, const struct state *s,
    const struct event *e, const struct call *c)
{
	*out = s->held;
	for (int i = 0; i < e->drops.n; i++) {
		const struct held *d = &e->drops.h[i];

		(void)holding_add(out, lock_for_caller(c, d->lock), d->kind,
		    d->n, NULL);
	}
}

static int
kinds_forbidden(enum event_kind kind)
{
	switch (kind) {
	case EV_RESERVE:
	case EV_COPY:
		return KINDS_ALL;
	case EV_SLEEP:
		return KINDS_ATOMIC;
	default:
		return 0;
	}
}

/* Assume that the callee's parameters are such that the event happens. False:
 * they cannot be. */
static bool
event_assume(const struct event *e, const struct call *c, struct vfacts *k)
{
	int n = (int)LLVMGetNumArgOperands(c->inst);

	for (int i = 0; i < PARAMS_MAX && i < n; i++)
		if (e->guard[i] != VSET_ANY && !values_assume(k,
		    call_arg(c, (unsigned)i), e->guard[i]))
			return false;
	return e->state_arg < 0 || e->state_arg >= n || (e->long_states &
	    values_eval(k, call_arg(c, (unsigned)e->state_arg))) != 0;
}

/* The event's state is the caller's own parameter: which? -1: it is not. */
static int
state_arg_of(const struct event *e, const struct call *c)
{
	LLVMValueRef fn = c->caller->value, arg;

	if (e->state_arg < 0 ||
	    e->state_arg >= (int)LLVMGetNumArgOperands(c->inst))
		return -1;
	arg = call_arg(c, (unsigned)e->state_arg);
	for (unsigned i = 0; i < LLVMCountParams(fn); i++)
		if (LLVMGetParam(fn, i) == arg)
			return (int)i;
	return -1;
}

/* Pass an event on to the callers, less what is allowed here already. */
static void
propagate(struct walk *w, const struct vfacts *k, const struct call *c,
    const struct fn *target, const struct event *e,
    const struct holding *held)
{
	struct event up = { .kind = e->kind, .at = c, .target = target,
	    .next = e->at != NULL ? e : NULL,
	    .state_arg = state_arg_of(e, c), .long_states = e->long_states };
	LLVMValueRef fn = w->f->value;

	for (int i = 0; i < held->n; i++)
		if (held->h[i].n < 0)
			up.drops.h[up.drops.n++] = held->h[i];
	for (int i = 0; i < PARAMS_MAX; i++)
		up.guard[i] = i >= (int)LLVMCountParams(fn) ? VSET_ANY :
		    values_eval(k, LLVMGetParam(fn, (unsigned)i));
	summary_add_event(w->sum, &up);
}

static void
see_event(struct walk *w, const struct state *s, const struct call *c,
    const struct fn *target, const struct event *e)
{
	int forbidden = kinds_forbidden(e->kind);
	struct vfacts know = s->know;
	struct holding held;

	if (!event_assume(e, c, &know))
		return;
	if (e->kind == EV_WAIT) {
		/* roots_check() knows each system call's row. */
		if (s->charge == CHARGE_YES && !(c->indirect &&
		    roots_has_call(target)))
			msg_charged(c, target, e);
		if (s->charge != CHARGE_ENTRY)
			return;
	}
	holding_drop(&held, s, e, c);
	for (int i = 0; i < held.n; i++) {
		if (held.h[i].n > 0 && (held.h[i].kind & forbidden)) {
			msg_held(c, target, e, &held.h[i]);
			break;
		}
	}
	propagate(w, &know, c, target, e, &held);
}

/* The charges that there may be after an outcome, one by one: a set. */
static unsigned
charges_after(struct state *s, const struct summary *sum,
    const struct outcome *o)
{
	switch (sum->charge_op) {
	case CHARGE_DROP:
		s->saved = s->charge;
		return CHARGE_NO;
	case CHARGE_RESUME:
		/* What was dropped, unless that fails. */
		return o->charge == CHARGE_YES && s->saved != 0 ? s->saved :
		    o->charge;
	default:
		return (o->charge & ~(unsigned)CHARGE_ENTRY) |
		    (o->charge & CHARGE_ENTRY ? s->charge : 0);
	}
}

static void
note_taken(const struct call *c, const struct outcome *o)
{
	for (int i = 0; i < o->delta.n; i++) {
		const struct held *d = &o->delta.h[i];
		int lock = lock_for_caller(c, d->lock);

		if (d->n > 0 && !LOCK_IS_PARAM(lock) &&
		    (LOCK_IS_PARAM(d->lock) || d->at == NULL))
			msg_note_taken(lock, d->kind, c);
	}
}

/* What a lock stands in is not NULL, where it is taken or released. */
static void
assume_lock_exists(const struct outcome *o, const struct call *c,
    struct vfacts *k)
{
	for (int i = 0; i < o->delta.n; i++) {
		int lock = o->delta.h[i].lock;
		LLVMValueRef p;

		if (!LOCK_IS_PARAM(lock) || LOCK_PARAM_OF(lock) >=
		    (int)LLVMGetNumArgOperands(c->inst))
			continue;
		p = call_arg(c, (unsigned)LOCK_PARAM_OF(lock));
		while (LLVMIsAGetElementPtrInst(p) || LLVMIsABitCastInst(p))
			p = LLVMGetOperand(p, 0);
		(void)values_assume(k, p, VSET_NONZERO);
	}
}

/* All that can come of calling target in state s. */
static void
call_target(struct walk *w, const struct state *s, const struct call *c,
    const struct fn *target, struct states *out)
{
	const struct summary *sum = summary_of(target);

	for (int i = 0; w->report && i < sum->nevents; i++)
		see_event(w, s, c, target, sum->event[i]);
	if (target->is_noreturn)
		return;
	for (int i = 0; i < sum->noutcomes; i++) {
		const struct outcome *o = &sum->outcome[i];
		struct state next = *s;
		unsigned charges;

		if (w->report)
			note_taken(c, o);
		if (!outcome_assume(o, c, &next.know))
			continue;
		if (!holding_after(&next.held, s, &o->delta, c) && !w->told) {
			w->told = true;
			msg_too_many(w->f);
		}
		assume_lock_exists(o, c, &next.know);
		charges = charges_after(&next, sum, o);
		for (unsigned bit = 1; bit <= charges; bit <<= 1) {
			next.charge = bit;
			if (charges & bit)
				add_state(out, &next);
		}
	}
}

/* ---- joins ---- */

/* Add s to the states of a place, or to the one that is like it. True if that
 * says anything new. */
static bool
merge(struct walk *w, struct states *list, const struct state *s)
{
	struct state *old;
	unsigned saved;

	for (int i = 0; i < list->n; i++) {
		old = &list->s[i];
		if (!holding_equal(&old->held, &s->held) ||
		    old->charge != s->charge)
			continue;
		saved = old->saved;
		old->saved |= s->saved;
		return values_weaken(&old->know, &s->know) ||
		    saved != old->saved;
	}
	if (list->n == STATES_MAX) {
		if (!w->told)
			msg_too_many(w->f);
		w->told = true;
		return false;
	}
	add_state(list, s);
	return true;
}

/* The states after a call of any of the targets, those that hold the same as
 * one. */
static void
apply_call(struct walk *w, const struct call *c, struct states *list)
{
	struct states after = { 0 }, merged = { 0 };

	if (c->ntargets == 0)
		return;
	for (int i = 0; i < list->n; i++)
		for (int t = 0; t < c->ntargets; t++)
			call_target(w, &list->s[i], c, c->target[t], &after);
	for (int i = 0; i < after.n; i++)
		(void)merge(w, &merged, &after.s[i]);
	*list = merged;
}

/* ---- loops ---- */

/* The innermost loop around block b that turns: its head; -1: none. */
static int
head_around(const struct fn *f, int b)
{
	int l = f->block[b].loop;

	return l < 0 ? -1 : f->loop[l].head;
}

static bool
is_turn(const struct fn *f, int from, int head)
{
	int l = f->block[head].loop;

	return l >= 0 && f->loop[l].head == head && f->loop[l].in[from];
}

/*
 * More of a lock than a program holds: the loop takes one in each turn. The
 * first time it is tried whether it takes a set; then it is an error.
 */
static void
grows(struct walk *w, int block, const struct held *h)
{
	int head = head_around(w->f, block);

	for (int i = 0; head >= 0 && i < w->ncollects; i++)
		if (w->collect[i].head == head)
			head = -1;
	if (head < 0 || w->ncollects == COLLECT_MAX) {
		if (!w->told)
			msg_grows(w->f, h);
		w->told = true;
		return;
	}
	w->collect[w->ncollects++] = (struct collect){ head, h->lock, h->kind,
	    h->n > 0 ? 1 : -1 };
	w->again = true;
}

/* Entering a collecting loop is taking the set; each turn's lock is in it. */
static bool
collect_enter(const struct walk *w, int from, int to, struct state *s)
{
	bool fits = true;

	for (int i = 0; i < w->ncollects; i++) {
		const struct collect *c = &w->collect[i];
		const struct held *h;

		if (c->head != to)
			continue;
		h = holding_find(&s->held, c->lock, c->kind);
		if (is_turn(w->f, from, to))
			fits &= holding_add(&s->held, c->lock, c->kind,
			    -c->sign, h != NULL ? h->at : NULL);
		else
			fits &= holding_add(&s->held, c->lock,
			    c->kind | KIND_SET, c->sign, NULL);
	}
	return fits;
}

static const struct held *
held_too_often(const struct state *s)
{
	for (int i = 0; i < s->held.n; i++)
		if (abs(s->held.h[i].n) > COUNT_MAX)
			return &s->held.h[i];
	return NULL;
}

/* ---- the flow ---- */

static void
go(struct walk *w, int from, LLVMBasicBlockRef bb, struct state s)
{
	int to = fn_block_of(w->f, bb);
	const struct held *h;

	if (w->report)
		return;
	values_enter(&s.know, w->f->block[from].bb, bb);
	(void)collect_enter(w, from, to, &s);
	h = held_too_often(&s);
	if (h != NULL)
		grows(w, from, h);
	else if (merge(w, &w->in[to], &s))
		w->waits[to] = true;
}

static void
go_switch(struct walk *w, int b, LLVMValueRef term, const struct state *s)
{
	LLVMValueRef on = LLVMGetOperand(term, 0), k;
	vset others = VSET_ANY;
	struct state next;
	int64_t n;

	/* Operands: the value, the default, then constants and blocks. */
	for (unsigned i = 1; i < LLVMGetNumSuccessors(term); i++) {
		k = LLVMGetOperand(term, 2 * i);
		if (!value_const(k, &n))
			continue;
		if (vset_of(n) != vset_of(n + 1) && vset_of(n) !=
		    vset_of(n - 1))
			others &= ~vset_of(n);
		next = *s;
		if (values_assume(&next.know, on, vset_of(n)))
			go(w, b, LLVMGetSuccessor(term, i), next);
	}
	next = *s;
	if (values_assume(&next.know, on, others))
		go(w, b, LLVMGetSuccessor(term, 0), next);
}

static void
leave_block(struct walk *w, int b, const struct state *s)
{
	LLVMValueRef term = LLVMGetBasicBlockTerminator(w->f->block[b].bb);
	struct state next;

	if (LLVMIsAReturnInst(term)) {
		if (!w->report)
			return;
		w->result = table_grow(w->result, (size_t)w->exits.n,
		    sizeof(*w->result));
		w->result[w->exits.n] = LLVMGetNumOperands(term) == 0 ? NULL :
		    LLVMGetOperand(term, 0);
		add_state(&w->exits, s);
	} else if (LLVMIsASwitchInst(term)) {
		go_switch(w, b, term, s);
	} else if (LLVMIsABranchInst(term) && LLVMIsConditional(term)) {
		for (unsigned i = 0; i < 2; i++) {
			next = *s;
			if (values_assume(&next.know, LLVMGetCondition(term),
			    i == 0 ? VSET_TRUE : VSET_ZERO))
				go(w, b, LLVMGetSuccessor(term, i), next);
		}
	} else {
		for (unsigned i = 0; i < LLVMGetNumSuccessors(term); i++)
			go(w, b, LLVMGetSuccessor(term, i), *s);
	}
}

static void
walk_block(struct walk *w, int b)
{
	const struct block *block = &w->f->block[b];
	struct states list = { 0 };

	for (int i = 0; i < w->in[b].n; i++)
		(void)merge(w, &list, &w->in[b].s[i]);
	for (int i = 0; i < block->ncalls && list.n != 0; i++)
		apply_call(w, &w->f->call[block->call + i], &list);
	for (int i = 0; i < list.n && !w->again; i++)
		leave_block(w, b, &list.s[i]);
}

/* To a fixed point: states are only added, and only lose what they know. */
static void
walk_flow(struct walk *w)
{
	struct state entry = { .charge = CHARGE_ENTRY };
	bool more = true;

	memset(w->waits, 0, (size_t)w->f->nblocks * sizeof(*w->waits));
	for (int b = 0; b < w->f->nblocks; b++)
		w->in[b].n = 0;
	w->again = false;
	add_state(&w->in[0], &entry);
	w->waits[0] = true;
	while (more && !w->again) {
		more = false;
		for (int i = 0; i < w->f->nrpo && !w->again; i++) {
			int b = w->f->rpo[i];

			if (!w->waits[b])
				continue;
			w->waits[b] = false;
			more = true;
			walk_block(w, b);
		}
	}
}

/* ---- a function's summary ---- */

static int
weight(const struct outcome *o)
{
	int n = 0;

	for (int i = 0; i < o->delta.n; i++)
		n += abs(o->delta.h[i].n);
	return n;
}

static void
add_exit(struct walk *w, int i)
{
	struct summary *sum = w->sum;
	struct outcome o = { .delta = w->exits.s[i].held,
	    .charge = w->exits.s[i].charge };

	outcome_fill(&o, w->f, &w->exits.s[i].know, w->result[i]);
	for (int j = 0; j < sum->noutcomes; j++) {
		if (!holding_equal(&sum->outcome[j].delta, &o.delta) ||
		    sum->outcome[j].charge != o.charge)
			continue;
		outcome_join(&sum->outcome[j], &o);
		return;
	}
	TABLE_GROW(sum->outcome, sum->noutcomes);
	sum->outcome[sum->noutcomes++] = o;
}

/*
 * What the callers cannot tell apart is one outcome if only the charge differs.
 * Else it is reported, and just the outcome that changes least is kept, so that
 * they are not reported too.
 */
static void
check_exits(struct walk *w)
{
	struct summary *sum = w->sum;

	for (int i = 0; i < sum->noutcomes; i++) {
		for (int j = i + 1; j < sum->noutcomes; j++) {
			struct outcome *a = &sum->outcome[i];
			struct outcome *b = &sum->outcome[j];

			if (outcome_differs(a, b))
				continue;
			if (holding_equal(&a->delta, &b->delta)) {
				outcome_join(a, b);
				*b = sum->outcome[--sum->noutcomes];
				j = i;		/* look at all again */
				continue;
			}
			if (!w->told)
				msg_unbalanced(w->f, a, b);
			w->told = true;
			if (weight(b) < weight(a))
				*a = *b;
			sum->noutcomes = 1;
			sum->outcome[0] = *a;
			return;
		}
	}
}

/* What a fact adds to what the body says. */
static void
add_fact_events(struct summary *sum, const struct fn *f)
{
	struct event e = { .state_arg = -1 };

	for (int i = 0; i < PARAMS_MAX; i++)
		e.guard[i] = VSET_ANY;
	if (fn_is(f, ROLE_ALLOC)) {
		e.kind = EV_ALLOC;
		summary_add_event(sum, &e);
	}
	if (!fn_is(f, ROLE_USERCOPY))
		return;
	/* That it may wait in reserve() is the same breach. */
	for (int i = sum->nevents - 1; i >= 0; i--)
		if (sum->event[i]->kind == EV_RESERVE)
			sum->event[i] = sum->event[--sum->nevents];
	e.kind = EV_COPY;
	summary_add_event(sum, &e);
}

static struct summary *
summarise(struct fn *f)
{
	struct walk w = { .f = f };

	w.sum = table_alloc(1, sizeof(*w.sum));
	w.in = table_alloc((size_t)f->nblocks, sizeof(*w.in));
	w.waits = table_alloc((size_t)f->nblocks, sizeof(*w.waits));
	do
		walk_flow(&w);
	while (w.again);
	w.report = true;
	for (int i = 0; i < f->nrpo; i++)
		walk_block(&w, f->rpo[i]);
	for (int i = 0; i < w.exits.n; i++)
		add_exit(&w, i);
	check_exits(&w);
	add_fact_events(w.sum, f);
	return w.sum;
}

/* ---- all functions ---- */

/* Their bodies do by hand what the facts say of them. */
static bool
is_lock_primitive(const struct fn *f)
{
	return fn_is(f, ROLE_LOCK) || fn_is(f, ROLE_TRYLOCK) ||
	    fn_is(f, ROLE_UNLOCK) || fn_is(f, ROLE_OPAQUE);
}

/*
 * The body of a sleep or a point of reservation is looked at too, but what it
 * means to a caller is what the fact says.
 */
void
context_analyse(void)
{
	int n;
	struct fn **order = prog_bottom_up(&n);

	roots_note_calls();
	for (int i = 0; i < prog.nfns; i++)
		prog.fn[i]->context = summary_of_fact(prog.fn[i]);
	for (int i = 0; i < n; i++) {
		struct fn *f = order[i];
		struct summary *sum;

		if (!f->is_defined || is_lock_primitive(f))
			continue;
		sum = summarise(f);
		if (f->context == NULL)
			f->context = sum;
	}
	roots_check();
}
