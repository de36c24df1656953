/*
 * Contexts: the messages, and the list of locks.
 *
 * A function of a header has a copy in each module that uses it: what is said
 * of one place is said once.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/bounds/context.h"
#include "tools/bounds/context_priv.h"
#include "tools/bounds/diag.h"
#include "tools/bounds/table.h"

#define STEPS_MAX	64

static struct str_table told;

static bool
is_news(enum diag code, struct src at, const char *what)
{
	const char *key = table_printf("%d %s:%u %s", code, at.file, at.line,
	    what);

	if (str_table_get(&told, key) != NULL)
		return false;
	str_table_put(&told, key, &told);
	return true;
}

/*
 * After E-LOCK-BALANCE nothing more is said of that lock: callers of what was
 * reported would be told what follows from it.
 */
static int *doubtful;
static int ndoubtful;

static bool
is_doubtful(const struct held *h)
{
	for (int i = 0; i < ndoubtful; i++)
		if (doubtful[i] == h->lock)
			return true;
	return false;
}

/* A report of h's balance in f: is it news? */
static bool
is_unbalanced(const struct held *h, struct src at, const char *fn)
{
	if (is_doubtful(h) || !is_news(E_LOCK_BALANCE, at, fn))
		return false;
	if (!LOCK_IS_PARAM(h->lock) && h->lock != LOCK_UNKNOWN) {
		TABLE_GROW(doubtful, ndoubtful);
		doubtful[ndoubtful++] = h->lock;
	}
	return true;
}

/* "inode.lock is held (fs/a.c:10)", "interrupts are off (fs/a.c:10)" */
static const char *
held_text(const struct held *h)
{
	const char *set = h->kind & KIND_SET ? "a set of " : "";
	const char *verb = h->lock > LOCK_UNKNOWN && h->lock < LOCK_FIRST ?
	    h->lock == LOCK_RCU ? " is open" : "" : " is held";
	const char *text = table_printf("%s%s%s", set, lock_name(h->lock),
	    verb);

	return h->at == NULL ? text : table_printf("%s (%s:%u)", text,
	    h->at->at.file, h->at->at.line);
}

static const char *
event_text(enum event_kind kind)
{
	static const char *const text[EV_COUNT] = {
		[EV_RESERVE] = "may wait for memory",
		[EV_SLEEP] = "may sleep",
		[EV_WAIT] = "may sleep for ever",
		[EV_ALLOC] = "allocates",
		[EV_COPY] = "may fault at a user's page",
	};

	return text[kind];
}

/* From f's call c of target, to where the event is. */
static void
tell_path(const struct fn *f, const struct call *c, const struct fn *target,
    const struct event *e)
{
	struct diag_step step[STEPS_MAX];
	int n = 0;

	step[n++] = (struct diag_step){ f, c->at };
	for (; e != NULL && e->at != NULL && n < STEPS_MAX - 1; e = e->next) {
		step[n++] = (struct diag_step){ target, e->at->at };
		target = e->target;
	}
	step[n++] = (struct diag_step){ target, target->at };
	diag_path(step, n);
}

/* The last call of the path, and what it calls. */
static const struct call *
end_of(const struct call *c, const struct fn **target, const struct event *e)
{
	for (; e != NULL && e->at != NULL; e = e->next) {
		c = e->at;
		*target = e->target;
	}
	return c;
}

void
msg_held(const struct call *c, const struct fn *target,
    const struct event *e, const struct held *h)
{
	enum diag code = e->kind == EV_RESERVE ? E_RESERVE_LOCKED :
	    e->kind == EV_COPY ? E_COPY_LOCKED : E_SLEEP_ATOMIC;

	if (is_doubtful(h) || !is_news(code, c->at, target->name))
		return;
	diag_at(code, c->at, "%s() %s while %s", target->name,
	    event_text(e->kind), held_text(h));
	tell_path(c->caller, c, target, e);
}

void
msg_charged(const struct call *c, const struct fn *target,
    const struct event *e)
{
	const struct fn *sleeper = target;
	const struct call *at = end_of(c, &sleeper, e);

	if (!is_news(E_WAIT_CHARGED, at->at, sleeper->name))
		return;
	diag_at(E_WAIT_CHARGED, at->at, "%s() %s with a charge held",
	    sleeper->name, event_text(EV_WAIT));
	tell_path(c->caller, c, target, e);
}

void
msg_irq(const struct fn *root, const struct event *e)
{
	enum diag code = e->kind == EV_ALLOC ? E_IRQ_ALLOC : E_IRQ_SLEEP;

	if (!is_news(code, e->at->at, e->target->name))
		return;
	diag_at(code, e->at->at, "%s() %s below %s(), which runs as "
	    "interrupts do", e->target->name, event_text(e->kind), root->name);
	tell_path(root, e->at, e->target, e->next);
}

/* The first lock in which the two differ. */
static struct held
difference(const struct holding *a, const struct holding *b)
{
	for (int i = 0; i < a->n; i++) {
		const struct held *h = holding_find(b, a->h[i].lock,
		    a->h[i].kind);
		struct held d = a->h[i];

		if (h != NULL && h->n == d.n)
			continue;
		d.n -= h != NULL ? h->n : 0;
		return d;
	}
	return difference(b, a);
}

void
msg_unbalanced(const struct fn *f, const struct outcome *a,
    const struct outcome *b)
{
	struct held d = difference(&a->delta, &b->delta);

	if (!is_unbalanced(&d, f->at, f->name))
		return;
	if (d.n > 0)
		diag_at(E_LOCK_BALANCE, f->at, "%s() returns so that on some "
		    "paths %s, and its result does not tell", f->name,
		    held_text(&d));
	else
		diag_at(E_LOCK_BALANCE, f->at, "%s() lets go on some paths "
		    "only of what its caller left so: %s", f->name,
		    held_text(&d));
}

void
msg_root(const struct fn *root, const struct held *h)
{
	if (!is_unbalanced(h, root->at, root->name))
		return;
	if (h->n > 0)
		diag_at(E_LOCK_BALANCE, h->at != NULL ? h->at->at : root->at,
		    "%s() returns to where nobody can undo that %s",
		    root->name, held_text(h));
	else
		diag_at(E_LOCK_BALANCE, root->at, "%s() ends what it has not "
		    "begun: %s", root->name, held_text(h));
}

void
msg_grows(const struct fn *f, const struct held *h)
{
	struct src at = h->at != NULL ? h->at->at : f->at;

	if (!is_unbalanced(h, at, f->name))
		return;
	diag_at(E_LOCK_BALANCE, at, "%s() %s more of it in some turns of a "
	    "loop only: %s", f->name, h->n > 0 ? "takes" : "releases",
	    held_text(h));
}

void
msg_too_many(const struct fn *f)
{
	if (is_news(E_LOCK_BALANCE, f->at, f->name))
		diag_at(E_LOCK_BALANCE, f->at, "%s() holds locks in too many "
		    "ways to follow", f->name);
}

/* ---- the list ---- */

static struct taken {
	int		lock, kind;
	struct src	at;
	const char	*fn;
} *taken;
static int ntaken;

void
msg_note_taken(int lock, int kind, const struct call *c)
{
	for (int i = 0; i < ntaken; i++)
		if (taken[i].lock == lock && taken[i].kind == kind &&
		    taken[i].at.line == c->at.line &&
		    strcmp(taken[i].at.file, c->at.file) == 0)
			return;
	TABLE_GROW(taken, ntaken);
	taken[ntaken++] = (struct taken){ lock, kind, c->at,
	    c->caller->name };
}

static int
taken_order(const void *va, const void *vb)
{
	const struct taken *a = va, *b = vb;
	int c = strcmp(lock_name(a->lock), lock_name(b->lock));

	if (c == 0)
		c = a->kind - b->kind;
	if (c == 0)
		c = strcmp(a->at.file, b->at.file);
	return c != 0 ? c : (int)a->at.line - (int)b->at.line;
}

static const char *
kind_name(int kind)
{
	switch (kind & ~KIND_SET) {
	case KIND_SPIN:
		return "spinlock";
	case KIND_MUTEX:
		return "mutex";
	case KIND_RWLOCK:
		return "rwlock";
	case KIND_RCU:
		return "RCU";
	default:
		return "context";
	}
}

void
context_print(FILE *out)
{
	const struct taken *t;
	int n;

	qsort(taken, (size_t)ntaken, sizeof(*taken), taken_order);
	for (int i = 0; i < ntaken; i++) {
		t = &taken[i];
		if (i == 0 || t[-1].lock != t->lock || t[-1].kind != t->kind) {
			for (n = 1; i + n < ntaken && t[n].lock == t->lock &&
			    t[n].kind == t->kind; n++)
				;
			fprintf(out, "%s: %s, taken at %d place%s\n",
			    lock_name(t->lock), kind_name(t->kind), n,
			    n == 1 ? "" : "s");
		}
		fprintf(out, "\t%s:%u\t%s\n", t->at.file, t->at.line, t->fn);
	}
}
